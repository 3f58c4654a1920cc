"""A call heard by the real listener on the real models, on a clock that waits for nothing but the models.

Virtual time stands still while a model runs, so each answer is held back by a fixed time instead: delays do
not depend on how busy this machine is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from benchmarks.turn_taking.corpus import Call
from benchmarks.turn_taking.replay import FRAME, Ended, Latency
from benchmarks.turn_taking.voices import RATE

from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.agents.listener import Listener, UserTurn
from vision_agents.core.agents.pipeline import Pipeline
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.observability.timeline import TurnTimeline
from vision_agents.core.stt import stt
from vision_agents.core.turn_detection import turn_detector
from vision_agents.core.turns.decisions import Decision
from vision_agents.core.turns.observations import Observation
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.core.types.people import Participant
from vision_agents.plugins import embedded
from vision_agents.testing.virtual_time import run_virtual


def hear(call: Call, turns: TurnHandling, *, latency: Latency) -> list[Ended]:
    """Tell when the listener ended the turns of a call."""
    return run_virtual(_hear(call, turns, latency))


class _LateSTT(stt.STT):
    provider = "embedded"

    def __init__(self, latency: float) -> None:
        self._inner = embedded.STT()
        self._latency = latency
        self.profile = self._inner.profile

    async def start(self) -> None:
        await self._inner.start()

    def open(self, sink: stt.STTSink) -> stt.STTStream:
        return _LateStream(self._inner.open(sink), self._latency)


class _LateStream(stt.STTStream):
    def __init__(self, inner: stt.STTStream, latency: float) -> None:
        self._inner = inner
        self._latency = latency

    def push(self, pcm: PcmData) -> None:
        self._inner.push(pcm)

    async def flush(self) -> stt.Transcript:
        transcript = await self._inner.flush()
        await asyncio.sleep(self._latency)
        return transcript

    def reset(self) -> None:
        self._inner.reset()

    def speech_started(self) -> None:
        self._inner.speech_started()


class _LateDetector(turn_detector.TurnDetector):
    provider = "embedded"

    def __init__(self, latency: float) -> None:
        self._inner = embedded.TurnDetector()
        self._latency = latency
        self.profile = self._inner.profile

    async def start(self) -> None:
        await self._inner.start()

    async def predict(self, audio: PcmData) -> float:
        likelihood = await self._inner.predict(audio)
        await asyncio.sleep(self._latency)
        return likelihood


class _Notes:
    """Writes down which turns were ended; the agent never answers."""

    def __init__(self) -> None:
        self.ended: list[Ended] = []

    def on_observed(
        self, participant: Participant, observation: Observation, decisions: Sequence[Decision]
    ) -> None: ...

    def on_speech_started(self, participant: Participant) -> None: ...

    def on_prepare(self, participant: Participant, text: str, timeline: TurnTimeline) -> None: ...

    def on_speech_paused(self, participant: Participant) -> None: ...

    def on_speech_resumed(self, participant: Participant) -> None: ...

    def on_hold(self, participant: Participant) -> None: ...

    def on_release(self, participant: Participant) -> None: ...

    def on_interrupt(self, participant: Participant) -> None: ...

    def on_turn_ended(self, turn: UserTurn) -> None:
        self.ended.append(Ended(asyncio.get_running_loop().time(), turn.text))

    def on_turn_dropped(self, participant: Participant) -> None:
        self.ended.append(Ended(asyncio.get_running_loop().time(), None))

    def on_interim_transcript(self, participant: Participant, text: str) -> None: ...

    def on_stt_error(self, error: Exception) -> None:
        raise error


async def _hear(call: Call, turns: TurnHandling, latency: Latency) -> list[Ended]:
    pipeline = Pipeline(
        stt=_LateSTT(latency.stt),
        vad=embedded.VAD(),
        turn_detection=_LateDetector(latency.turn_detection),
        turns=turns,
    )
    for part in pipeline.components:
        await part.start()
    notes = _Notes()
    caller = Participant(None, "caller", "caller")
    async with TaskScope("benchmark") as scope:
        listener = Listener(caller, pipeline=pipeline, sink=notes, scope=scope, deadlines=Deadlines())
        await _speak(call, listener)
        await listener.close()
    return notes.ended


async def _speak(call: Call, listener: Listener) -> None:
    """Push the call's frames at the times at which they would come."""
    clock = asyncio.get_running_loop().time
    began = clock()
    for end in range(FRAME, len(call.samples) + 1, FRAME):
        await asyncio.sleep(began + end / RATE - clock())
        listener.push(PcmData(call.samples[end - FRAME : end], RATE))
