"""What the scenes need beside the testing kit: answers piece by piece, and an ear for the agent alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar

import numpy as np

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.loopback import Edge, HeardFrame
from vision_agents.core.events.event import Event
from vision_agents.core.history.messages import FunctionResult
from vision_agents.core.llm.llm import LLMEvent, LLMRequest, TextDelta, ToolCall, Usage
from vision_agents.core.stt.stt import STT
from vision_agents.core.tts.tts import SpeechChunk
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.core.types.people import User
from vision_agents.core.vad.vad import VAD
from vision_agents.testing import (
    RealtimeCall,
    ScriptedCall,
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    ScriptedVAD,
    SimulatedCaller,
    read_speech,
)

ResultT = TypeVar("ResultT")

Piece: TypeAlias = str | float | ToolCall | Usage | Exception
"""What a model does next: write, wait, ask for a tool, tell its tokens, fail."""

PATIENT = TurnHandling(speculate=False)
PUSH_TO_TALK = TurnHandling(speculate=False, manual=True)


def calls(tool: str, **arguments: object) -> ToolCall:
    """Ask for a tool."""
    return ToolCall(f"call-{tool}", tool, arguments)


class PlayedLLM(ScriptedLLM):
    """Gives each answer piece by piece."""

    def __init__(self, answers: Sequence[Sequence[Piece]]) -> None:
        super().__init__()
        self._answers = list(answers)

    async def respond(self, request: LLMRequest) -> AsyncIterator[LLMEvent]:
        """Play the next answer."""
        self.requests.append(request)
        finished = False
        try:
            for piece in self._answers.pop(0):
                match piece:
                    case str():
                        yield TextDelta(piece)
                    case ToolCall() | Usage():
                        yield piece
                    case Exception():
                        raise piece
                    case _:
                        await asyncio.sleep(piece)
            finished = True
        finally:
            self.abandoned += not finished

    def assert_done(self) -> None:
        """Check that every answer was asked for."""
        assert not self._answers, f"These answers were not asked for: {self._answers}"


class MoodyVoice(ScriptedTTS):
    """Says some sentences late, or breaks in them.

    Args:
        late: seconds until the first sound of a sentence.
        broken: what a sentence raises after so many seconds of its audio.
    """

    def __init__(
        self,
        *,
        late: Mapping[str, float] | None = None,
        broken: Mapping[str, tuple[float, Exception]] | None = None,
    ) -> None:
        super().__init__()
        self._late = late or {}
        self._broken = broken or {}

    async def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
        """Say one sentence."""
        await asyncio.sleep(self._late.get(text, 0.0))
        limit, error = self._broken.get(text, (float("inf"), None))
        if error is not None and limit <= 0:
            raise error
        given = 0.0
        async for chunk in super().synthesize(text):
            yield chunk
            given += chunk.pcm.duration
            if error is not None and given >= limit:
                raise error


class Ear:
    """Somebody who says nothing and hears the agent alone, whoever else speaks."""

    def __init__(self, edge: Edge, call_id: str | None = None) -> None:
        self.frames: list[HeardFrame] = []
        edge.join_as(User(id="ear"), call_id, on_audio=self._hear)

    @property
    def words(self) -> str:
        """Everything the agent said."""
        return self.words_after(float("-inf"))

    def words_after(self, at: float) -> str:
        """What the agent said from `at` on."""
        pieces = [frame.pcm.samples for frame in self.frames if frame.at >= at]
        return read_speech(PcmData(np.concatenate(pieces), 48_000)) if pieces else ""

    @property
    def last_sound(self) -> float:
        """When the last frame ended."""
        return self.frames[-1].at + self.frames[-1].pcm.duration

    def _hear(self, frame: HeardFrame) -> None:
        if frame.participant.user_id.startswith("agent"):
            self.frames.append(frame)


def edge_of(call: ScriptedCall | RealtimeCall) -> Edge:
    """The edge on which the call is."""
    assert isinstance(call.agent.edge, Edge)
    return call.agent.edge


def meanwhile(work: Coroutine[Any, Any, ResultT]) -> asyncio.Task[ResultT]:
    """Do something while the scene goes on; who calls this awaits or cancels it."""
    return asyncio.get_running_loop().create_task(work)


async def until(happened: Callable[[], object]) -> None:
    """Return as soon as something has happened, to the frame."""
    while not happened():  # noqa: ASYNC110 - virtual time makes looking free
        await asyncio.sleep(0.01)


def now() -> float:
    """The loop's time."""
    return asyncio.get_running_loop().time()


def results(call: ScriptedCall) -> list[str]:
    """What the tools gave, as the model reads it."""
    return [item.output for item in call.session.history if isinstance(item, FunctionResult)]


@asynccontextmanager
async def played_call(
    *answers: Sequence[Piece],
    tts: ScriptedTTS | None = None,
    stt: STT | None = None,
    vad: VAD | None = None,
    edge: Edge | None = None,
    turn_handling: TurnHandling = PATIENT,
    deadlines: Deadlines | None = None,
    tools: Sequence[Callable[..., object]] = (),
    prepare: Callable[[Agent], object] = lambda _agent: None,
) -> AsyncGenerator[ScriptedCall]:
    """Join a call with a caller in it; at the end every answer must have been asked for."""
    llm, voice, edge = PlayedLLM(answers), tts or ScriptedTTS(), edge or Edge()
    agent = Agent(
        "Be brief.",
        edge=edge,
        agent_user=User(id="agent"),
        llm=llm,
        stt=stt or ScriptedSTT(),
        tts=voice,
        vad=vad or (None if stt else ScriptedVAD()),
        turn_detection=None if stt else ScriptedTurnDetector(),
        turn_handling=turn_handling,
        deadlines=deadlines,
        tools=tools,
    )
    events: list[Event] = []
    agent.events.on(Event, events.append)
    prepare(agent)
    call = await agent.create_call("default", "scene")
    async with SimulatedCaller(edge) as caller, agent.join(call) as session:
        yield ScriptedCall(agent, session, caller, llm, voice, events=events)
    llm.assert_done()
