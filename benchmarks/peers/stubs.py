"""What every framework is given: the same input, the same stub work, the same probe at the output.

Runs inside each framework's environment, so it needs only the standard library and numpy. An adapter
(``adapters/<name>.py``) has:

    NAME, VERSION, DRIVEN   what it is, and in one sentence what exactly is driven
    IMPORT_SNIPPET          source that imports the framework and builds one agent, without I/O
    async setup()           once a process
    async new_session(opts) a started, listening session with the interface of `BenchSession`
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

IN_RATE = 48_000
PIPE_RATE = 16_000
TTS_RATE = 24_000
FRAME_MS = 20
IN_SAMPLES = IN_RATE * FRAME_MS // 1000

# 20 tokens; the first sentence ends with the fifth (21 characters).
TOKENS = (
    "Sure, I can help you. The next express train to the city leaves today at five thirty from platform two."
).replace(" ", "\x00 ").split("\x00")  # fmt: skip
assert len(TOKENS) == 20
FULL_TEXT = "".join(TOKENS)


def _voice_like() -> npt.NDArray[np.int16]:
    """One second of two tones and noise."""
    t = np.arange(IN_SAMPLES * 50) / IN_RATE
    noise = np.random.default_rng(7).standard_normal(t.size)
    signal = 0.25 * np.sin(2 * np.pi * 180 * t) + 0.1 * np.sin(2 * np.pi * 720 * t) + 0.02 * noise
    return (signal * 32767 * 0.6).astype(np.int16)


IN_FRAMES = [frame.copy() for frame in _voice_like().reshape(50, IN_SAMPLES)]
IN_FRAMES_BYTES = [frame.tobytes() for frame in IN_FRAMES]

TTS_FRAME = (np.sin(2 * np.pi * 220 * np.arange(TTS_RATE // 50) / TTS_RATE) * 8000).astype(np.int16)
TTS_FRAME_BYTES = TTS_FRAME.tobytes()


@dataclass
class Opts:
    """How the stubs behave.

    Args:
        token_interval: seconds between tokens of the language model; 0 is back to back.
        tts_frames: 20 ms frames of audio a synthesis.
        realtime_out: the fake output paces playback, where the framework leaves that to the transport.
        tts_paced: the synthesiser gives one frame every 20 ms instead of all at once.
        output_rate: what the transport wants to be sent, where the framework resamples for it; by default
            what the synthesiser gives, so that nobody does.
    """

    token_interval: float = 0.0
    tts_frames: int = 20
    realtime_out: bool = False
    tts_paced: bool = False
    output_rate: int = TTS_RATE

    @property
    def tts_gap(self) -> float:
        return 0.02 if self.realtime_out or self.tts_paced else 0.0


class VadCore:
    """Energy of 32 ms windows at 16 kHz: the same work for everybody."""

    WINDOW = 512

    def __init__(self) -> None:
        self._rest: npt.NDArray[np.int16] = np.empty(0, np.int16)
        self.windows = 0
        self.level = 0.0

    def feed(self, pcm: npt.NDArray[np.int16]) -> None:
        samples = pcm if not self._rest.size else np.concatenate((self._rest, pcm))
        while samples.size >= self.WINDOW:
            window = samples[: self.WINDOW].astype(np.float32)
            self.level = float(np.dot(window, window))
            self.windows += 1
            samples = samples[self.WINDOW :]
        self._rest = samples


@dataclass
class Probe:
    """What reached the output."""

    first: float | None = None
    last: float | None = None
    frames: int = 0
    stopped_at: float | None = None
    frames_after_stop: int = 0
    _has_first: asyncio.Event = field(default_factory=asyncio.Event)
    _has_stopped: asyncio.Event = field(default_factory=asyncio.Event)

    def reset(self) -> None:
        self.first = self.last = self.stopped_at = None
        self.frames = self.frames_after_stop = 0
        self._has_first.clear()
        self._has_stopped.clear()

    def frame(self) -> None:
        """One frame of audio reached the output."""
        now = time.perf_counter()
        self.frames += 1
        self.last = now
        if self.stopped_at is not None:
            self.frames_after_stop += 1
        if self.first is None:
            self.first = now
            self._has_first.set()

    def stopped(self) -> None:
        """The output was told to drop what it had not played."""
        if self.stopped_at is None:
            self.stopped_at = time.perf_counter()
            self._has_stopped.set()

    async def wait_first(self) -> float:
        await asyncio.wait_for(self._has_first.wait(), 10.0)
        assert self.first is not None
        return self.first

    async def wait_stopped(self) -> float:
        await asyncio.wait_for(self._has_stopped.wait(), 10.0)
        assert self.stopped_at is not None
        return self.stopped_at


class BenchSession:
    """A session of a framework, as the scenarios see it."""

    probe: Probe
    vad: VadCore
    on_stt_samples: Callable[[], None] | None = None
    _stt_samples = 0

    @property
    def stt_samples(self) -> int:
        """16 kHz samples that the recogniser stub has received; the stub adds to it."""
        return self._stt_samples

    @stt_samples.setter
    def stt_samples(self, count: int) -> None:
        self._stt_samples = count
        if self.on_stt_samples:
            self.on_stt_samples()

    def push(self, index: int) -> None:
        """Let the framework hear ``IN_FRAMES[index]`` (20 ms, 48 kHz, mono, s16)."""
        raise NotImplementedError

    def user_turn(self, text: str) -> None:
        """The recogniser stub reports a final transcript and the end of the turn; returns at once."""
        raise NotImplementedError

    def user_started(self) -> None:
        """The stub reports that the user began to speak."""
        raise NotImplementedError

    async def prepare(self) -> None:
        """Unmeasured: bring the session to where the user may finish a turn."""

    async def settle(self) -> None:
        """Return when the agent listens again."""
        await asyncio.sleep(0.03)

    async def after_barge(self) -> None:
        """End what `user_started` began, and return when the agent listens again."""
        await self.settle()

    async def close(self) -> None:
        raise NotImplementedError


async def stub_tokens(opts: Opts) -> AsyncIterator[str]:
    """The language model: its tokens, each after one turn of the loop."""
    for token in TOKENS:
        await asyncio.sleep(opts.token_interval)
        yield token
