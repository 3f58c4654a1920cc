"""Smart Turn v3.2: does this turn sound finished?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from vision_agents.plugins.embedded.engines.mel import log_mel
from vision_agents.plugins.embedded.engines.onnx import OnnxSession, open_session

SAMPLE_RATE = 16_000
MAX_SECONDS = 8.0
_SAMPLES = int(MAX_SECONDS * SAMPLE_RATE)


class SmartTurn:
    """The model; one instance serves any number of sessions, from any thread."""

    def __init__(self, session: OnnxSession) -> None:
        self._session = session

    @classmethod
    def load(cls, path: Path) -> SmartTurn:
        """Open the weights and run them once."""
        engine = cls(open_session(path))
        engine.predict(np.zeros(SAMPLE_RATE, np.float32))
        return engine

    def predict(self, samples: npt.NDArray[np.float32]) -> float:
        """Probability, 0 to 1, that the turn is complete; about 25 ms of work.

        Args:
            samples: the turn up to now, its last pause included; only the last 8 s are heard.
        """
        features = log_mel(_normalised(samples[-_SAMPLES:]))
        (complete,) = self._session.run(None, {"input_features": features[None]})
        return float(complete[0, 0])


def _normalised(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Eight seconds that end with the audio, with mean 0 and variance 1 over all of them."""
    window = np.zeros(_SAMPLES, np.float32)
    if len(samples):
        window[-len(samples) :] = samples
    return (window - window.mean()) / np.sqrt(window.var() + np.float32(1e-7))
