"""This project: the real Agent, AgentSession and Pipeline on the in-process loopback edge."""

from __future__ import annotations

import asyncio
import importlib.metadata
import logging
from collections.abc import AsyncIterator

from stubs import (
    IN_FRAMES,
    IN_RATE,
    TTS_FRAME,
    TTS_RATE,
    BenchSession,
    Opts,
    Probe,
    VadCore,
    stub_tokens,
)

from vision_agents.core import Agent, AgentSession, User
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.loopback import Edge, HeardFrame, LoopbackConnection, LoopbackPeer
from vision_agents.core.edge.transport import Call, ConnectionListener
from vision_agents.core.events.agent import AgentTurnEndedEvent
from vision_agents.core.llm.llm import LLM, LLMRequest, TextDelta
from vision_agents.core.stt.stt import (
    STT,
    STTProfile,
    STTSink,
    STTStream,
    Transcript,
    TurnEnded,
    TurnStarted,
)
from vision_agents.core.tts.tts import TTS, SpeechChunk
from vision_agents.core.vad.vad import VAD, VADStream

logging.disable(logging.INFO)

NAME = "open-vision-agents"
VERSION = importlib.metadata.version("open-vision-agents")
DRIVEN = (
    "Agent.create_call/join/finish on the loopback edge, with a second party in the call: its 48 kHz frames "
    "enter by LoopbackPeer.send_audio and are resampled once, for VAD and recogniser; the recogniser stub "
    "(turn_detection) tells its sink TurnStarted / Transcript + TurnEnded; each frame of the answer counts "
    "where that party hears it, paced at 20 ms, at the synthesiser's rate as with the others (48 kHz in its "
    "own row); stop = the connection has flushed and sent the one frame that fades out"
)
IMPORT_SNIPPET = """
import sys, os; sys.path.insert(0, os.environ['BENCH_DIR'])
from adapters import ours
from stubs import Opts
ours.build_agent(Opts())
"""


class StubLLM(LLM):
    def __init__(self, opts: Opts) -> None:
        super().__init__()
        self._opts = opts

    async def respond(self, request: LLMRequest) -> AsyncIterator[TextDelta]:
        async for token in stub_tokens(self._opts):
            yield TextDelta(token)


class StubTTS(TTS):
    def __init__(self, opts: Opts) -> None:
        self._opts = opts

    async def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
        for _ in range(self._opts.tts_frames):
            yield SpeechChunk(PcmData(TTS_FRAME, TTS_RATE))
            await asyncio.sleep(self._opts.tts_gap)


class StubVAD(VAD):
    def __init__(self, core: VadCore) -> None:
        self._core = core

    def open(self) -> StubVADStream:
        return StubVADStream(self._core)


class StubVADStream(VADStream):
    """Probability 0: as everywhere, the turns are told by the recogniser."""

    def __init__(self, core: VadCore) -> None:
        self._core = core

    def process(self, window) -> float:
        self._core.feed(window)
        return 0.0

    def reset(self) -> None: ...


class StubSTT(STT):
    profile = STTProfile(turn_detection=True)

    def __init__(self, session: Session | None) -> None:
        self._session = session

    def open(self, sink: STTSink) -> StubSTTStream:
        assert self._session is not None
        self._session.sink = sink
        return StubSTTStream(self._session)


class StubSTTStream(STTStream):
    def __init__(self, session: Session) -> None:
        self._session = session

    def push(self, pcm: PcmData) -> None:
        self._session.stt_samples += len(pcm)

    async def flush(self) -> Transcript:
        return Transcript("")

    def reset(self) -> None: ...


class BenchEdge(Edge):
    """The loopback edge, for audio of a given rate; tells when the agent drops what it had sent."""

    def __init__(self, probe: Probe, output_rate: int) -> None:
        super().__init__()
        self._probe = probe
        self._output_rate = output_rate

    async def join(self, call: Call, user: User, listener: ConnectionListener) -> LoopbackConnection:
        connection = await super().join(call, user, listener)
        connection.output_rate = self._output_rate
        flush = connection.flush_audio

        def flush_audio(last: PcmData | None = None) -> None:
            flush(last)
            self._probe.stopped()

        connection.flush_audio = flush_audio
        return connection


def build_agent(opts: Opts, session: Session | None = None) -> Agent:
    return Agent(
        "be helpful",
        edge=BenchEdge(session.probe if session else Probe(), opts.output_rate),
        agent_user=User(name="agent", id="agent"),
        llm=StubLLM(opts),
        stt=StubSTT(session),
        tts=StubTTS(opts),
        vad=StubVAD(session.vad if session else VadCore()),
    )


async def setup() -> None: ...


class Session(BenchSession):
    sink: STTSink
    _peer: LoopbackPeer
    _session: AgentSession

    def __init__(self, opts: Opts) -> None:
        self.probe = Probe()
        self.vad = VadCore()
        self.agent = build_agent(opts, self)
        self._turn_ended: asyncio.Event | None = None

    async def start(self) -> None:
        """Join, and let the caller be heard: a listener is made with the first frame."""
        ready = asyncio.Event()

        async def run() -> None:
            call = await self.agent.create_call("default", "c1")
            async with self.agent.join(call, participant_wait_timeout=0) as self._session:
                ready.set()
                await self.agent.finish()

        self._task = asyncio.get_running_loop().create_task(run())
        await ready.wait()
        edge = self.agent.edge
        assert isinstance(edge, Edge)
        self._peer = edge.join_as(User(name="user", id="user"), on_audio=self._heard)
        self.push(0)

    def _heard(self, frame: HeardFrame) -> None:
        self.probe.frame()

    def push(self, index: int) -> None:
        self._peer.send_audio(PcmData(IN_FRAMES[index], IN_RATE))

    def user_turn(self, text: str) -> None:
        self.sink(Transcript(text))
        self.sink(TurnEnded())

    def user_started(self) -> None:
        self.sink(TurnStarted())

    async def prepare(self) -> None:
        if self._turn_ended is None:
            self._turn_ended = asyncio.Event()
            self.agent.events.on(AgentTurnEndedEvent, lambda _event: self._turn_ended.set())
        self._turn_ended.clear()

    async def settle(self) -> None:
        """Wait for the end of the playback, which takes the length of the audio."""
        assert self._turn_ended is not None
        await self._turn_ended.wait()
        await self._until_settled()

    async def _until_settled(self) -> None:
        await asyncio.sleep(0.03)
        for _ in range(400):
            if self._session.settled:
                break
            await asyncio.sleep(0.005)

    async def after_barge(self) -> None:
        self._session.interrupt()  # the user said nothing that would cut what is held
        self.sink(TurnEnded())
        await self._until_settled()

    async def close(self) -> None:
        await self.agent.close()
        await self._task


async def new_session(opts: Opts) -> Session:
    session = Session(opts)
    await session.start()
    return session
