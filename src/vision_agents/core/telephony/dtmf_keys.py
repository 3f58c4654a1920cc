"""From evidence, step by step, to keys that are pressed and let go: once each, however uneven the line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vision_agents.core.telephony.dtmf_evidence import SPAN
from vision_agents.core.telephony.narrowband import Floats

_SECOND_THOUGHTS = 3
"""Steps in which better evidence for another key may still come."""
_FAINTER, _FAINTER_STEPS = 10 ** (-8 / 10), 6
"""A tone this much weaker for so long is over; two lost frames of 20 ms weaken it for less."""
_GONE = 10 ** (-17 / 10)
"""A tone this much weaker is over at once."""


@dataclass(slots=True)
class KeySound:
    """A key that sounds, or seems to.

    Args:
        number: in `KEYS`.
        evidence: the best so far.
        step: where that was.
        levels: power of its two tones then.
        seen: the step at which it was first thought of.
    """

    number: int
    evidence: float
    step: int
    levels: Floats
    seen: int
    faint_since: int | None = None


class KeyTracker:
    """Follows one key at a time. Steps are counted from the beginning of the audio."""

    def __init__(self) -> None:
        self.key: KeySound | None = None
        """The key that sounds; not sure before `is_sure`."""
        self.is_sure = False
        self._fresh_from = 0

    def is_quiet(self) -> bool:
        """Tell whether no key sounds: then steps without evidence change nothing."""
        return self.key is None

    def step(self, step: int, proofs: Floats, levels: Floats) -> KeySound | None:
        """Take one step; gives a key at the moment it is sure, and again when it is over."""
        if self.key is None or not self.is_sure:
            return self._consider(step, proofs, levels)
        return self._release(self.key, step, levels)

    def _consider(self, step: int, proofs: Floats, levels: Floats) -> KeySound | None:
        number = int(proofs.argmax())
        proof = float(proofs[number])
        if step >= self._fresh_from and proof >= 0 and (self.key is None or proof > self.key.evidence):
            seen = step if self.key is None else self.key.seen
            self.key = KeySound(number, proof, step, _tones(levels, number), seen)
        if self.key is None or step - self.key.seen < _SECOND_THOUGHTS:
            return None
        self.is_sure = True
        return self.key

    def _release(self, key: KeySound, step: int, levels: Floats) -> KeySound | None:
        left = float((_tones(levels, key.number) / key.levels).min())
        if left > _FAINTER:
            key.faint_since = None
            return None
        if key.faint_since is None:
            key.faint_since = step
        if left > _GONE and step - key.faint_since + 1 < _FAINTER_STEPS:
            return None
        # Evidence reaches back: none that holds windows of this key may tell of the next.
        self._fresh_from = key.faint_since + SPAN
        self.key, self.is_sure = None, False
        return key


def _tones(levels: Floats, number: int) -> Floats:
    row, column = divmod(number, 4)
    return np.maximum(levels[[row, 4 + column]], np.float32(1e-12))
