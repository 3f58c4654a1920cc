"""Sample rate conversion with at most 1.5 ms delay."""

from __future__ import annotations

import numpy as np

from vision_agents.core.audio.pcm import PcmData, Samples
from vision_agents.core.audio.polyphase import Floats, PolyphaseStream
from vision_agents.core.types.units import Seconds

_MIN_RATE, _MAX_RATE = 4_000, 384_000
_FULL_SCALE = np.float32(32768)
# Arrays and not scalars, which numpy would turn into arrays for each piece.
_LOWEST, _HIGHEST = np.array(-32768, np.float32), np.array(32767, np.float32)


class Resampler:
    """Convert one stream piece by piece; the state between pieces is kept, so borders are not heard.

    Tones at 1.125 times the lower Nyquist frequency and above are at least 60 dB down (48 to 16 kHz:
    from 9 kHz); up to 0.85 times it the level keeps within 0.5 dB.

    Args:
        source_rate: in Hz, 4000 to 384000.
        target_rate: in Hz, 4000 to 384000; the same as `source_rate` hands pieces through.
    """

    def __init__(self, source_rate: int, target_rate: int) -> None:
        for rate in (source_rate, target_rate):
            if not _MIN_RATE <= rate <= _MAX_RATE:
                raise ValueError(f"Sample rates must be {_MIN_RATE} to {_MAX_RATE} Hz, not {rate}.")
        self._source_rate = source_rate
        self._target_rate = target_rate
        self._stream = PolyphaseStream(source_rate, target_rate) if source_rate != target_rate else None
        self._is_float = False

    @property
    def source_rate(self) -> int:
        """Sample rate, in Hz, of what goes in."""
        return self._source_rate

    @property
    def target_rate(self) -> int:
        """Sample rate, in Hz, of what comes out."""
        return self._target_rate

    @property
    def delay(self) -> Seconds:
        """How much later a sound comes out than it went in: at most 1.5 ms."""
        return self._stream.delay / self._source_rate if self._stream else 0.0

    def process(self, pcm: PcmData) -> PcmData:
        """Convert the next piece; stereo is mixed to mono; int16 stays int16 and float32 float32.

        After `n` samples, ``ceil(n * target_rate / source_rate)`` have come out.
        """
        if pcm.sample_rate != self._source_rate:
            raise ValueError(f"This resampler takes {self._source_rate} Hz, not {pcm.sample_rate} Hz.")
        mono = pcm.to_mono()
        if self._stream is None:
            return mono
        samples = mono.samples
        self._is_float = samples.dtype == np.float32
        result = self._stream.process(samples * _FULL_SCALE if self._is_float else samples)
        if self._is_float:
            return PcmData(result / _FULL_SCALE, self._target_rate)
        result.clip(_LOWEST, _HIGHEST, out=result)
        np.rint(result, out=result)
        return PcmData(result.astype(np.int16), self._target_rate)

    def flush(self) -> PcmData:
        """Give what the delay still holds back, and clear the state."""
        stream = self._stream
        if stream is None:
            return PcmData(self._zeros(0), self._target_rate)
        length = stream.count(stream.delay)
        silence = PcmData(self._zeros(max(stream.delay, stream.piece)), self._source_rate)
        tail = self.process(silence)
        self.reset()
        return PcmData(tail.samples[:length], self._target_rate)

    def reset(self) -> None:
        """Forget the past: the next piece starts a new stream."""
        if self._stream is not None:
            self._stream.reset()

    def _zeros(self, count: int) -> Samples:
        return np.zeros(count, np.float32 if self._is_float else np.int16)

    def whole(self, pcm: PcmData) -> PcmData:
        """Convert a complete recording without delay; a stream in progress is lost.

        The result has ``round(n * target_rate / source_rate)`` samples.
        """
        stream = self._stream
        if stream is None:
            return self.process(pcm)
        mono = pcm.to_mono()
        padded = np.concatenate((mono.samples, np.zeros(stream.delay, mono.samples.dtype)))
        stream.reset()
        stream.prime(_to_full_scale(padded[: stream.delay]))
        result = self.process(PcmData(padded[stream.delay :], pcm.sample_rate))
        stream.reset()
        length = round(len(mono) * self._target_rate / self._source_rate)
        return PcmData(result.samples[:length], self._target_rate)


def _to_full_scale(samples: Samples) -> Samples | Floats:
    return samples if samples.dtype == np.int16 else samples * _FULL_SCALE


def resample(pcm: PcmData, sample_rate: int) -> PcmData:
    """Convert a whole recording to mono at `sample_rate` Hz, without delay.

    The result has ``round(len(pcm) * sample_rate / pcm.sample_rate)`` samples.
    """
    return Resampler(pcm.sample_rate, sample_rate).whole(pcm)
