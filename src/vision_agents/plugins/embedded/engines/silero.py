"""Silero VAD at 16 kHz: is there speech in this window?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vision_agents.plugins.embedded.engines.onnx import OnnxSession, open_session

SAMPLE_RATE = 16_000
WINDOW = 512
# The model hears the end of the window before, too.
_CONTEXT = 64

_RATE = np.array(SAMPLE_RATE, dtype=np.int64)


class SileroState:
    """The model's memory of one stream of audio."""

    __slots__ = ("context", "memory")

    def __init__(self) -> None:
        self.memory = np.zeros((2, 1, 128), np.float32)
        self.context = np.zeros((1, _CONTEXT), np.float32)


class Silero:
    """The model; one instance serves any number of streams, from any thread."""

    def __init__(self, session: OnnxSession) -> None:
        self._session = session

    @classmethod
    def load(cls, path: Path) -> Silero:
        """Open the weights and run them once."""
        engine = cls(open_session(path))
        engine.step([SileroState()], np.zeros((1, WINDOW), np.float32))
        return engine

    def step(
        self, states: Sequence[SileroState], windows: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        """Hear the next window of each stream, and remember it in the stream's state.

        Args:
            states: one of each stream, B in all; no stream twice.
            windows: float32, shape ``(B, 512)``.

        Returns:
            The probabilities of speech, shape ``(B,)``.
        """
        one = len(states) == 1
        memory = states[0].memory if one else np.concatenate([state.memory for state in states], axis=1)
        context = states[0].context if one else np.concatenate([state.context for state in states])
        heard = np.concatenate((context, windows), axis=1)
        speech, memory = self._session.run(None, {"input": heard, "state": memory, "sr": _RATE})
        for row, state in enumerate(states):
            state.memory = memory[:, row : row + 1]
            state.context = heard[row : row + 1, -_CONTEXT:]
        return speech[:, 0]
