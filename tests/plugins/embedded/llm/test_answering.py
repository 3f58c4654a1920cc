"""Which calls are let through, seen with a scripted model."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence

import pytest

from vision_agents.core.functions.schema import ToolSchema
from vision_agents.core.history.messages import FunctionCall, FunctionResult, HistoryItem, Message, Role
from vision_agents.core.llm.llm import LLMEvent, LLMRequest, TextDelta, ToolCall, Usage
from vision_agents.plugins.embedded.llm import LLMSettings
from vision_agents.plugins.embedded.llm.answering import answer, fitting, forgetting
from vision_agents.plugins.embedded.llm.runtime import Writing, Written

TEXT = {"type": "string"}
SETTINGS = LLMSettings(threads=1)


def tool(name: str, *required: str) -> ToolSchema:
    properties = dict.fromkeys(required, TEXT)
    return ToolSchema(
        name, "Do it.", {"type": "object", "properties": properties, "required": list(required)}
    )


WEATHER, MUSIC = tool("get_weather", "city"), tool("play_music", "query")


class Script:
    """A model that writes given objects, character by character."""

    def __init__(self, *answers: object) -> None:
        self._answers = [json.dumps(answer) if not isinstance(answer, str) else answer for answer in answers]
        self.asked: list[Writing] = []

    async def write(self, writing: Writing) -> AsyncGenerator[str | Written, None]:
        self.asked.append(writing)
        opening = len('{"') if writing.grammar else 0
        for char in self._answers.pop(0)[opening:]:
            yield char
        yield Written(prompt_tokens=10, output_tokens=3)


def user(text: str) -> Message:
    return Message(Role.USER, text)


async def ask(
    script: Script,
    *items: HistoryItem,
    tools: Sequence[ToolSchema] = (WEATHER, MUSIC),
    settings: LLMSettings = SETTINGS,
) -> list[LLMEvent]:
    request = LLMRequest("Be kind.", items, tools)
    return [event async for event in answer(script, request, settings)]


def calls(events: Sequence[LLMEvent]) -> list[tuple[str, dict[str, object]]]:
    return [(event.name, dict(event.arguments)) for event in events if isinstance(event, ToolCall)]


def words(events: Sequence[LLMEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_a_reply_streams_and_its_cost_comes_last() -> None:
    events = await ask(Script({"reply": 'I am "fine".'}), user("how are you"))
    assert events[0] == TextDelta("I")
    assert words(events) == 'I am "fine".'
    assert events[-1] == Usage(input_tokens=10, output_tokens=3)
    assert calls(events) == []


async def test_a_call_is_made_with_the_words_of_the_user() -> None:
    events = await ask(Script({"get_weather": {"city": "Rome"}}), user("weather in rome"))
    assert calls(events) == [("get_weather", {"city": "Rome"})]
    assert words(events) == ""


async def test_the_words_of_earlier_turns_and_results_count() -> None:
    script = Script({"get_weather": {"city": "Rome"}})
    items = (user("i live in rome"), Message(Role.ASSISTANT, "Nice."), user("how is the weather there"))
    assert calls(await ask(script, *items)) == [("get_weather", {"city": "Rome"})]


async def test_after_an_invented_argument_another_tool_is_tried() -> None:
    script = Script({"get_weather": {"city": "Vienna"}}, {"play_music": {"query": "jazz"}})
    events = await ask(script, user("put on some jazz"))
    assert calls(events) == [("play_music", {"query": "jazz"})]
    assert "get_weather" in script.asked[0].grammar
    assert "get_weather" not in script.asked[1].grammar
    assert script.asked[0].messages == script.asked[1].messages
    assert events[-1] == Usage(input_tokens=20, output_tokens=6)


async def test_when_no_tool_is_left_it_talks() -> None:
    script = Script({"get_weather": {"city": "X"}}, {"play_music": {"query": "Y"}}, {"reply": "Which one?"})
    events = await ask(script, user("please do it"))
    assert calls(events) == []
    assert words(events) == "Which one?"


async def test_the_check_of_arguments_can_be_turned_off() -> None:
    script = Script({"get_weather": {"city": "Vienna"}})
    settings = LLMSettings(check_arguments=False)
    assert calls(await ask(script, user("hallo"), settings=settings)) == [("get_weather", {"city": "Vienna"})]


CALL = FunctionCall("1", "get_weather", {"city": "Rome"})
RESULT = FunctionResult("1", "get_weather", "Sunny.")


async def test_the_same_call_is_not_made_twice_in_a_turn() -> None:
    script = Script({"get_weather": {"city": "rome"}}, {"reply": "It is sunny."})
    events = await ask(script, user("weather in rome"), CALL, RESULT)
    assert calls(events) == []
    assert words(events) == "It is sunny."
    assert "get_weather" not in script.asked[1].grammar


async def test_another_call_may_follow_in_the_same_turn() -> None:
    script = Script({"get_weather": {"city": "Oslo"}})
    events = await ask(script, user("weather in rome and oslo"), CALL, RESULT)
    assert calls(events) == [("get_weather", {"city": "Oslo"})]


async def test_the_same_call_may_be_made_in_the_next_turn() -> None:
    script = Script({"get_weather": {"city": "Rome"}})
    events = await ask(script, user("weather in rome"), CALL, RESULT, user("and now in rome"))
    assert calls(events) == [("get_weather", {"city": "Rome"})]


async def test_a_call_that_never_ends_becomes_words() -> None:
    script = Script('{"get_weather": {"city": "Rom', {"reply": "Sorry."})
    assert words(await ask(script, user("weather in rome"))) == "Sorry."


async def test_without_tools_there_is_no_grammar() -> None:
    script = Script("Hello there.")
    events = await ask(script, user("hi"), tools=())
    assert words(events) == "Hello there."
    assert script.asked[0].grammar == ""


def conversation(turns: int) -> list[HistoryItem]:
    spoken: list[HistoryItem] = []
    for number in range(turns):
        spoken += [user(f"question {number} " + "x" * 200), Message(Role.ASSISTANT, "a" * 200)]
    return [*spoken, user("the last question")]


def test_the_older_part_of_a_long_conversation_is_forgotten() -> None:
    request = LLMRequest("Be kind.", conversation(40), (WEATHER,))
    kept = fitting(request, LLMSettings(context_size=2048)).items
    assert 1 < len(kept) < 60
    assert isinstance(kept[0], Message)
    assert kept[0].role is Role.USER
    assert list(kept) == list(request.items[-len(kept) :])


def test_a_short_conversation_is_kept() -> None:
    request = LLMRequest("Be kind.", conversation(4), (WEATHER,))
    assert fitting(request, SETTINGS) is request


@pytest.mark.parametrize("items", [[], [user("one")], [user("one"), CALL, RESULT]])
def test_the_last_question_is_never_forgotten(items: list[HistoryItem]) -> None:
    assert forgetting(LLMRequest("Be kind.", items)) is None


def test_forgetting_goes_on_until_the_last_question() -> None:
    request = LLMRequest("Be kind.", [*conversation(9), CALL, RESULT])
    while (shorter := forgetting(request)) is not None:
        assert len(shorter.items) < len(request.items)
        request = shorter
    question, *rest = request.items
    assert isinstance(question, Message)
    assert question.text == "the last question"
    assert rest == [CALL, RESULT]
