"""vision-agents: a real Agent on a fake EdgeTransport (as in its own tests)."""

# What the framework's interfaces ask for, and its set-up between imports:
# ruff: noqa: ASYNC109, FBT001, FBT002, SLF001, TID251

from __future__ import annotations

import asyncio
import importlib.metadata as md
import logging
import os

os.environ.setdefault("OTEL_SDK_DISABLED", "true")

from getstream.video.rtc import AudioStreamTrack, PcmData
from stubs import (
    FULL_TEXT,
    IN_FRAMES,
    IN_RATE,
    PIPE_RATE,
    TTS_FRAME,
    TTS_RATE,
    BenchSession,
    Opts,
    Probe,
    VadCore,
    stub_tokens,
)
from vision_agents.core.agents.conversation import InMemoryConversation
from vision_agents.core.edge.events import AudioReceivedEvent
from vision_agents.core.edge.types import Connection, Participant
from vision_agents.core.utils.audio_filter import AudioFilter

from vision_agents.core import Agent, User
from vision_agents.core.edge import EdgeTransport
from vision_agents.core.llm.llm import LLM, LLMResponseDelta, LLMResponseFinal
from vision_agents.core.stt.stt import STT, TranscriptResponse
from vision_agents.core.tts.tts import TTS

logging.disable(logging.INFO)

NAME = "vision-agents"
VERSION = md.version("vision-agents")
DRIVEN = (
    "Agent.create_call/join/finish with a fake EdgeTransport; audio enters as AudioReceivedEvent "
    "on edge.events, the STT stub (turn_detection=True) emits TurnStarted/Transcript/TurnEnded, "
    "streaming TTS stub; output = the AudioStreamTrack.write/flush the agent calls"
)
IMPORT_SNIPPET = """
import sys, os; sys.path.insert(0, os.environ['BENCH_DIR'])
from adapters import vision_agents as a
from stubs import Opts
a.build_agent(Opts())
"""

USER = Participant(original=None, user_id="user", id="user-1")


class StubLLM(LLM):
    provider_name = "stub"

    def __init__(self, opts: Opts) -> None:
        super().__init__()
        self.opts = opts
        self._n = 0

    async def simple_response(self, text, participant=None):
        self._n += 1
        item = f"m{self._n}"
        i = 0
        async for tok in stub_tokens(self.opts):
            yield LLMResponseDelta(delta=tok, content_index=i, item_id=item, is_first_chunk=i == 0)
            i += 1
        yield LLMResponseFinal(text=FULL_TEXT, item_id=item, model="stub")


class StubTTS(TTS):
    streaming = True

    def __init__(self, opts: Opts) -> None:
        super().__init__(provider_name="stub")
        self.opts = opts

    async def stream_audio(self, text, *a, **k):
        async def gen():
            for _ in range(self.opts.tts_frames):
                yield PcmData(sample_rate=TTS_RATE, format="s16", channels=1, samples=TTS_FRAME)
                await asyncio.sleep(self.opts.tts_gap)

        return gen()

    async def stop_audio(self) -> None: ...


class StubSTT(STT):
    """VAD + STT stub; resamples 48k -> 16k with PcmData.resample as the real plugins do."""

    turn_detection = True

    def __init__(self, session: Session | None) -> None:
        super().__init__(provider_name="stub")
        self.session = session

    async def process_audio(self, pcm_data, participant):
        s = self.session
        pcm = pcm_data.resample(PIPE_RATE, 1)
        s.vad.feed(pcm.samples)
        s.stt_samples += len(pcm.samples)


class FakeTrack(AudioStreamTrack):
    def __init__(self, probe: Probe) -> None:
        super().__init__(sample_rate=48000, channels=1)
        self._probe = probe

    async def write(self, pcm, final: bool = False) -> None:
        if pcm.samples.size:
            self._probe.frame()

    async def flush(self) -> None:
        self._probe.stopped()


class PassFilter(AudioFilter):
    """The default filter downloads a Silero model in warmup(); no network here."""

    async def process_audio(self, pcm, participant):
        return pcm

    def clear(self, participant=None) -> None: ...


class FakeConnection(Connection):
    async def close(self) -> None: ...
    async def wait_for_participant(self, timeout=None) -> None: ...
    def idle_since(self) -> float:
        return 0.0


class FakeCall:
    def __init__(self, id: str) -> None:
        self.id = id


class FakeEdge(EdgeTransport):
    def __init__(self, probe: Probe) -> None:
        super().__init__()
        self._probe = probe

    async def authenticate(self, user) -> None: ...
    async def create_call(self, call_id, **kw):
        return FakeCall(call_id)

    def create_audio_track(self):
        return FakeTrack(self._probe)

    def open_demo(self, *a, **k): ...
    async def join(self, agent, call, **kw):
        return FakeConnection()

    async def publish_tracks(self, audio_track, video_track): ...
    async def create_conversation(self, call, user, instructions):
        return InMemoryConversation(messages=[], instructions=instructions)

    def add_track_subscriber(self, track_id): ...
    async def send_custom_event(self, data) -> None: ...


def build_agent(opts: Opts, session: Session | None = None) -> Agent:
    probe = session.probe if session else Probe()
    return Agent(
        edge=FakeEdge(probe),
        agent_user=User(name="agent", id="agent"),
        instructions="be helpful",
        llm=StubLLM(opts),
        tts=StubTTS(opts),
        stt=StubSTT(session),
        multi_speaker_filter=PassFilter(),
    )


async def setup() -> None: ...


class Session(BenchSession):
    def __init__(self, opts: Opts) -> None:
        self.probe = Probe()
        self.vad = VadCore()
        self.opts = opts
        self.agent = build_agent(opts, self)
        self._task: asyncio.Task | None = None

    async def start(self) -> None:
        ready = asyncio.Event()

        async def run():
            call = await self.agent.create_call("default", "c1")
            async with self.agent.join(call, participant_wait_timeout=0):
                ready.set()
                await self.agent.finish()

        self._task = asyncio.create_task(run())
        await ready.wait()

    def push(self, i: int) -> None:
        self.agent.edge.events.send(
            AudioReceivedEvent(
                plugin_name="fake",
                pcm_data=PcmData(sample_rate=IN_RATE, format="s16", channels=1, samples=IN_FRAMES[i]),
                participant=USER,
            )
        )

    def user_turn(self, text: str) -> None:
        stt = self.agent.stt
        stt._emit_transcript_event(text, USER, TranscriptResponse(), mode="final")
        stt._emit_turn_ended_event(USER, confidence=1.0)

    def user_started(self) -> None:
        self.agent.stt._emit_turn_started_event(USER, confidence=1.0)

    async def settle(self) -> None:
        await asyncio.sleep(0.03)
        f = self.agent._flow
        for _ in range(200):
            if f._llm_turn is None or f._llm_turn.finalized:
                break
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.01)
        if self.opts.tts_paced:
            await self._until_silent()

    async def _until_silent(self) -> None:
        """Its turn is over before its voice is: else the next one would begin on top of the answer."""
        frames = -1
        while frames != self.probe.frames:
            frames = self.probe.frames
            await asyncio.sleep(0.1)

    async def close(self) -> None:
        await self.agent.close()
        self._task.cancel()


async def new_session(opts: Opts) -> Session:
    s = Session(opts)
    await s.start()
    return s
