"""The pacer puts one frame on each 20 ms of the loop's clock, and nothing while there is nothing to play."""

import asyncio
from collections.abc import Callable, Coroutine

import numpy as np
import pytest

from vision_agents.core.audio.pacer import LATENESS_BOUNDS, Pacer
from vision_agents.core.audio.pcm import PcmData
from vision_agents.testing.virtual_time import VirtualTimeLoop

pytestmark = pytest.mark.virtual_time

FRAME = PcmData(np.zeros(960, np.int16), 48_000)


class BusyLoop(VirtualTimeLoop):
    """A loop on which something else can take time."""

    def block(self, duration: float) -> None:
        self._now += duration


class Player:
    """Frames to play, and the times at which they went out."""

    def __init__(self, frames: int) -> None:
        self.frames = frames
        self.sent: list[float] = []
        self.errors: list[Exception] = []
        self.pulls = 0
        self.on_emit: Callable[[], None] = lambda: None
        self.pacer = Pacer(self.pull, self.emit, on_error=self.errors.append)

    def pull(self) -> PcmData | None:
        self.pulls += 1
        self.frames -= 1
        return FRAME if self.frames >= 0 else None

    def emit(self, frame: PcmData) -> None:
        assert frame is FRAME
        self.sent.append(round(asyncio.get_running_loop().time(), 6))
        self.on_emit()

    def more(self, frames: int) -> None:
        self.frames = frames
        self.pacer.kick()


def run_busy(scene: Callable[[BusyLoop], Coroutine[None, None, None]]) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, BusyLoop)
        await scene(loop)

    with asyncio.Runner(loop_factory=BusyLoop) as runner:
        runner.run(main())


async def test_a_kick_sends_the_first_frame_at_once_and_the_others_every_20_ms() -> None:
    player = Player(4)

    player.pacer.kick()

    assert player.sent == [0.0]
    await asyncio.sleep(1)
    assert player.sent == [0.0, 0.02, 0.04, 0.06]
    assert player.pacer.stats.frames == 4


async def test_a_minute_does_not_drift() -> None:
    player = Player(3000)

    player.pacer.kick()
    await asyncio.sleep(100)

    assert player.sent == [round(0.02 * k, 6) for k in range(3000)]
    assert player.pacer.stats.lateness[0] == 3000


async def test_it_rests_without_a_timer_while_there_is_nothing_to_play() -> None:
    player = Player(2)
    player.pacer.kick()
    await asyncio.sleep(0.05)
    pulls = player.pulls

    await asyncio.sleep(3600)

    assert player.pacer.idle
    assert player.pulls == pulls == 3


async def test_many_kicks_do_not_speed_it_up() -> None:
    player = Player(10)
    for _ in range(49):
        player.pacer.kick()
        await asyncio.sleep(0.002)

    assert player.sent == [0.0, 0.02, 0.04, 0.06, 0.08]


async def test_new_speech_after_a_long_rest_starts_at_once() -> None:
    player = Player(1)
    player.pacer.kick()
    await asyncio.sleep(10.007)

    player.more(2)

    assert player.sent == [0.0, 10.007]
    await asyncio.sleep(1)
    assert player.sent[2:] == [10.027]


async def test_new_speech_after_a_short_rest_starts_at_once_too() -> None:
    player = Player(2)
    player.pacer.kick()
    await asyncio.sleep(0.041)  # idle since a millisecond

    player.more(2)

    await asyncio.sleep(1)
    assert player.sent == [0.0, 0.02, 0.041, 0.061]


async def test_a_flush_in_the_middle_does_not_let_the_next_words_come_early() -> None:
    player = Player(100)
    player.pacer.kick()
    await asyncio.sleep(0.05)
    player.frames = 0  # flushed: the pull at 0.06 finds nothing
    await asyncio.sleep(0.011)

    player.more(2)

    await asyncio.sleep(1)
    assert player.sent == [0.0, 0.02, 0.04, 0.061, 0.081]


def test_after_a_late_frame_a_rest_does_not_shorten_the_next_interval() -> None:
    async def scene(loop: BusyLoop) -> None:
        player = Player(2)
        player.pacer.kick()
        await asyncio.sleep(0.01)
        loop.block(0.045)  # the frame of 0.02 goes out at 0.055, and the pull of 0.04 finds nothing
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        assert player.sent == [0.0, 0.055]
        assert player.pacer.idle

        player.more(1)

        await asyncio.sleep(1)
        assert player.sent == [0.0, 0.055, 0.075]

    run_busy(scene)


def test_a_loop_that_is_held_up_for_a_moment_catches_up_with_the_grid() -> None:
    async def scene(loop: BusyLoop) -> None:
        player = Player(8)
        player.pacer.kick()
        await asyncio.sleep(0.01)

        loop.block(0.06)

        await asyncio.sleep(1)
        assert player.sent == [0.0, 0.07, 0.07, 0.07, 0.08, 0.1, 0.12, 0.14]
        assert player.pacer.stats.max_lateness == pytest.approx(0.05)
        assert player.pacer.stats.reanchors == 0
        assert sum(player.pacer.stats.lateness) == 8
        assert player.pacer.stats.lateness[LATENESS_BOUNDS.index(0.05)] == 2

    run_busy(scene)


def test_a_loop_that_is_held_up_for_long_starts_a_new_grid() -> None:
    async def scene(loop: BusyLoop) -> None:
        player = Player(4)
        player.pacer.kick()
        await asyncio.sleep(0.01)

        loop.block(0.3)

        await asyncio.sleep(1)
        assert player.sent == [0.0, 0.31, 0.33, 0.35]
        assert player.pacer.stats.reanchors == 1
        assert player.pacer.stats.lateness[-1] == 1

    run_busy(scene)


async def test_stop_is_for_good() -> None:
    player = Player(100)
    player.pacer.kick()
    await asyncio.sleep(0.05)

    player.pacer.stop()
    player.pacer.kick()

    await asyncio.sleep(1)
    assert player.sent == [0.0, 0.02, 0.04]
    assert player.pacer.idle


async def test_it_may_be_stopped_by_the_one_who_plays() -> None:
    player = Player(100)
    player.on_emit = player.pacer.stop

    player.pacer.kick()

    await asyncio.sleep(1)
    assert player.sent == [0.0]


async def test_an_error_stops_it_and_is_told_once() -> None:
    player = Player(100)

    def fail() -> None:
        raise ConnectionError("gone")

    player.pacer.kick()
    player.on_emit = fail
    await asyncio.sleep(1)
    player.pacer.kick()

    assert [str(error) for error in player.errors] == ["gone"]
    assert player.sent == [0.0, 0.02]


async def test_a_kick_from_within_a_pull_that_finds_nothing_is_not_lost() -> None:
    answers = [None, FRAME, None]
    sent: list[PcmData] = []

    def pull() -> PcmData | None:
        if len(answers) == 3:
            pacer.kick()
        return answers.pop(0)

    pacer = Pacer(pull, sent.append, on_error=lambda error: pytest.fail(str(error)))
    pacer.kick()

    await asyncio.sleep(1)
    assert sent == [FRAME]
    assert pacer.idle
