"""What the device is given, and what the engine is told of it."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from vision_agents.plugins.console.echo import FarEnd, Int16
from vision_agents.plugins.console.loudspeaker import CUSHION, Loudspeaker

RATE = 48_000
FRAME, BLOCK = RATE // 50, RATE // 100
TONE = (8_000 * np.sin(2 * np.pi * 600 * np.arange(RATE) / RATE)).astype(np.int16)


class Scene:
    """A loudspeaker, its device, and a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.far_end = FarEnd()
        self.loudspeaker = Loudspeaker(RATE, self.far_end, lambda: self.now)

    def play(self, frames: int, first: int = 0) -> None:
        for number in range(first, first + frames):
            self.loudspeaker.play(TONE[number * FRAME : (number + 1) * FRAME])

    def block(self, delay: float = 0.03) -> Int16:
        room = np.full(BLOCK, 7, np.int16)
        self.loudspeaker.fill(room, delay)
        self.now += 0.01
        return room

    def blocks(self, count: int) -> Int16:
        return np.concatenate([self.block() for _ in range(count)])


CUSHION_SAMPLES = round(CUSHION * RATE)


def test_sound_comes_out_whole_after_the_cushion() -> None:
    scene = Scene()
    scene.play(5)
    heard = scene.blocks(16)

    assert not heard[:CUSHION_SAMPLES].any()
    assert np.array_equal(heard[CUSHION_SAMPLES : CUSHION_SAMPLES + 5 * FRAME], TONE[: 5 * FRAME])
    assert not heard[CUSHION_SAMPLES + 5 * FRAME :].any()


def test_frames_that_come_in_time_get_no_second_cushion() -> None:
    scene = Scene()
    scene.play(1)
    heard = [scene.blocks(2)]
    for number in range(1, 20):
        scene.play(1, number)
        heard.append(scene.blocks(2))

    sound = np.concatenate(heard)[CUSHION_SAMPLES:]
    assert np.array_equal(sound, TONE[: len(sound)])


def test_unplayed_counts_down_to_the_last_sample_in_the_air() -> None:
    scene = Scene()
    assert scene.loudspeaker.unplayed == 0.0

    scene.play(1)
    assert scene.loudspeaker.unplayed == pytest.approx(CUSHION + 0.02)

    scene.blocks(6)  # all of it is in the device, where it takes 30 ms more
    assert scene.loudspeaker.unplayed == pytest.approx(0.03)
    scene.now += 0.02
    assert scene.loudspeaker.unplayed == pytest.approx(0.01)
    scene.blocks(3)  # silence
    assert scene.loudspeaker.unplayed == 0.0


def test_flush_drops_what_waits_and_fades_without_a_click() -> None:
    scene = Scene()
    scene.play(5)
    before = scene.blocks(7)
    fading = (TONE[5 * FRAME : 6 * FRAME] * np.linspace(1, 0, FRAME)).astype(np.int16)

    scene.loudspeaker.flush(fading)
    assert scene.loudspeaker.unplayed == pytest.approx(0.03 + 0.02)
    after = scene.blocks(4)

    joined = np.concatenate((before, after))[CUSHION_SAMPLES:].astype(float)
    smooth = np.abs(np.diff(TONE.astype(float), 2)).max()
    assert np.abs(np.diff(joined, 2)).max() < 1.5 * smooth
    assert not after[FRAME:].any()


def test_flush_without_a_last_frame_fades_what_was_there() -> None:
    scene = Scene()
    scene.play(5)
    scene.blocks(7)
    scene.loudspeaker.flush()
    after = scene.blocks(2)

    assert abs(int(after[: RATE // 200].astype(int).max())) > 1_000
    assert not after[RATE // 200 :].any()


def test_a_device_that_stands_still_is_not_waited_for_for_ever() -> None:
    scene = Scene()
    scene.play(25)
    scene.play(50)

    assert scene.loudspeaker.unplayed <= 1.0
    assert scene.loudspeaker.dropped == CUSHION_SAMPLES + 25 * FRAME


def test_the_canceller_hears_what_the_device_gets() -> None:
    scene = Scene()
    scene.play(1)

    for _ in range(8):
        played, compared = scene.block(), scene.far_end.take()
        assert compared is not None
        assert np.array_equal(compared, played)


def test_two_threads_lose_nothing() -> None:
    scene = Scene()
    scene.loudspeaker.play(np.ones(FRAME, np.int16))
    heard: list[Int16] = []

    def device() -> None:
        for _ in range(3_000):
            room = np.zeros(BLOCK, np.int16)
            scene.loudspeaker.fill(room, 1e9)  # never heard, so there is one cushion
            heard.append(room)

    thread = threading.Thread(target=device)
    thread.start()
    sent = 1
    while thread.is_alive() and sent < 1_000:
        if scene.loudspeaker.unplayed < 1e9 + 0.5:
            scene.loudspeaker.play(np.ones(FRAME, np.int16))
            sent += 1
    thread.join()
    rest = np.zeros(RATE * 2, np.int16)
    scene.loudspeaker.fill(rest, 0)

    assert scene.loudspeaker.dropped == 0
    assert int(np.concatenate([*heard, rest]).sum()) == sent * FRAME
