"""End of turn with Smart Turn."""

import numpy as np

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.turn_detection import turn_detector as port
from vision_agents.core.turn_detection.turn_detector import TurnDetectorProfile
from vision_agents.plugins.embedded import models
from vision_agents.plugins.embedded.engines.smart_turn import MAX_SECONDS, SAMPLE_RATE
from vision_agents.plugins.embedded.inference import pool


class TurnDetector(port.TurnDetector):
    """Smart Turn v3.2: 25 to 40 ms of one processor for a decision."""

    provider = "embedded"
    model = "smart-turn"
    profile = TurnDetectorProfile(sample_rate=SAMPLE_RATE, max_audio=MAX_SECONDS)

    async def warmup(self) -> None:
        """Fetch the weights if they are missing, and load them once a process.

        Raises:
            WeightsError: in one sentence, what failed and what to do.
        """
        await models.smart_turn.get()

    async def start(self) -> None:
        """Load the model where `warmup` has not."""
        await self.warmup()

    async def predict(self, audio: PcmData) -> float:
        """Give the probability, 0 to 1, that the turn is complete.

        Raises:
            ProviderError: the model failed.
        """
        engine = await models.smart_turn.get()
        samples = np.asarray(audio.to_float32().samples, np.float32)
        return await pool.run(lambda: engine.predict(samples), stage="turn_detection")
