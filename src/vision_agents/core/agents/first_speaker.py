"""Several participants, one model that hears: whoever begins to speak is heard until they are silent."""

from __future__ import annotations

import numpy as np

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.types.units import Seconds

_LOUD = 300.0
"""Root mean square of int16 samples: above the noise of a quiet room, under a soft voice."""
_RELEASE: Seconds = 1.5


class FirstSpeaker:
    """Gives the floor to one participant at a time; alone in the call, they always have it."""

    def __init__(self) -> None:
        self._holder = ""
        self._loud_at: Seconds = float("-inf")

    def holds(self, participant_id: str, pcm: PcmData, now: Seconds) -> bool:
        """Tell whether this piece of audio, mono int16, is to be heard."""
        if participant_id != self._holder and now - self._loud_at > _RELEASE and self._is_loud(pcm):
            self._holder = participant_id
        self._holder = self._holder or participant_id
        if participant_id != self._holder:
            return False
        if self._is_loud(pcm):
            self._loud_at = now
        return True

    def forget(self, participant_id: str) -> None:
        """Free the floor if it was theirs."""
        if participant_id == self._holder:
            self._holder, self._loud_at = "", float("-inf")

    def _is_loud(self, pcm: PcmData) -> bool:
        return bool(len(pcm)) and float(np.sqrt(np.square(pcm.samples, dtype=np.float32).mean())) > _LOUD
