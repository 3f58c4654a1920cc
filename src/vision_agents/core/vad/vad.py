"""Port: voice activity detection."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vision_agents.core.types.component import Component


@dataclass(frozen=True, slots=True)
class VADProfile:
    """What a detector wants to be fed: `window` samples at `sample_rate` Hz a call."""

    sample_rate: int = 16_000
    window: int = 512


class VADStream(ABC):
    """The detector's memory of one speaker's audio."""

    @abstractmethod
    def process(self, window: npt.NDArray[np.float32]) -> float:
        """Give the probability, 0 to 1, that there is speech in this window.

        `window` is float32 mono in [-1, 1], exactly as long as the profile says, and valid only during the
        call. Runs on the event loop, so it must take well under a millisecond.
        """

    @abstractmethod
    def reset(self) -> None:
        """Forget the past: the audio that comes next does not continue what came before."""


class VAD(Component, ABC):
    """A voice activity detector; one instance serves every speaker of a session."""

    profile: VADProfile = VADProfile()

    @abstractmethod
    def open(self) -> VADStream:
        """Begin to follow one speaker."""
