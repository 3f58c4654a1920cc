"""Audio time never stops: what a transport leaves out becomes one gap with a length."""

import asyncio

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.inbound import InboundAudio
from vision_agents.testing.virtual_time import run_virtual

pytestmark = pytest.mark.virtual_time

FRAME = PcmData(np.zeros(320, np.int16), 16_000)


class Heard:
    """Everything that came out, in order: ("audio", at, duration) and ("gap", at, duration)."""

    def __init__(self) -> None:
        self.marks: list[tuple[str, float, float]] = []
        self.inbound = InboundAudio(self.on_audio, self.on_gap)

    def on_audio(self, pcm: PcmData, at: float) -> None:
        self.marks.append(("audio", round(at, 5), round(pcm.duration, 5)))

    def on_gap(self, at: float, duration: float) -> None:
        self.marks.append(("gap", round(at, 5), round(duration, 5)))

    @property
    def gaps(self) -> list[tuple[float, float]]:
        return [(at, duration) for kind, at, duration in self.marks if kind == "gap"]

    async def frames(self, count: int) -> None:
        for _ in range(count):
            self.inbound.push(FRAME)
            await asyncio.sleep(0.02)


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_frames_in_time_are_stamped_one_after_the_other() -> None:
    heard = Heard()
    await asyncio.sleep(7)

    await heard.frames(500)

    assert heard.marks == [("audio", round(0.02 * k, 5), 0.02) for k in range(500)]


async def test_frames_of_any_rate_and_length_share_one_time() -> None:
    heard = Heard()
    for samples, rate in ((160, 8000), (960, 48_000), (441, 44_100), (320, 16_000)):
        heard.inbound.push(PcmData(np.zeros(samples, np.int16), rate))
        await asyncio.sleep(0.02)

    assert [at for _, at, _ in heard.marks] == [0.0, 0.02, 0.04, 0.05]


async def test_a_pause_of_the_sender_is_one_gap_before_its_next_frame() -> None:
    heard = Heard()
    await heard.frames(3)
    await asyncio.sleep(10)

    await heard.frames(2)

    assert heard.marks[3:] == [("gap", 0.06, 10.0), ("audio", 10.06, 0.02), ("audio", 10.08, 0.02)]


async def test_the_time_of_this_moment_is_known_before_the_gap_is_announced() -> None:
    heard = Heard()
    assert heard.inbound.reached() == 0.0
    await heard.frames(3)
    assert heard.inbound.reached() == pytest.approx(0.06)
    await asyncio.sleep(0.05)  # the next frame is not overdue yet
    assert heard.inbound.reached() == pytest.approx(0.06)
    await asyncio.sleep(9.95)

    assert heard.inbound.reached() == pytest.approx(10.06 + 0.02)
    assert heard.gaps == []
    assert heard.inbound.advance() == pytest.approx(heard.inbound.reached())


async def test_jitter_is_no_gap() -> None:
    heard = Heard()
    await heard.frames(3)
    await asyncio.sleep(0.059)

    await heard.frames(50)

    assert heard.gaps == []


async def test_a_frame_later_than_the_tolerance_is_a_gap() -> None:
    heard = Heard()
    await heard.frames(3)
    await asyncio.sleep(0.061)

    await heard.frames(50)

    assert heard.gaps == [(0.06, 0.061)]


async def test_frames_that_were_only_held_up_are_no_gap() -> None:
    heard = Heard()
    await heard.frames(3)
    await asyncio.sleep(0.1)  # five frames are held up on their way, or this process was busy

    for _ in range(6):
        heard.inbound.push(FRAME)
    await asyncio.sleep(0.02)
    await heard.frames(100)

    assert heard.gaps == []
    assert [at for _, at, _ in heard.marks] == [round(0.02 * k, 5) for k in range(109)]


async def test_a_burst_that_does_not_catch_up_leaves_the_rest_as_a_gap() -> None:
    heard = Heard()
    await heard.frames(3)
    await asyncio.sleep(0.3)  # of 15 frames five come, the others are lost

    for _ in range(5):
        heard.inbound.push(FRAME)
    await asyncio.sleep(0.02)
    await heard.frames(3)

    [(at, duration)] = heard.gaps
    assert at == pytest.approx(0.16)
    assert duration == pytest.approx(0.22, abs=0.021)


async def test_an_early_burst_moves_the_anchor() -> None:
    heard = Heard()
    await asyncio.sleep(1)

    for _ in range(10):
        heard.inbound.push(FRAME)

    assert heard.inbound.position == pytest.approx(0.2)
    assert heard.inbound.arrival(0.2) == pytest.approx(1.0)
    await asyncio.sleep(0.5)
    assert heard.inbound.advance() == pytest.approx(0.7, abs=1e-5)
    assert heard.gaps == [(0.2, 0.5)]


async def test_a_timer_gets_the_silence_so_far_and_the_next_frame_the_rest() -> None:
    heard = Heard()
    await heard.frames(3)
    await asyncio.sleep(0.5)

    reached = heard.inbound.advance()
    await asyncio.sleep(0.3)
    await heard.frames(2)

    assert reached == pytest.approx(
        0.58, abs=1e-5
    )  # the moment of the timer: 20 ms of it are the next frame's
    assert heard.gaps == [(0.06, 0.52), (0.58, 0.28)]
    assert heard.marks[-2:] == [("audio", 0.86, 0.02), ("audio", 0.88, 0.02)]


async def test_advance_between_frames_that_come_in_time_announces_nothing() -> None:
    heard = Heard()
    for _ in range(50):
        heard.inbound.push(FRAME)
        await asyncio.sleep(0.013)
        heard.inbound.advance()
        await asyncio.sleep(0.007)

    assert heard.gaps == []
    assert heard.inbound.advance() == pytest.approx(1.0)


async def test_nothing_is_announced_before_the_first_frame() -> None:
    heard = Heard()
    await asyncio.sleep(60)

    assert heard.inbound.advance() == 0.0
    assert heard.inbound.arrival(0.5) == 60.5
    assert heard.marks == []


async def test_arrival_tells_when_a_sample_was_heard() -> None:
    heard = Heard()
    await asyncio.sleep(2)
    await heard.frames(3)
    await asyncio.sleep(5)
    await heard.frames(3)

    assert heard.inbound.arrival(0.06) == pytest.approx(2.04)  # the end of the third frame
    assert heard.inbound.arrival(heard.inbound.position) == pytest.approx(now() - 0.02)


@settings(max_examples=50, deadline=None)
@given(
    start=st.floats(0, 1e5, allow_nan=False),
    frames=st.integers(1, 70),
    ahead=st.floats(1e-4, 3, allow_nan=False),
    rate=st.sampled_from([8000, 11_025, 16_000, 44_100, 48_000]),
)
def test_at_its_deadline_advance_reaches_what_was_asked_for(
    start: float, frames: int, ahead: float, rate: int
) -> None:
    async def scene() -> None:
        inbound = InboundAudio(lambda _pcm, _at: None, lambda _at, _duration: None)
        loop = asyncio.get_running_loop()
        await asyncio.sleep(start)
        for _ in range(frames):
            inbound.push(PcmData(np.zeros(rate // 50, np.int16), rate))
            await asyncio.sleep(rate // 50 / rate)
        wanted = inbound.position + ahead
        due = loop.create_future()
        loop.call_at(inbound.deadline(wanted), due.set_result, None)

        overdue = inbound.position + 0.02 + 0.06

        await due

        assert wanted <= inbound.advance() <= max(wanted, overdue) + 1e-5

    run_virtual(scene())


async def test_a_frame_as_late_as_it_may_be_comes_before_a_timer_of_that_moment() -> None:
    heard = Heard()
    await heard.frames(5)
    timer = asyncio.get_running_loop().call_at(heard.inbound.deadline(0.11), heard.inbound.advance)
    await asyncio.sleep(0.06)
    await heard.frames(5)

    assert heard.gaps == []
    timer.cancel()


async def test_what_was_heard_already_is_due_at_once() -> None:
    heard = Heard()
    await heard.frames(10)

    assert heard.inbound.deadline(0.1) <= now()


async def test_audio_time_is_ahead_already_when_a_gap_is_told() -> None:
    positions: list[float] = []
    inbound = InboundAudio(lambda _pcm, _at: None, lambda _at, _duration: positions.append(inbound.position))
    inbound.push(FRAME)
    await asyncio.sleep(1.02)

    inbound.push(FRAME)
    await asyncio.sleep(0.02)
    inbound.push(FRAME)

    assert positions == [pytest.approx(1.02)]


async def test_an_empty_frame_changes_nothing() -> None:
    heard = Heard()
    heard.inbound.push(PcmData(np.zeros(0, np.int16), 16_000))

    assert heard.marks == []
    assert heard.inbound.advance() == 0.0


async def test_nothing_is_scheduled_on_the_loop() -> None:
    heard = Heard()
    heard.inbound.push(FRAME)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.get_running_loop().create_future(), 3600)

    assert heard.marks == [("audio", 0.0, 0.02)]


def test_a_negative_tolerance_is_refused() -> None:
    with pytest.raises(ValueError, match="tolerance must be >= 0"):
        InboundAudio(lambda _pcm, _at: None, lambda _at, _duration: None, tolerance=-0.01)
