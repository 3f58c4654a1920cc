"""From packets to frames: order, decode, make up for what was lost, cut into 20 ms."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from vision_agents.core.audio.chunk import Chunker
from vision_agents.core.audio.pcm import PcmData
from vision_agents.plugins.webrtc.media.jitter import Hole, JitterBuffer, Passed
from vision_agents.plugins.webrtc.media.opus import SAMPLE_RATE, Samples, opus_decoder
from vision_agents.plugins.webrtc.media.stats import InboundStats

FRAME_SAMPLES = 960
_TIMER_SLACK = 0.0005  # a timer may fire so much early, by the rounding of clocks


class InboundAudio:
    """Takes the packets of one stream and gives mono int16 frames of 20 ms at 48 kHz, in order.

    Args:
        emit: takes a frame.
        stats: where to count.
        heard: is told of each packet, whatever becomes of it.
    """

    def __init__(
        self,
        emit: Callable[[PcmData], None],
        stats: InboundStats,
        *,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        self._emit = emit
        self._heard = heard
        self._stats = stats
        self._jitter = JitterBuffer(stats)
        self._decoder = opus_decoder()
        self._chunks = Chunker(FRAME_SAMPLES)
        self._packet_samples = FRAME_SAMPLES
        self._source: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def add(self, source: int, sequence: int, payload: bytes) -> None:
        """Take a packet of the stream `source`; a new source begins a new stream."""
        self._heard()
        if self._closed or not payload:
            return
        if source != self._source:
            self._source = source
            self._jitter = JitterBuffer(self._stats)
        loop = asyncio.get_running_loop()
        self._play(self._jitter.add(sequence, payload, now=loop.time()))
        self._arm(loop)

    def close(self) -> None:
        """Give nothing more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        at = self._jitter.deadline
        if at is None or self._closed or (self._timer is not None and self._timer.when() <= at):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(at, self._on_timer, loop)

    def _on_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        """Fires at the deadline or, where that was put off meanwhile, before."""
        self._timer = None
        self._play(self._jitter.give_up(loop.time() + _TIMER_SLACK))
        self._arm(loop)

    def _play(self, passed: Passed) -> None:
        for packet in passed:
            if isinstance(packet, Hole):
                self._emit_samples(self._decoder.conceal(self._packet_samples, packet.following))
            else:
                self._emit_samples(self._decode(packet))

    def _decode(self, payload: bytes) -> Samples:
        samples = self._decoder.decode(payload)
        if samples is None:
            self._stats.concealed += 1
            return self._decoder.conceal(self._packet_samples, None)
        self._packet_samples = len(samples)
        return samples

    def _emit_samples(self, samples: Samples) -> None:
        for frame in self._chunks.push(PcmData(samples, SAMPLE_RATE)):
            if self._closed:
                return
            self._stats.frames += 1
            self._emit(frame)
