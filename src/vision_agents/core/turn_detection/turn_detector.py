"""Port: does the speaker's turn sound finished?"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.types.component import Component
from vision_agents.core.types.units import Seconds


@dataclass(frozen=True, slots=True)
class TurnDetectorProfile:
    """What a detector wants to hear: the last `max_audio` seconds, mono at `sample_rate` Hz."""

    sample_rate: int = 16_000
    max_audio: Seconds = 8.0
    threshold: float = 0.5


class TurnDetector(Component, ABC):
    """A model that hears the end of a turn; a hint on top of silence, never the only authority."""

    profile: TurnDetectorProfile = TurnDetectorProfile()

    @abstractmethod
    async def predict(self, audio: PcmData) -> float:
        """Give the probability, 0 to 1, that the turn which ends with `audio` is complete.

        `audio` is mono int16 at the profile's rate: the turn so far, at most `max_audio` seconds, with the
        silence of the present pause at its end. Must not block the event loop.
        """
