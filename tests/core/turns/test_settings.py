"""Rules that contradict each other are refused at birth."""

from typing import Any

import pytest

from vision_agents.core.turns.settings import Interruption, TurnHandling
from vision_agents.core.turns.speakers import first_speaker_has_the_floor


def test_the_defaults_are_sound() -> None:
    rules = TurnHandling()
    assert rules.prepare_after <= rules.judge_after
    assert rules.is_backchannel("uh huh")
    assert not rules.manual


@pytest.mark.parametrize(
    "settings",
    [{"hold_after": -0.1}, {"hold_after": 3.0}, {"cut_after": 0.1}, {"while_thinking": -1}, {"min_words": 0}],
)
def test_an_interruption_out_of_order_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Interruption needs"):
        Interruption(**settings)


@pytest.mark.parametrize("settings", [{"prepare_after": 0.0}, {"prepare_after": 0.3}, {"judge_after": 0.05}])
def test_silences_out_of_order_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="prepare_after <= judge_after"):
        TurnHandling(**settings)


def test_who_began_first_is_answered_and_the_others_wait() -> None:
    assert first_speaker_has_the_floor(1.0, [])
    assert first_speaker_has_the_floor(1.0, [1.0, 1.5])
    assert not first_speaker_has_the_floor(1.0, [0.5, 2.0])
