"""livekit-agents: a real AgentSession with custom AudioInput/AudioOutput (no room)."""

# What the framework's interfaces ask for, and its set-up between imports:
# ruff: noqa: FBT001, TID251

from __future__ import annotations

import asyncio
import importlib.metadata as md
import logging
import os

os.environ.setdefault("OTEL_SDK_DISABLED", "true")

import numpy as np
from livekit import rtc
from livekit.agents import Agent, AgentSession, LanguageCode, utils
from livekit.agents import llm as lk_llm
from livekit.agents import stt as lk_stt
from livekit.agents import tts as lk_tts
from livekit.agents import vad as lk_vad
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN
from livekit.agents.voice.io import AudioInput, AudioOutput, AudioOutputCapabilities
from stubs import (
    IN_FRAMES_BYTES,
    IN_RATE,
    IN_SAMPLES,
    PIPE_RATE,
    TTS_FRAME_BYTES,
    TTS_RATE,
    BenchSession,
    Opts,
    Probe,
    VadCore,
    stub_tokens,
)

logging.getLogger("livekit").setLevel(logging.ERROR)

NAME = "livekit-agents"
VERSION = md.version("livekit-agents")
DRIVEN = (
    "AgentSession.start(Agent) with custom AudioInput (48 kHz frames) and AudioOutput; STT stub = "
    "RecognizeStream(sample_rate=16000, base class resamples), VAD stub = VADStream resampling "
    "like the silero plugin, streaming LLM/TTS stubs; turn_detection='stt', endpointing 0/0, "
    "interruption min_duration 0; no room, no worker"
)
IMPORT_SNIPPET = """
import sys, os; sys.path.insert(0, os.environ['BENCH_DIR'])
from adapters import livekit as a
from stubs import Opts
import asyncio
async def m(): return a.build_session(Opts())
asyncio.run(m())
"""


class StubLLM(lk_llm.LLM):
    def __init__(self, opts: Opts) -> None:
        super().__init__()
        self.opts = opts

    def chat(
        self,
        *,
        chat_ctx,
        tools=None,
        conn_options=DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls=NOT_GIVEN,
        tool_choice=NOT_GIVEN,
        extra_kwargs=NOT_GIVEN,
    ):
        return StubLLMStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class StubLLMStream(lk_llm.LLMStream):
    async def _run(self) -> None:
        async for tok in stub_tokens(self._llm.opts):
            self._event_ch.send_nowait(
                lk_llm.ChatChunk(id="x", delta=lk_llm.ChoiceDelta(role="assistant", content=tok))
            )


class StubTTS(lk_tts.TTS):
    def __init__(self, opts: Opts) -> None:
        super().__init__(
            capabilities=lk_tts.TTSCapabilities(streaming=True),
            sample_rate=TTS_RATE,
            num_channels=1,
        )
        self.opts = opts

    def synthesize(self, text, *, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        raise NotImplementedError

    def stream(self, *, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        return StubTTSStream(tts=self, conn_options=conn_options)


class StubTTSStream(lk_tts.SynthesizeStream):
    """Speaks each sentence as soon as it is complete."""

    async def _run(self, em: lk_tts.AudioEmitter) -> None:
        opts = self._tts.opts
        em.initialize(
            request_id=utils.shortuuid(),
            sample_rate=TTS_RATE,
            num_channels=1,
            mime_type="audio/pcm",
            stream=True,
        )
        em.start_segment(segment_id="s")
        buf = ""
        async for data in self._input_ch:
            if not isinstance(data, str):
                continue
            buf += data
            if buf.rstrip().endswith((".", "!", "?")):
                buf = ""
                self._mark_started()
                for _ in range(opts.tts_frames):
                    em.push(TTS_FRAME_BYTES)
                    await asyncio.sleep(opts.tts_gap)
        em.end_segment()


class StubVAD(lk_vad.VAD):
    def __init__(self, session) -> None:
        super().__init__(capabilities=lk_vad.VADCapabilities(update_interval=0.032))
        self.session = session
        self.streams: list[StubVADStream] = []

    def stream(self):
        s = StubVADStream(self)
        self.streams.append(s)
        return s


class StubVADStream(lk_vad.VADStream):
    async def _main_task(self) -> None:
        s = self._vad.session
        rs: rtc.AudioResampler | None = None
        async for f in self._input_ch:
            if not isinstance(f, rtc.AudioFrame):
                continue
            if f.sample_rate != PIPE_RATE and rs is None:
                rs = rtc.AudioResampler(f.sample_rate, PIPE_RATE, quality=rtc.AudioResamplerQuality.QUICK)
            for g in rs.push(f) if rs else (f,):
                s.vad.feed(np.frombuffer(g.data, dtype=np.int16))

    def fire(self, typ, **kw) -> None:
        self._event_ch.send_nowait(
            lk_vad.VADEvent(type=typ, samples_index=0, timestamp=0.0, silence_duration=0.0, **kw)
        )


class StubSTT(lk_stt.STT):
    def __init__(self, session) -> None:
        super().__init__(capabilities=lk_stt.STTCapabilities(streaming=True, interim_results=False))
        self.session = session
        self.last: StubSTTStream | None = None

    async def _recognize_impl(self, buffer, *, language, conn_options):
        raise NotImplementedError

    def stream(self, *, language=NOT_GIVEN, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        self.last = StubSTTStream(stt=self, conn_options=conn_options, sample_rate=PIPE_RATE)
        return self.last


class StubSTTStream(lk_stt.RecognizeStream):
    async def _run(self) -> None:
        s = self._stt.session
        async for f in self._input_ch:
            if isinstance(f, rtc.AudioFrame):
                s.stt_samples += f.samples_per_channel

    def fire(self, typ, text: str | None = None) -> None:
        alts = [lk_stt.SpeechData(text=text, language=LanguageCode("en"))] if text else []
        self._event_ch.send_nowait(lk_stt.SpeechEvent(type=typ, alternatives=alts))


class In(AudioInput):
    def __init__(self) -> None:
        super().__init__(label="bench")
        self.ch = utils.aio.Chan[rtc.AudioFrame]()

    async def __anext__(self) -> rtc.AudioFrame:
        return await self.ch.__anext__()


class Out(AudioOutput):
    def __init__(self, probe: Probe, realtime: bool) -> None:
        super().__init__(label="bench", capabilities=AudioOutputCapabilities(pause=False))
        self.probe = probe
        self.realtime = realtime
        self._dur = 0.0
        self._started = False

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        self.probe.frame()
        if not self._started:
            self._started = True
            import time

            self.on_playback_started(created_at=time.time())
        self._dur += frame.duration

    def flush(self) -> None:
        super().flush()
        if self._dur and not self.realtime:
            self._done(False)

    def clear_buffer(self) -> None:
        self.probe.stopped()
        if self._dur:
            self._done(True)

    def _done(self, interrupted: bool) -> None:
        d, self._dur, self._started = self._dur, 0.0, False
        self.on_playback_finished(playback_position=d, interrupted=interrupted)


def build_session(opts: Opts, s: Session | None = None):
    sess = AgentSession(
        vad=StubVAD(s),
        stt=StubSTT(s),
        llm=StubLLM(opts),
        tts=StubTTS(opts),
        turn_handling={
            "turn_detection": "stt",
            "endpointing": {"min_delay": 0.0, "max_delay": 0.0},
            "interruption": {"mode": "vad", "min_duration": 0.0},
        },
        aec_warmup_duration=None,
    )
    return sess, Agent(instructions="be helpful")


async def setup() -> None: ...


class Session(BenchSession):
    def __init__(self, opts: Opts) -> None:
        self.opts = opts
        self.probe = Probe()
        self.vad = VadCore()
        self.sess, self.agent = build_session(opts, self)
        self.inp = In()
        self.sess.input.audio = self.inp
        self.sess.output.audio = Out(self.probe, opts.realtime_out)

    async def start(self) -> None:
        await self.sess.start(self.agent)

    def push(self, i: int) -> None:
        self.inp.ch.send_nowait(
            rtc.AudioFrame(
                data=IN_FRAMES_BYTES[i],
                sample_rate=IN_RATE,
                num_channels=1,
                samples_per_channel=IN_SAMPLES,
            )
        )

    def user_turn(self, text: str) -> None:
        st = self.sess.stt.last
        st.fire(lk_stt.SpeechEventType.FINAL_TRANSCRIPT, text)
        st.fire(lk_stt.SpeechEventType.END_OF_SPEECH)

    def user_started(self) -> None:
        v = self.sess.vad.streams[-1]
        v.fire(lk_vad.VADEventType.START_OF_SPEECH, speech_duration=0.05, speaking=True)
        v.fire(
            lk_vad.VADEventType.INFERENCE_DONE,
            speech_duration=0.05,
            speaking=True,
            raw_accumulated_speech=0.05,
        )

    async def settle(self) -> None:
        await asyncio.sleep(0.02)
        for _ in range(400):
            if self.sess.agent_state == "listening" and self.sess.current_speech is None:
                break
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.01)

    async def after_barge(self) -> None:
        self.sess.vad.streams[-1].fire(lk_vad.VADEventType.END_OF_SPEECH, speech_duration=0.1, speaking=False)
        await self.settle()

    async def close(self) -> None:
        await self.sess.aclose()


async def new_session(opts: Opts) -> Session:
    s = Session(opts)
    await s.start()
    return s
