"""Finished sentences sound finished; only the end of a long turn is heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from vision_agents.plugins.embedded.engines.smart_turn import SmartTurn

if TYPE_CHECKING:
    from tests.plugins.embedded.conftest import Recording

PAUSE = np.zeros(3200, np.float32)


@pytest.mark.parametrize("name", ["paris_hibari", "paris_flite", "paris_espeak", "tokyo_hibari"])
def test_a_finished_question_sounds_finished(smart_turn: SmartTurn, recording: Recording, name: str) -> None:
    assert smart_turn.predict(np.concatenate([recording(name), PAUSE])) > 0.8


def test_a_question_cut_in_the_middle_sounds_less_finished(
    smart_turn: SmartTurn, recording: Recording
) -> None:
    for name in ("tokyo_hibari", "paris_flite"):
        whole = recording(name)
        cut = np.concatenate([whole[: int(len(whole) * 0.55)], PAUSE])
        assert smart_turn.predict(cut) < smart_turn.predict(np.concatenate([whole, PAUSE])) - 0.3


def test_only_the_last_eight_seconds_are_heard(smart_turn: SmartTurn, recording: Recording) -> None:
    question = recording("paris_hibari")
    last = np.concatenate([np.zeros(8 * 16_000 - len(question), np.float32), question])
    loud = np.random.default_rng(0).standard_normal(32_000).astype(np.float32)
    assert smart_turn.predict(np.concatenate([loud, last])) == smart_turn.predict(last)


def test_next_to_nothing_is_an_answer_too(smart_turn: SmartTurn) -> None:
    for samples in (0, 1, 100):
        assert 0 <= smart_turn.predict(np.zeros(samples, np.float32)) <= 1
