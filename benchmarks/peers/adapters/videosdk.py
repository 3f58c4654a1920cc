"""videosdk-agents: a real Pipeline + AgentSession with fake components, no room."""

# What the framework's interfaces ask for, and its set-up between imports:
# ruff: noqa: E402, FBT001, FBT002, SLF001, TID251

from __future__ import annotations

import asyncio
import importlib.metadata as md
import logging
import time

logging.disable(logging.CRITICAL)

import numpy as np
import soxr
from stubs import (
    IN_FRAMES_BYTES,
    IN_RATE,
    PIPE_RATE,
    TTS_FRAME_BYTES,
    BenchSession,
    Opts,
    Probe,
    VadCore,
    stub_tokens,
)
from videosdk.agents import Agent, AgentSession, EOUConfig, InterruptConfig, Pipeline
from videosdk.agents.llm.chat_context import ChatRole
from videosdk.agents.llm.llm import LLM, LLMResponse
from videosdk.agents.stt.stt import STT, SpeechData, SpeechEventType, STTResponse
from videosdk.agents.tts.tts import TTS, FlushMarker
from videosdk.agents.vad import VAD, VADData, VADEventType, VADResponse

NAME = "videosdk-agents"
VERSION = md.version("videosdk-agents")
DRIVEN = (
    "Pipeline + AgentSession.start() without a room; audio enters through pipeline.on_audio_delta "
    "(what the room's input stream calls per frame), fake audio track with add_new_bytes/interrupt; "
    "VAD stub resamples 48k->16k by soxr stream in line (the shipped silero plugin: "
    "scipy.signal.resample in a thread per frame), STT stub takes 48 kHz as the Deepgram plugin "
    "does; EOU wait 0/0, interrupt VAD_ONLY, min duration 1 ms (the monitor polls every 50 ms)"
)
IMPORT_SNIPPET = """
import sys, os; sys.path.insert(0, os.environ['BENCH_DIR'])
from adapters import videosdk as a
from stubs import Opts
import asyncio
async def m(): return a.build(Opts())
asyncio.run(m())
"""


class StubLLM(LLM):
    def __init__(self, opts: Opts) -> None:
        super().__init__()
        self.opts = opts

    async def chat(self, messages, tools=None, conversational_graph=None, **kw):
        async for tok in stub_tokens(self.opts):
            yield LLMResponse(content=tok, role=ChatRole.ASSISTANT)

    async def cancel_current_generation(self) -> None: ...


class StubTTS(TTS):
    def __init__(self, opts: Opts) -> None:
        super().__init__(sample_rate=24000, num_channels=1)
        self.opts = opts
        self._stop = False
        self._first = False

    def reset_first_audio_tracking(self) -> None:
        self._first = False

    async def synthesize(self, text, voice_id=None, **kw) -> None:
        self._stop = False
        async for chunk in text:
            if isinstance(chunk, FlushMarker) or not chunk:
                continue
            for _ in range(self.opts.tts_frames):
                if self._stop:
                    return
                if not self._first and self._first_audio_callback:
                    self._first = True
                    await self._first_audio_callback()
                await self.audio_track.add_new_bytes(TTS_FRAME_BYTES)
                await asyncio.sleep(self.opts.tts_gap)

    async def interrupt(self) -> None:
        self._stop = True


class StubSTT(STT):
    def __init__(self, session) -> None:
        super().__init__()
        self.session = session

    async def process_audio(self, audio_frames, language=None, **kw) -> None:
        if self.session:
            self.session.stt_samples += len(audio_frames) // 2 * PIPE_RATE // IN_RATE

    async def fire(self, text: str) -> None:
        await self._transcript_callback(
            STTResponse(event_type=SpeechEventType.FINAL, data=SpeechData(text=text, confidence=1.0))
        )


class StubVAD(VAD):
    def __init__(self, session) -> None:
        super().__init__()
        self.session = session
        self._rs = soxr.ResampleStream(IN_RATE, PIPE_RATE, 1, dtype="int16", quality="QQ")
        self._frame_cb = None

    def on_inference(self, cb) -> None:
        self._frame_cb = cb

    async def process_audio(self, audio_frames, **kw) -> None:
        pcm = self._rs.resample_chunk(np.frombuffer(audio_frames, dtype=np.int16))
        if self.session:
            self.session.vad.feed(pcm)

    async def fire(self, typ: VADEventType, prob: float) -> None:
        data = VADData(is_speech=prob > 0.5, confidence=prob, timestamp=time.time())
        if self._frame_cb:
            self._frame_cb(VADResponse(event_type=VADEventType.FRAME_PROCESSED, data=data))
        await self._vad_callback(VADResponse(event_type=typ, data=data))


class FakeTrack:
    """Same surface as CustomAudioStreamTrack, without playback."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.can_pause = False
        self.is_speaking = False
        self._cb = None

    async def add_new_bytes(self, b: bytes) -> None:
        self.is_speaking = True
        self.probe.frame()

    def interrupt(self) -> None:
        self.is_speaking = False
        self.probe.stopped()

    def enable_audio_input(self, manual_control: bool = False) -> None: ...
    def on_last_audio_byte(self, cb) -> None:
        self._cb = cb

    def mark_synthesis_complete(self) -> None:
        self.is_speaking = False
        if self._cb:
            self._last = asyncio.create_task(self._cb())

    def set_pipeline_hooks(self, hooks) -> None: ...


class BenchAgent(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="be helpful")

    async def on_enter(self) -> None: ...
    async def on_exit(self) -> None: ...


def build(opts: Opts, s: Session | None = None):
    pipeline = Pipeline(
        stt=StubSTT(s),
        llm=StubLLM(opts),
        tts=StubTTS(opts),
        vad=StubVAD(s),
        eou_config=EOUConfig(min_max_speech_wait_timeout=[0.0, 0.0]),
        interrupt_config=InterruptConfig(mode="VAD_ONLY", interrupt_min_duration=0.001),
    )
    return pipeline, AgentSession(agent=BenchAgent(), pipeline=pipeline)


async def setup() -> None: ...


class Session(BenchSession):
    def __init__(self, opts: Opts) -> None:
        self.opts = opts
        self.probe = Probe()
        self.vad = VadCore()
        self.pipeline, self.sess = build(opts, self)
        self.pipeline._set_loop_and_audio_track(asyncio.get_running_loop(), FakeTrack(self.probe))
        self._bg: set[asyncio.Task] = set()
        self._raw: asyncio.Queue = asyncio.Queue()
        self._rx = asyncio.create_task(self._receive())

    async def _receive(self) -> None:
        """The room's input loop: one await pipeline.on_audio_delta per frame."""
        while True:
            await self.pipeline.on_audio_delta(await self._raw.get())

    async def start(self) -> None:
        await self.sess.start()

    def _spawn(self, coro) -> None:
        t = asyncio.create_task(coro)
        self._bg.add(t)
        t.add_done_callback(self._bg.discard)

    def push(self, i: int) -> None:
        self._raw.put_nowait(IN_FRAMES_BYTES[i])

    def user_turn(self, text: str) -> None:
        self._spawn(self.pipeline.stt.fire(text))

    def user_started(self) -> None:
        self._spawn(self.pipeline.vad.fire(VADEventType.START_OF_SPEECH, 0.99))

    async def settle(self) -> None:
        await asyncio.sleep(0.03)
        for _ in range(400):
            t = self.pipeline.orchestrator._current_generation_task
            if t is None or t.done():
                break
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.02)

    async def after_barge(self) -> None:
        await self.pipeline.vad.fire(VADEventType.END_OF_SPEECH, 0.0)
        await asyncio.sleep(0.1)

    async def close(self) -> None:
        self._rx.cancel()
        await self.sess.close()


async def new_session(opts: Opts) -> Session:
    s = Session(opts)
    await s.start()
    return s
