"""pipecat: a real Pipeline/PipelineWorker on a WorkerRunner with a fake transport."""

# What the framework's interfaces ask for, and its set-up between imports:
# ruff: noqa: E402, PLW0603, TID251

from __future__ import annotations

import asyncio
import importlib.metadata as md
import sys

from loguru import logger

logger.remove()
logger.add(sys.stderr, level="ERROR")

import numpy as np
from pipecat.audio.utils import create_stream_resampler
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams
from pipecat.frames.frames import (
    InputAudioRawFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    OutputAudioRawFrame,
    ProposedUserStartedSpeakingFrame,
    ProposedUserStoppedSpeakingFrame,
    StartFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings, STTSettings, TTSSettings
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies
from pipecat.utils.time import time_now_iso8601
from pipecat.workers.runner import WorkerRunner
from stubs import (
    IN_FRAMES_BYTES,
    IN_RATE,
    PIPE_RATE,
    TTS_FRAME_BYTES,
    TTS_RATE,
    BenchSession,
    Opts,
    Probe,
    VadCore,
    stub_tokens,
)

NAME = "pipecat-ai"
VERSION = md.version("pipecat-ai")
DRIVEN = (
    "Pipeline[input, stt, user aggregator(+VADAnalyzer), llm, tts, output, assistant aggregator] in a "
    "PipelineWorker on one WorkerRunner; fake BaseInputTransport (soxr stream resample 48k->16k as "
    "the LiveKit/WebRTC transports do) and BaseOutputTransport (write_audio_frame); STT stub "
    "proposes turns (ProposedUserStarted/StoppedSpeakingFrame, like Deepgram Flux), "
    "ExternalUserTurnStrategies, default sentence aggregation"
)
IMPORT_SNIPPET = """
import sys, os; sys.path.insert(0, os.environ['BENCH_DIR'])
from adapters import pipecat as a
from stubs import Opts
import asyncio
async def m(): return a.build(Opts())
asyncio.run(m())
"""


class StubVAD(VADAnalyzer):
    """Confidence 0; the windowing, volume and thread hop are the framework's own."""

    def __init__(self, session) -> None:
        super().__init__(sample_rate=PIPE_RATE, params=VADParams())
        self.session = session

    def num_frames_required(self) -> int:
        return VadCore.WINDOW

    def voice_confidence(self, buffer: bytes) -> float:
        if self.session:
            self.session.vad.feed(np.frombuffer(buffer, dtype=np.int16))
        return 0.0


class StubSTT(STTService):
    def __init__(self, session) -> None:
        super().__init__(settings=STTSettings(model=None, language=None), ttfs_p99_latency=0.0)
        self.session = session

    async def run_stt(self, audio: bytes):
        if self.session:
            self.session.stt_samples += len(audio) // 2
        yield None

    async def fire_turn(self, text: str) -> None:
        await self.push_frame(TranscriptionFrame(text, "user", time_now_iso8601(), None, finalized=True))
        await self.broadcast_frame(ProposedUserStoppedSpeakingFrame)

    async def fire_start(self) -> None:
        await self.broadcast_frame(ProposedUserStartedSpeakingFrame)


class StubLLM(LLMService):
    def __init__(self, opts: Opts) -> None:
        super().__init__(
            settings=LLMSettings(
                model="stub",
                system_instruction=None,
                temperature=None,
                max_tokens=None,
                top_p=None,
                top_k=None,
                frequency_penalty=None,
                presence_penalty=None,
                seed=None,
                filter_incomplete_user_turns=False,
                user_turn_completion_config=None,
            )
        )
        self.opts = opts

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame):
            await self.push_frame(LLMFullResponseStartFrame())
            async for tok in stub_tokens(self.opts):
                await self._push_llm_text(tok)
            await self.push_frame(LLMFullResponseEndFrame())
        else:
            await self.push_frame(frame, direction)


class StubTTS(TTSService):
    def __init__(self, opts: Opts) -> None:
        super().__init__(
            sample_rate=TTS_RATE,
            push_start_frame=True,
            push_stop_frames=True,
            settings=TTSSettings(model=None, voice=None, language=None),
        )
        self.opts = opts

    async def run_tts(self, text: str, context_id: str):
        for _ in range(self.opts.tts_frames):
            yield TTSAudioRawFrame(
                audio=TTS_FRAME_BYTES,
                sample_rate=TTS_RATE,
                num_channels=1,
                context_id=context_id,
            )
            await asyncio.sleep(self.opts.tts_gap)


class FakeInput(BaseInputTransport):
    def __init__(self, params) -> None:
        super().__init__(params)
        self._rs = create_stream_resampler()
        self.raw: asyncio.Queue = asyncio.Queue()
        self._rx = None

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._rx = self.create_task(self._receive())

    async def _receive(self) -> None:
        """What a real transport's receive loop does: resample, wrap, push."""
        while True:
            b = await self.raw.get()
            pcm = await self._rs.resample(b, IN_RATE, PIPE_RATE)
            if pcm:
                await self.push_audio_frame(
                    InputAudioRawFrame(audio=pcm, sample_rate=PIPE_RATE, num_channels=1)
                )

    async def cleanup(self):
        await super().cleanup()
        if self._rx:
            await self.cancel_task(self._rx)
            self._rx = None


class FakeOutput(BaseOutputTransport):
    def __init__(self, params, probe: Probe, opts: Opts) -> None:
        super().__init__(params)
        self.probe = probe
        self.opts = opts

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        if isinstance(frame, TTSAudioRawFrame):
            self.probe.frame()
        if self.opts.realtime_out:
            await asyncio.sleep(len(frame.audio) / 2 / frame.sample_rate)
        return True

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame):
            self.probe.stopped()  # queue has been reset by super()


def build(opts: Opts, s: Session | None = None):
    probe = s.probe if s else Probe()
    params = TransportParams(
        audio_in_enabled=True,
        audio_in_sample_rate=PIPE_RATE,
        audio_out_enabled=True,
        audio_out_sample_rate=TTS_RATE,
    )
    inp, out = FakeInput(params), FakeOutput(params, probe, opts)
    stt, llm, tts = StubSTT(s), StubLLM(opts), StubTTS(opts)
    ctx = LLMContext(messages=[{"role": "system", "content": "be helpful"}])
    pair = LLMContextAggregatorPair(
        ctx,
        user_params=LLMUserAggregatorParams(
            user_turn_strategies=ExternalUserTurnStrategies(), vad_analyzer=StubVAD(s)
        ),
    )
    pipeline = Pipeline([inp, stt, pair.user(), llm, tts, out, pair.assistant()])
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(audio_in_sample_rate=PIPE_RATE, audio_out_sample_rate=TTS_RATE),
        idle_timeout_secs=None,
    )
    return worker, inp, stt, out


_runner: WorkerRunner | None = None
_runner_task: asyncio.Task | None = None


async def setup() -> None:
    global _runner, _runner_task
    _runner = WorkerRunner(handle_sigint=False, check_dangling_tasks=False)
    _runner_task = asyncio.create_task(_runner.run(auto_end=False))
    await asyncio.sleep(0.05)


class Session(BenchSession):
    def __init__(self, opts: Opts) -> None:
        self.opts = opts
        self.probe = Probe()
        self.vad = VadCore()
        self.worker, self.inp, self.stt, self.out = build(opts, self)
        self._bg: set[asyncio.Task] = set()
        self._open = False

    async def start(self) -> None:
        ready = asyncio.Event()

        @self.worker.event_handler("on_pipeline_started")
        async def _(worker, frame):
            ready.set()

        await _runner.add_workers(self.worker)
        await ready.wait()

    def _spawn(self, coro) -> None:
        t = asyncio.create_task(coro)
        self._bg.add(t)
        t.add_done_callback(self._bg.discard)

    def push(self, i: int) -> None:
        self.inp.raw.put_nowait(IN_FRAMES_BYTES[i])

    def user_turn(self, text: str) -> None:
        self._spawn(self.stt.fire_turn(text))

    def user_started(self) -> None:
        self._open = True
        self._spawn(self.stt.fire_start())

    async def prepare(self) -> None:
        # a user turn must be open for the stop proposal to count
        if not self._open:
            await self.stt.fire_start()
            await asyncio.sleep(0.05)
        self._open = False

    async def settle(self) -> None:
        await asyncio.sleep(0.03)
        last = -1
        for _ in range(400):
            n = self.probe.frames
            if n == last and n:
                break
            last = n
            await asyncio.sleep(0.05 if not self.opts.token_interval else 0.25)

    async def after_barge(self) -> None:
        await asyncio.sleep(0.1)

    async def close(self) -> None:
        await self.worker.cancel()


async def new_session(opts: Opts) -> Session:
    s = Session(opts)
    await s.start()
    return s
