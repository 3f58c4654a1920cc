"""End of speech to first audio with the embedded models, with and without speculation, on the same turns.

    python -m benchmarks.turn_latency [--turns 36]

Every question is asked twice in a row, once of an agent that speculates and once of one that asks its models
only when the turn may be over, in real time. Each has a language model of its own: sharing one, the second
would find the question already read. The voices take turns: the embedded one, at several paces, and those of
other synthesisers where they are installed. Prints a line of JSON: delays, and where each millisecond goes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from benchmarks.turn_taking.voices import EMBEDDED, RATE, Voice, embedded_voices, further_voices

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.loopback import Edge, LoopbackPeer
from vision_agents.core.events.agent import SpeculationDroppedEvent, TurnMarksEvent
from vision_agents.core.events.plugin import ToolStartEvent
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.core.types.people import User
from vision_agents.plugins import embedded
from vision_agents.plugins.embedded.llm.settings import LLMSettings

QUESTIONS = (
    "What is the weather in Paris?",
    "How are you today?",
    "What about the weather in Tokyo?",
    "What is your name?",
    "Is it warm in Madrid?",
    "Tell me a joke, please.",
    "How is the weather in London right now?",
    "What is the opposite of hot?",
    "Do I need an umbrella in Berlin?",
    "Who wrote Romeo and Juliet?",
    "What is the weather like in Rome?",
    "What colour is the sky?",
    "What is the weather in Sydney?",
    "Can you count from one to three?",
    "Thank you very much.",
    "How many days are in a week?",
)


_CONTEXT = {True: LLMSettings().context_size, False: LLMSettings().context_size + 256}
"""Another context, another model in memory."""

_SURE_MS = 160.0
"""A turn that the detector is sure of lasts at least this much longer."""

_TURN_HANDLING = {
    True: TurnHandling(),
    False: TurnHandling(speculate=False, prepare_after=TurnHandling().judge_after),
}


@dataclass
class Turn:
    """One spoken turn: its marks, whether a tool was called, and whether the embedded voice asked."""

    delay_ms: float
    spans_ms: dict[str, float]
    tool: bool
    own_voice: bool


def _voices() -> list[Voice]:
    """All voices, those of different synthesisers next to each other."""
    groups = [embedded_voices(), *further_voices()]
    return [voice for voices in zip_longest(*groups) for voice in voices if voice is not None]


def _spoken(voice: Voice, text: str) -> PcmData:
    return PcmData(voice.say(text), RATE).to_int16()


class Conversation:
    """One agent in one call, and somebody who asks it questions."""

    def __init__(self, *, speculate: bool) -> None:
        self.edge = Edge()
        self.agent = Agent(
            "You are a helpful voice assistant.",
            edge=self.edge,
            agent_user=User(id="agent"),
            llm=embedded.LLM(settings=LLMSettings(context_size=_CONTEXT[speculate])),
            stt=embedded.STT(),
            tts=embedded.TTS(),
            vad=embedded.VAD(),
            turn_detection=embedded.TurnDetector(),
            turn_handling=_TURN_HANDLING[speculate],
        )

        @self.agent.llm.register_function(description="Get the current weather for a location")
        async def get_weather(location: str) -> str:
            return f"The weather in {location} is sunny and 72°F."

        self.turns: list[Turn] = []
        self.wasted = 0
        self._tool = False
        self._own_voice = True
        self.agent.events.on(ToolStartEvent, self._on_tool)
        self.agent.events.on(TurnMarksEvent, self._on_marks)
        self.agent.events.on(SpeculationDroppedEvent, self._on_wasted)

    def _on_tool(self, _event: ToolStartEvent) -> None:
        self._tool = True

    def _on_wasted(self, event: SpeculationDroppedEvent) -> None:
        self.wasted += event.tokens

    def _on_marks(self, event: TurnMarksEvent) -> None:
        if event.response_delay_ms is not None:
            spans = dict(event.spans_ms)
            self.turns.append(Turn(event.response_delay_ms, spans, self._tool, self._own_voice))

    async def ask(
        self, peer: LoopbackPeer, session: AgentSession, question: PcmData, *, own_voice: bool
    ) -> None:
        """Say it in real time, and hear the answer out."""
        self._tool, self._own_voice = False, own_voice
        loop = asyncio.get_running_loop()
        size = question.sample_rate // 50
        silence = np.zeros(size, np.int16)
        due, quiet, position = loop.time(), 0, 0
        while position < len(question) or quiet < 50:
            frame = question.samples[position : position + size]
            peer.send_audio(PcmData(frame if len(frame) == size else silence, question.sample_rate))
            position += size
            quiet = (
                quiet + 1 if session.settled and position > len(question) + 2 * question.sample_rate else 0
            )
            due += 0.02
            await asyncio.sleep(max(0.0, due - loop.time()))


async def measure(turns: int) -> dict[str, object]:
    """Ask every question of both agents, in alternating order."""
    talks = {name: Conversation(speculate=name == "speculated") for name in ("speculated", "plain")}
    voices = _voices()
    for talk in talks.values():
        await talk.agent.pipeline.warmup()  # pyright: ignore[reportOptionalMemberAccess]
    calls = {name: await talk.agent.create_call("default", "bench") for name, talk in talks.items()}
    peers = {name: talk.edge.join_as(User(id="caller"), "bench") for name, talk in talks.items()}
    async with (
        talks["speculated"].agent.join(calls["speculated"]) as first,
        talks["plain"].agent.join(calls["plain"]) as second,
    ):
        sessions = {"speculated": first, "plain": second}
        for number in range(turns):
            voice = voices[number % len(voices)]
            question = _spoken(voice, QUESTIONS[number % len(QUESTIONS)])
            own = voice.name.startswith(EMBEDDED)
            for name in sorted(talks, reverse=bool(number % 2)):
                await talks[name].ask(peers[name], sessions[name], question, own_voice=own)
    return {name: _summary(talk) for name, talk in talks.items()}


def _summary(talk: Conversation) -> dict[str, object]:
    groups = {
        "without_tool": [t for t in talk.turns if not t.tool],
        "with_tool": [t for t in talk.turns if t.tool],
        "without_tool_embedded_voice": [t for t in talk.turns if not t.tool and t.own_voice],
        "without_tool_other_voices": [t for t in talk.turns if not t.tool and not t.own_voice],
    }
    return {
        "wasted_tokens": talk.wasted,
        **{name: _statistics(turns) for name, turns in groups.items() if turns},
    }


def _statistics(turns: list[Turn]) -> dict[str, object]:
    delays = sorted(turn.delay_ms for turn in turns)
    until: dict[str, list[float]] = {}
    for turn in turns:
        for name, length in turn.spans_ms.items():
            until.setdefault(name.split("..")[1], []).append(length)
    return {
        "turns": len(turns),
        "median_ms": round(statistics.median(delays), 1),
        "p95_ms": round(delays[min(len(delays) - 1, round(0.95 * (len(delays) - 1)))], 1),
        "median_remainder_ms": _median([_remainder_ms(turn) for turn in turns]),
        "median_ms_until": {name: round(statistics.median(values), 1) for name, values in until.items()},
    }


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.median(known), 1) if known else None


def _remainder_ms(turn: Turn) -> float | None:
    """What is left after hang-over, turn detection, recogniser, model and voice.

    None where the turn was ended by silence: how much of that the rule wanted is not in the marks.
    """
    at, marks = 0.0, {"speech_end": 0.0}
    for name, length in turn.spans_ms.items():
        at += length
        marks[name.split("..")[1]] = at
    judged = max(marks["pause"], marks["transcript_final"], marks["turn_detected"], _SURE_MS)
    waited = marks["end_of_turn"] - judged
    if waited > _SURE_MS:
        return None
    late = marks["pause"] - TurnHandling().judge_after * 1000
    return late + max(waited, 0.0) + turn.spans_ms.get("tts_first_audio..first_audio_played", 0.0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=36)
    print(json.dumps({"benchmark": "turn_latency", **asyncio.run(measure(parser.parse_args().turns))}))
