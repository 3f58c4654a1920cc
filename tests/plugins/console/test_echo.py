"""What is left of the agent's own voice in the microphone, with the real canceller."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from vision_agents.plugins.console.echo import RATE, EchoControl, FarEnd, Int16

FAR_RATE = 48_000
LENGTH_S = 12
TAPS = ((0.060, 0.5), (0.063, 0.2), (0.068, -0.1))
"""Delay in seconds and strength: a loudspeaker six hundredths away, and a room."""

Floats = npt.NDArray[np.float64]


def voice(rate: int) -> Floats:
    """Noise with the colour and the rhythm of speech, peaking at half of full scale."""
    rng = np.random.default_rng(1)
    slow = rng.uniform(0, 1, LENGTH_S * 8)
    count = LENGTH_S * rate
    spectrum = np.fft.rfft(rng.standard_normal(LENGTH_S * RATE))
    spectrum *= 1 / (1 + (np.fft.rfftfreq(LENGTH_S * RATE, 1 / RATE) / 600) ** 2)
    wide = np.zeros(count // 2 + 1, np.complex128)
    wide[: len(spectrum)] = spectrum
    sound = np.fft.irfft(wide, count) * np.repeat(slow, rate // 8)
    return sound / np.abs(sound).max() * 16_000


def echo_of(far: Floats) -> Floats:
    echo = np.zeros(len(far))
    for delay, strength in TAPS:
        shift = round(delay * RATE)
        echo[shift:] += strength * far[:-shift]
    return echo


def heard(far: Floats, near: Floats, control: EchoControl, far_end: FarEnd) -> Floats:
    """Play and listen at once, block by block."""

    def clean() -> Iterator[Int16]:
        far_size, size = FAR_RATE // 100, RATE // 100
        for block in range(LENGTH_S * 100):
            far_end.push(far[block * far_size : (block + 1) * far_size].astype(np.int16))
            yield control.process(
                near[block * size : (block + 1) * size].clip(-32768, 32767).astype(np.int16)
            )

    return np.concatenate(list(clean())).astype(np.float64)


def power(samples: Floats) -> float:
    return float(np.mean(np.square(samples))) + 1e-9


SETTLED = slice(5 * RATE, 9 * RATE)
BOTH_TALK = slice(round(9.5 * RATE), round(10.5 * RATE))
TIME = np.arange(LENGTH_S * RATE) / RATE
TONE = np.where((TIME > 9) & (TIME < 11), 3_000 * np.sin(2 * np.pi * 440 * TIME), 0)


@pytest.mark.parametrize("tone", [np.zeros_like(TONE), TONE], ids=["agent alone", "both at once"])
def test_the_echo_goes_and_the_person_stays(tone: Floats) -> None:
    far_end = FarEnd()
    near = echo_of(voice(RATE)) + tone
    clean = heard(voice(FAR_RATE), near, EchoControl(far_end, far_rate=FAR_RATE), far_end)

    assert 10 * np.log10(power(near[SETTLED]) / power(clean[SETTLED])) >= 30
    wave = np.exp(-2j * np.pi * 440 * TIME[BOTH_TALK])
    kept = 20 * np.log10(abs(np.mean(clean[BOTH_TALK] * wave)) / 1_500 + 1e-9)
    assert kept > -3 if tone.any() else kept < -30


def test_without_the_canceller_nothing_goes() -> None:
    far_end = FarEnd()
    near = echo_of(voice(RATE))
    control = EchoControl(far_end, far_rate=FAR_RATE, cancel_echo=False, suppress_noise=False)

    assert np.array_equal(heard(voice(FAR_RATE), near, control, far_end), near.astype(np.int16))


def test_noise_alone_may_be_suppressed() -> None:
    far_end = FarEnd()
    hiss = np.random.default_rng(2).standard_normal(LENGTH_S * RATE) * 300
    control = EchoControl(far_end, far_rate=FAR_RATE, cancel_echo=False)
    clean = heard(np.zeros(LENGTH_S * FAR_RATE), hiss, control, far_end)

    assert 10 * np.log10(power(hiss[SETTLED]) / power(clean[SETTLED])) >= 6


def block(number: int) -> Int16:
    return np.full(1, number, np.int16)


def taken(far_end: FarEnd) -> int | None:
    found = far_end.take()
    return None if found is None else int(found[0])


def test_blocks_come_in_order() -> None:
    far_end = FarEnd()
    for number in (1, 2):
        far_end.push(block(number))

    assert [taken(far_end) for _ in range(3)] == [1, 2, None]


def test_a_block_that_comes_late_is_compared_late() -> None:
    far_end = FarEnd()
    assert taken(far_end) is None
    for number in (1, 2):
        far_end.push(block(number))

    assert [taken(far_end) for _ in range(3)] == [1, 2, None]


def test_a_thread_that_is_always_a_little_late_misses_one_block_only() -> None:
    far_end, found = FarEnd(), list[int | None]()
    for number in range(1_000):
        found.append(taken(far_end))
        far_end.push(block(number))

    assert found == [None, *range(999)]


def test_what_was_played_before_the_microphone_began_is_let_go() -> None:
    far_end = FarEnd()
    for number in range(60):
        far_end.push(block(number))

    assert taken(far_end) == 59


def test_a_backlog_that_never_shrinks_is_let_go() -> None:
    far_end = FarEnd()
    far_end.push(block(0))
    taken(far_end)
    for number in range(1, 31):  # the microphone stood still
        far_end.push(block(number))
    found = list[int | None]()
    for number in range(31, 331):
        far_end.push(block(number))
        found.append(taken(far_end))

    assert found[-1] in {329, 330}
    assert sum(later != earlier + 1 for earlier, later in pairwise(found) if earlier and later) == 1
