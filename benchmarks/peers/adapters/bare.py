"""Reference, not a framework: the least asyncio code that does the same job.

Queue, decimating filter, VAD stub, recogniser stub on the way in; tokens, sentence split, synthesiser stub,
output on the way out. It marks the practical limit of a one-process design in Python.
"""

from __future__ import annotations

import asyncio
import sys

import numpy as np
from stubs import IN_FRAMES, IN_RATE, IN_SAMPLES, BenchSession, Opts, Probe, VadCore, stub_tokens

NAME = "bare-reference"
VERSION = f"py{sys.version_info.major}.{sys.version_info.minor}"
DRIVEN = "hand-written asyncio queue, 87-tap polyphase filter and the stubs; no framework"
IMPORT_SNIPPET = "import asyncio, numpy"

_TAPS, _BLOCK = 87, 16


def _design() -> np.ndarray:
    """A Kaiser low-pass, laid out so that one small matrix product gives the kept samples only."""
    n = np.arange(_TAPS) - (_TAPS - 1) / 2
    low_pass = np.sinc(2 * 7700 / IN_RATE * n) * np.kaiser(_TAPS, 5.65)
    taps = (low_pass / low_pass.sum()).astype(np.float32)[::-1]
    matrix = np.zeros((3 * (_BLOCK - 1) + _TAPS, _BLOCK), np.float32)
    for column in range(_BLOCK):
        matrix[3 * column : 3 * column + _TAPS, column] = taps
    return matrix


_MATRIX = _design()


class Fir3:
    """48 to 16 kHz, 20 ms at a time: 0.9 ms group delay, aliases of 9 kHz and more below -70 dB."""

    def __init__(self) -> None:
        self._buffer = np.zeros(_TAPS - 1 + IN_SAMPLES, np.float32)
        blocks = IN_SAMPLES // 3 // _BLOCK
        self._rows = np.lib.stride_tricks.as_strided(
            self._buffer, (blocks, len(_MATRIX)), (3 * _BLOCK * 4, 4)
        )
        self._out = np.empty((blocks, _BLOCK), np.float32)

    def resample_chunk(self, samples: np.ndarray) -> np.ndarray:
        past, buffer = _TAPS - 1, self._buffer
        buffer[:past] = buffer[IN_SAMPLES:]
        buffer[past:] = samples
        np.matmul(self._rows, _MATRIX, out=self._out)
        out = self._out.ravel()
        np.clip(out, -32768, 32767, out=out)
        return out.astype(np.int16)


async def setup() -> None: ...


class Session(BenchSession):
    def __init__(self, opts: Opts) -> None:
        self.opts = opts
        self.probe = Probe()
        self.vad = VadCore()
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue = asyncio.Queue()
        self._resampler = Fir3()
        self._in = self._loop.create_task(self._input())
        self._turn: asyncio.Task | None = None

    async def _input(self) -> None:
        while True:
            pcm = self._resampler.resample_chunk(await self._queue.get())
            self.vad.feed(pcm)
            self.stt_samples += pcm.size

    def push(self, index: int) -> None:
        self._queue.put_nowait(IN_FRAMES[index])

    def user_turn(self, text: str) -> None:
        self._turn = self._loop.create_task(self._answer())

    async def _answer(self) -> None:
        text = ""
        async for token in stub_tokens(self.opts):
            text += token
            if text.rstrip().endswith((".", "!", "?")):
                text = ""
                for _ in range(self.opts.tts_frames):
                    self.probe.frame()
                    await asyncio.sleep(self.opts.tts_gap)

    def user_started(self) -> None:
        if self._turn:
            self._turn.cancel()
        self._loop.call_soon(self.probe.stopped)

    async def settle(self) -> None:
        if self._turn and not self.opts.realtime_out:
            await self._turn
        await asyncio.sleep(0.03)

    async def close(self) -> None:
        for task in (self._in, self._turn):
            if task:
                task.cancel()


async def new_session(opts: Opts) -> Session:
    return Session(opts)
