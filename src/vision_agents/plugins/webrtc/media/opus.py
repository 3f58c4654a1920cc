"""Opus, mono: what the browser speaks."""

from __future__ import annotations

import logging
from fractions import Fraction
from typing import Any, Protocol

import av
import numpy as np
import numpy.typing as npt
from av.error import FFmpegError

from vision_agents.plugins.webrtc.media.libopus import LibopusDecoder

logger = logging.getLogger("vision_agents.plugins.webrtc")

SAMPLE_RATE = 48_000
BIT_RATE = 32_000
_COMPLEXITY = 5
_TIME_BASE = Fraction(1, SAMPLE_RATE)
_FADE = 0.5  # each repeated packet is so much softer than the one before

SILENT_PACKET = b"\xf8\xff\xfe"
"""20 ms of digital silence, mono, as every Opus decoder knows it."""

Samples = npt.NDArray[np.int16]


class OpusEncoder:
    """Encodes mono int16 at 48 kHz, 20 ms at a time, at 32 kbit/s; what it gives is one packet each."""

    def __init__(self) -> None:
        codec: Any = av.AudioCodecContext.create("libopus", "w")
        codec.bit_rate = BIT_RATE
        codec.format = "s16"
        codec.layout = "mono"
        codec.sample_rate = SAMPLE_RATE
        codec.time_base = _TIME_BASE
        codec.options = {
            "application": "voip",
            "compression_level": str(_COMPLEXITY),
            "frame_duration": "20",
        }
        self._codec = codec
        self._position = 0

    def encode(self, samples: Samples) -> bytes:
        """Give the packet of one frame."""
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis, :], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        frame.time_base = _TIME_BASE
        frame.pts = self._position
        self._position += len(samples)
        return b"".join(bytes(packet) for packet in self._codec.encode(frame))


class OpusDecoder(Protocol):
    """Decodes one stream to mono int16 at 48 kHz."""

    def decode(self, payload: bytes) -> Samples | None:
        """Give the samples of a packet; None where it is none."""
        ...

    def conceal(self, samples: int, following: bytes | None) -> Samples:
        """Make up for a lost packet of `samples` samples; `following` is the one right after it."""
        ...


class RepeatingDecoder:
    """Decodes where the Opus library cannot be called: a lost packet sounds like the last one, softer."""

    def __init__(self) -> None:
        codec: Any = av.AudioCodecContext.create("libopus", "r")
        codec.format = "s16"
        codec.layout = "mono"
        codec.sample_rate = SAMPLE_RATE
        self._codec = codec
        self._last: Samples = np.zeros(0, np.int16)
        self._gain = 1.0

    def decode(self, payload: bytes) -> Samples | None:
        """Give the samples of a packet; None where it is none."""
        try:
            frames = self._codec.decode(av.Packet(payload))
        except FFmpegError:
            return None
        if not frames:
            return None
        self._gain = 1.0
        self._last = np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(np.int16)
        return self._last

    def conceal(self, samples: int, following: bytes | None) -> Samples:
        """Repeat the last packet, softer each time."""
        if len(self._last) != samples:
            return np.zeros(samples, np.int16)
        slope = np.linspace(self._gain, self._gain * _FADE, samples, dtype=np.float32)
        self._gain *= _FADE
        return (self._last * slope).astype(np.int16)


def opus_decoder() -> OpusDecoder:
    """Make a decoder, the best that this machine has."""
    try:
        return LibopusDecoder()
    except (OSError, AttributeError):
        logger.warning("No Opus library to call: lost packets are concealed by repetition")
        return RepeatingDecoder()
