"""Voice that comes and goes on a line, and the beep after it."""

import numpy as np
import pytest
from benchmarks.telephone_line.recordings import answers
from benchmarks.telephone_line.sounds import PROGRESS, lossy, noise, progress, silence, tone

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.resample import resample
from vision_agents.core.telephony.call_progress import (
    BeepBegan,
    BeepHeard,
    CallProgress,
    LineEvent,
    VoiceBegan,
    VoiceEnded,
)

RATE = 8000
GREETING = answers()[0].sound
"""Two sentences, with 0.8 s between them, 3.9 s in all."""
HELLO = answers()[20].sound


def hear(*parts: np.ndarray, piece: int | None = None) -> list[LineEvent]:
    line, sound = CallProgress(), np.concatenate(parts)
    step = piece or len(sound)
    events: list[LineEvent] = []
    for at in range(0, len(sound), step):
        events += line.push(PcmData(sound[at : at + step], RATE))
    return events


def kinds(events: list[LineEvent]) -> list[type[LineEvent]]:
    return [type(event) for event in events]


def test_a_word_begins_and_ends() -> None:
    began, ended = hear(silence(1.0), HELLO, silence(1.0))
    assert isinstance(began, VoiceBegan)
    assert isinstance(ended, VoiceEnded)
    assert began.at == pytest.approx(1.0, abs=0.1)
    assert ended.at == pytest.approx(1.0 + len(HELLO) / RATE, abs=0.1)


def test_a_pause_between_sentences_is_heard() -> None:
    events = hear(GREETING, silence(1.0))
    assert kinds(events) == [VoiceBegan, VoiceEnded] * 2
    assert isinstance(events[2], VoiceBegan)
    assert isinstance(events[1], VoiceEnded)
    assert events[2].at - events[1].at == pytest.approx(0.8, abs=0.15)


def test_a_voice_is_heard_in_noise_that_is_no_voice_itself() -> None:
    line = np.concatenate((silence(2.0), HELLO, silence(1.0)))
    events = hear(line + noise(len(line), -40.0))
    assert kinds(events[-2:]) == [VoiceBegan, VoiceEnded]
    assert all(event.at < 0.5 for event in events[:-2] if isinstance(event, VoiceBegan))


def test_a_click_is_no_voice() -> None:
    assert hear(silence(0.5), noise(240, -10.0), silence(1.0)) == []


@pytest.mark.parametrize("name", PROGRESS)
def test_call_progress_tones_before_a_word_are_neither_voice_nor_beep(name: str) -> None:
    assert hear(progress(name, 12.0)) == []


@pytest.mark.parametrize("frequency", [400.0, 425.0, 850.0, 1000.0, 1400.0])
def test_a_beep_after_a_greeting_is_heard_where_it_is(frequency: float) -> None:
    start = len(GREETING) / RATE + 0.4
    events = hear(GREETING, silence(0.4), tone((frequency,), 0.5), silence(1.0), piece=160)
    likely, beep = events[-2:]
    assert isinstance(likely, BeepBegan)
    assert isinstance(beep, BeepHeard)
    assert start < likely.at < start + 0.3
    assert beep.start == pytest.approx(start, abs=0.02)
    assert beep.end == pytest.approx(start + 0.5, abs=0.02)
    assert beep.frequency_hz == pytest.approx(frequency, rel=0.005)


def test_a_beep_is_told_half_a_second_after_its_end() -> None:
    until = np.concatenate((GREETING, silence(0.4), tone((1000.0,), 0.5), silence(0.45)))
    assert BeepHeard not in kinds(hear(until))
    assert BeepHeard in kinds(hear(until, silence(0.1)))


@pytest.mark.parametrize("seed", range(8))
def test_lost_frames_do_not_hide_a_beep(seed: int) -> None:
    line = np.concatenate((GREETING, silence(0.4), tone((900.0,), 1.0), silence(1.0)))
    assert kinds(hear(lossy(line, 0.05, seed))).count(BeepHeard) == 1


@pytest.mark.parametrize(
    "after",
    [
        pytest.param([tone((1000.0,), 4.0)], id="too long"),
        pytest.param([tone((1000.0,), 0.05)], id="too short"),
        pytest.param([tone((300.0,), 0.5)], id="too low"),
        pytest.param([tone((2000.0,), 0.5)], id="too high"),
        pytest.param([tone((480.0, 620.0), 0.5)], id="two tones"),
        pytest.param([tone((1000.0,), 0.5), HELLO], id="a voice goes on"),
        pytest.param([tone((500.0,), 0.4), tone((600.0,), 0.4), tone((700.0,), 0.4)], id="a tune"),
        pytest.param([tone((800.0,), 1.5) * np.exp(-4 * np.arange(12_000) / RATE)], id="a string"),
    ],
)
def test_what_is_no_beep(after: list[np.ndarray]) -> None:
    sound = [np.asarray(part, np.float32) for part in after]
    assert BeepHeard not in kinds(hear(GREETING, silence(0.4), *sound, silence(1.0)))


def test_a_beep_before_any_voice_is_none() -> None:
    assert hear(tone((1000.0,), 0.5), silence(1.0), tone((1000.0,), 0.5), silence(1.0)) == []


def test_pieces_of_any_length_tell_the_same() -> None:
    parts = (silence(0.3), GREETING, silence(0.4), tone((700.0,), 0.3), silence(1.0))
    assert hear(*parts, piece=160) == hear(*parts) == hear(*parts, piece=333)


def test_every_rate_is_heard() -> None:
    line = PcmData(np.concatenate((GREETING, silence(0.4), tone((700.0,), 0.3), silence(1.0))), RATE)
    for sample_rate in (16_000, 48_000):
        events = CallProgress().push(resample(line, sample_rate))
        assert kinds(events)[-1] is BeepHeard


def test_what_did_not_come_ends_a_voice_and_confirms_a_beep() -> None:
    line = CallProgress()
    line.push(PcmData(HELLO, RATE))
    assert kinds(line.skip(60.0)) == [VoiceEnded]
    line.push(PcmData(np.concatenate((HELLO, silence(0.3), tone((700.0,), 0.3))), RATE))
    assert kinds(line.skip(60.0)) == [BeepHeard]
