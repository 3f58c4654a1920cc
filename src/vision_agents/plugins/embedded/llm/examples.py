"""The lines that show a small model how to answer with one JSON object.

No tool of theirs is ever offered. They show an indirect wish, a follow-up question, results in words and
in JSON, words of the user as arguments, and as much talk as calls: without the follow-up "And in Tokyo?"
got an invented answer, without the talk every question became a call. Two attempts to do with three turns
fewer made clearly more mistakes. Changing them means measuring again (benchmarks/tools).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Example:
    """A short conversation: what is offered, then what the user or a tool said and what was answered."""

    tools: tuple[str, ...]
    turns: tuple[tuple[str, str], ...]


EXAMPLES = (
    Example(
        tools=(
            "find_hotel(city): Find a hotel in a city",
            "buy_ticket(event, count): Buy tickets for an event",
        ),
        turns=(
            ("User: hi there", '{"reply": "Hello! How can I help you?"}'),
            ("User: where could we sleep in Vienna", '{"find_hotel": {"city": "Vienna"}}'),
            (
                'Result: {"hotel": "Astoria", "price": 80}',
                '{"reply": "The Astoria in Vienna costs 80 per night."}',
            ),
            ("User: and in Prague?", '{"find_hotel": {"city": "Prague"}}'),
            ("Result: No rooms are free.", '{"reply": "I am sorry, no rooms are free in Prague."}'),
            ("User: who discovered penicillin", '{"reply": "Alexander Fleming discovered penicillin."}'),
            (
                "User: get us two seats for the opera",
                '{"buy_ticket": {"event": "opera", "count": 2}}',
            ),
        ),
    ),
    Example(
        tools=(
            "water_plants(zone): Start the sprinklers in the garden",
            "search_map(query): Find a place nearby",
        ),
        turns=(
            ("User: what are you able to do", '{"reply": "I can water the garden and find places nearby."}'),
            ("User: the roses look dry", '{"water_plants": {"zone": "roses"}}'),
            ("User: what is the largest ocean", '{"reply": "The Pacific Ocean."}'),
            ("User: is anything open near Oak Road", '{"search_map": {"query": "open near Oak Road"}}'),
            ("User: okay thanks", '{"reply": "You are welcome!"}'),
        ),
    ),
)
