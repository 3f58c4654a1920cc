"""The turn detector's port on Smart Turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vision_agents.core.audio.pcm import PcmData
from vision_agents.plugins.embedded.turn_detector import TurnDetector

if TYPE_CHECKING:
    from tests.plugins.embedded.conftest import Recording


async def test_a_finished_question_is_above_the_threshold(recording: Recording) -> None:
    detector = TurnDetector()
    await detector.start()
    turn = np.concatenate([recording("paris_hibari"), np.zeros(3200, np.float32)])
    assert await detector.predict(PcmData(turn, 16_000).to_int16()) > detector.profile.threshold
    await detector.close()
