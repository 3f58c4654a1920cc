"""Voice activity detection with Silero."""

import numpy as np
import numpy.typing as npt

from vision_agents.core.vad import vad as port
from vision_agents.core.vad.vad import VADProfile, VADStream
from vision_agents.plugins.embedded import models
from vision_agents.plugins.embedded.engines.silero import SAMPLE_RATE, WINDOW, Silero, SileroState


class VAD(port.VAD):
    """Silero at 16 kHz, run in place: about 75 us a window of 32 ms."""

    provider = "embedded"
    model = "silero-vad"
    profile = VADProfile(sample_rate=SAMPLE_RATE, window=WINDOW)

    def __init__(self) -> None:
        self._engine: Silero | None = None

    async def warmup(self) -> None:
        """Fetch the weights if they are missing, and load them once a process.

        Raises:
            WeightsError: in one sentence, what failed and what to do.
        """
        self._engine = await models.silero.get()

    async def start(self) -> None:
        """Load the model where `warmup` has not."""
        await self.warmup()

    def open(self) -> VADStream:
        """Begin to follow one speaker."""
        if self._engine is None:
            raise RuntimeError("The VAD has not been started: await start() before open().")
        return _Stream(self._engine)


class _Stream(VADStream):
    def __init__(self, engine: Silero) -> None:
        self._engine = engine
        self._state = SileroState()

    def process(self, window: npt.NDArray[np.float32]) -> float:
        return float(self._engine.step((self._state,), window[None])[0])

    def reset(self) -> None:
        self._state = SileroState()
