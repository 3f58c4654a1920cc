"""The gate turns a VAD's probabilities into stretches of speech."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision_agents.core.turns.gate import SpeechGate
from vision_agents.core.turns.settings import VoiceGate

WINDOW = 0.03


class Hearing:
    """A gate and the audio time it has heard."""

    def __init__(self, settings: VoiceGate | None = None) -> None:
        self.gate = SpeechGate(settings or VoiceGate())
        self.windows = 0

    @property
    def at(self) -> float:
        return round(self.windows * WINDOW, 6)

    def hear(self, *probabilities: float) -> float | None:
        for probability in probabilities:
            self.windows += 1
            self.gate.hear(at=self.at, duration=WINDOW, probability=probability)
        return self.gate.speech_start


def test_speech_begins_with_its_first_voiced_window() -> None:
    hearing = Hearing()
    assert hearing.hear(0.1, 0.1, 0.9, 0.9) is None
    assert hearing.hear(0.9) == pytest.approx(2 * WINDOW)
    assert hearing.gate.speech_end == hearing.at


def test_the_thresholds_themselves_are_voice() -> None:
    hearing = Hearing(VoiceGate(start=0.5, stop=0.25))
    assert hearing.hear(0.5, 0.5, 0.5) is not None
    hearing.hear(0.25)
    assert hearing.gate.silence(hearing.at) == 0


def test_a_blip_is_no_speech() -> None:
    hearing = Hearing()
    assert hearing.hear(0.9, 0.9, 0.1, 0.9, 0.9, 0.1, 0.9, 0.9) is None


def test_speech_is_held_by_less_than_it_took_to_begin() -> None:
    hearing = Hearing(VoiceGate(start=0.5, stop=0.3))
    hearing.hear(0.9, 0.9, 0.9, 0.4)
    assert hearing.gate.silence(hearing.at) == 0
    hearing.hear(0.2)
    assert hearing.gate.silence(hearing.at) == pytest.approx(WINDOW)


def test_quiet_voice_does_not_begin_speech() -> None:
    assert Hearing(VoiceGate(start=0.5, stop=0.3)).hear(0.4, 0.4, 0.4, 0.4, 0.4) is None


def test_silence_is_counted_from_the_last_voiced_window() -> None:
    hearing = Hearing()
    hearing.hear(0.9, 0.9, 0.9, 0.9, 0.0, 0.0, 0.0)
    assert hearing.gate.silence(hearing.at) == pytest.approx(3 * WINDOW)
    assert hearing.gate.speech_start == pytest.approx(0)


def test_after_closing_speech_must_prove_itself_again() -> None:
    hearing = Hearing()
    hearing.hear(0.9, 0.9, 0.9)
    hearing.gate.close()
    assert hearing.hear(0.9, 0.9) is None
    assert hearing.hear(0.9) == pytest.approx(3 * WINDOW)


def test_with_no_least_length_one_window_is_speech() -> None:
    assert Hearing(VoiceGate(min_speech=0)).hear(0.0, 0.6) == pytest.approx(WINDOW)


@given(st.lists(st.floats(0, 1), max_size=60))
def test_speech_lies_in_what_was_heard(probabilities: list[float]) -> None:
    hearing = Hearing()
    start = hearing.hear(*probabilities)
    loud = [index for index, probability in enumerate(probabilities) if probability >= 0.5]
    assert (start is not None) <= bool(loud)
    if start is not None:
        assert loud[0] * WINDOW <= start + 1e-9
        assert start + VoiceGate().min_speech <= hearing.gate.speech_end + 1e-9
        assert hearing.gate.speech_end <= hearing.at


@pytest.mark.parametrize(
    "settings",
    [{"stop": 0.6}, {"stop": 0.0}, {"start": 1.0}, {"start": 0.2}, {"min_speech": -0.1}],
)
def test_a_gate_that_could_never_open_or_close_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"min_speech must be|VoiceGate needs"):
        VoiceGate(**settings)
