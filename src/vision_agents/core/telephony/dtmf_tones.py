"""Keys as sound: for edges that cannot send digits beside the audio."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.telephony.keypad import keys_of, tones_of
from vision_agents.core.types.units import Seconds

_RAMP: Seconds = 0.002
"""Tones begin and end softly: a click is heard over the whole band, and by decoders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DtmfSound:
    """How keys sound.

    Args:
        tone: length of each tone, at least 40 ms: shorter ones are not understood everywhere.
        gap: silence after each tone, at least 40 ms.
        level_db: of the low tone, below a full-scale sine (0 dB).
        twist_db: how much louder the high tone is, -4 to 4.
    """

    tone: Seconds = 0.1
    gap: Seconds = 0.1
    level_db: float = -12.0
    twist_db: float = 2.0

    def __post_init__(self) -> None:
        """Refuse what would be cut off or not understood."""
        if not (0.04 <= self.tone <= 10 and 0.04 <= self.gap <= 10):
            raise ValueError(
                f"DtmfSound needs tone and gap between 0.04 and 10 s, not {self.tone}, {self.gap}."
            )
        peak = 10 ** (self.level_db / 20) * (1 + 10 ** (self.twist_db / 20))
        if not (self.level_db >= -60 and abs(self.twist_db) <= 4 and peak <= 1.01):
            raise ValueError(
                "DtmfSound needs level_db from -60 up, twist_db between -4 and 4, and both tones together "
                f"within full scale, not {self.level_db}, {self.twist_db}."
            )


def dtmf_tones(digits: str, sample_rate: int, sound: DtmfSound | None = None) -> PcmData:
    """Sound `digits` one after the other, a gap after each: mono int16; ValueError for other characters."""
    sound = sound or DtmfSound()
    gap = np.zeros(round(sound.gap * sample_rate), np.float32)
    parts = [part for key in keys_of(digits) for part in (_key(key, sample_rate, sound), gap)]
    return PcmData(np.concatenate(parts), sample_rate).to_int16()


def _key(key: str, sample_rate: int, sound: DtmfSound) -> npt.NDArray[np.float32]:
    at = np.arange(round(sound.tone * sample_rate)) / sample_rate
    low, high = (np.sin(2 * np.pi * frequency * at) for frequency in tones_of(key))
    edge = np.minimum(at, at[-1] - at) / _RAMP
    both = low + 10 ** (sound.twist_db / 20) * high
    return np.asarray(10 ** (sound.level_db / 20) * both * np.clip(edge, 0, 1), np.float32)
