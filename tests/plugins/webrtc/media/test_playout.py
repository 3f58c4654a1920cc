from __future__ import annotations

import asyncio
import itertools

import numpy as np
import pytest

from vision_agents.core.audio.pcm import PcmData
from vision_agents.plugins.webrtc.media.playout import GRACE, Playout
from vision_agents.plugins.webrtc.media.stats import OutboundStats
from vision_agents.testing.virtual_time import run_virtual


def frame(level: int = 1000) -> PcmData:
    return PcmData(np.full(960, level, np.int16), 48_000)


class Wire:
    """What left, when, and in which slot."""

    def __init__(self) -> None:
        self.stats = OutboundStats()
        self.playout = Playout(self._emit, self.stats)
        self.sent: list[tuple[float, int, int]] = []

    def _emit(self, pcm: PcmData, slot: int) -> None:
        self.sent.append((round(asyncio.get_running_loop().time(), 3), slot, int(pcm.samples[0])))

    @property
    def spoken(self) -> list[tuple[float, int, int]]:
        return [one for one in self.sent if one[2]]


def test_a_burst_leaves_at_real_time_speed() -> None:
    async def scene() -> None:
        wire = Wire()
        wire.playout.start()
        for level in range(1, 6):
            wire.playout.push(frame(level * 1000))
        assert wire.playout.unplayed == pytest.approx(0.08)  # pyright: ignore[reportUnknownMemberType]
        await asyncio.sleep(0.1)
        wire.playout.stop()
        assert [at for at, _, _ in wire.spoken] == [0.0, 0.001, 0.021, 0.041, 0.061]
        assert [slot for _, slot, _ in wire.spoken] == [0, 1, 2, 3, 4]
        assert wire.stats.underruns == 0

    run_virtual(scene())


def test_frames_that_are_paced_already_leave_at_once_and_wait_for_nothing() -> None:
    async def scene() -> None:
        wire = Wire()
        wire.playout.start()
        for late in (0.0, 0.003, 0.001, 0.008, 0.0, 0.004):
            await asyncio.sleep(late)
            wire.playout.push(frame())
            assert wire.playout.unplayed == 0.0
            await asyncio.sleep(0.02 - late)
        wire.playout.stop()
        assert len(wire.spoken) == 6
        assert wire.stats.underruns == 0

    run_virtual(scene())


def test_the_stream_goes_on_in_a_pause_and_speech_resumes_at_once() -> None:
    async def scene() -> None:
        wire = Wire()
        wire.playout.start()
        wire.playout.push(frame())
        await asyncio.sleep(1.005)
        wire.playout.push(frame())
        wire.playout.stop()
        assert [at for at, _, _ in wire.spoken] == [0.0, 1.005]
        times = [at for at, _, _ in wire.sent]
        assert max(b - a for a, b in itertools.pairwise(times)) <= GRACE + 0.02
        assert [slot for _, slot, _ in wire.sent] == sorted({slot for _, slot, _ in wire.sent})
        assert wire.spoken[-1][1] in (50, 51)  # the slot tells the time, also over the pause
        assert wire.stats.underruns == 0

    run_virtual(scene())


def test_a_frame_that_comes_late_amid_speech_is_an_underrun_but_no_hole() -> None:
    async def scene() -> None:
        wire = Wire()
        wire.playout.start()
        wire.playout.push(frame())
        await asyncio.sleep(0.07)
        wire.playout.push(frame())
        wire.playout.stop()
        assert [slot for _, slot, _ in wire.sent] == [0, 1]
        assert wire.stats.underruns == 1
        assert wire.stats.silence == 0

    run_virtual(scene())


def test_silence_put_in_amid_speech_is_made_up_for_by_leaving_out_quiet_frames() -> None:
    async def scene() -> None:
        wire = Wire()
        wire.playout.start()
        wire.playout.push(frame())
        await asyncio.sleep(0.15)  # too long for the grace
        put_in = wire.stats.silence
        assert put_in > 0
        for level in (1000, 1000, 1000, 1000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2000):
            wire.playout.push(frame(level))
        await asyncio.sleep(0.5)
        wire.playout.stop()
        assert wire.stats.shortened == wire.stats.underruns > 0
        assert wire.spoken[-1][2] == 2000

    run_virtual(scene())


def test_a_flush_ends_with_the_last_frame_within_one_slot() -> None:
    async def scene() -> None:
        wire = Wire()
        wire.playout.start()
        for _ in range(100):
            wire.playout.push(frame())
        await asyncio.sleep(0.5)
        wire.playout.flush(frame(7))
        await asyncio.sleep(0.3)
        wire.playout.stop()
        assert wire.spoken[-1][2] == 7
        assert wire.spoken[-1][0] <= 0.52
        assert wire.stats.flushed + wire.stats.frames == 101
        wire.playout.flush(None)

    run_virtual(scene())


def test_after_a_long_stall_the_grid_begins_anew_instead_of_a_burst() -> None:
    async def scene() -> None:
        wire = Wire()
        wire.playout.start()
        for _ in range(10):
            wire.playout.push(frame())
        loop = asyncio.get_running_loop()
        before = loop.time()
        loop._now = before + 0.5  # type: ignore[attr-defined] - the loop hangs for half a second
        await asyncio.sleep(0.3)
        wire.playout.stop()
        times = [at for at, _, _ in wire.spoken]
        after = [at for at in times if at >= before + 0.5]
        assert all(c - a >= 0.019 for a, c in zip(after, after[2:], strict=False))  # one ahead, never two
        assert wire.stats.pace.reanchors == 1

    run_virtual(scene())


def test_a_slower_sender_is_followed_and_is_no_underrun() -> None:
    async def scene() -> None:
        wire = Wire()
        wire.playout.start()
        for _ in range(2000):
            wire.playout.push(frame())
            await asyncio.sleep(0.02 * 1.001)
        wire.playout.stop()
        assert wire.stats.frames == 2000
        assert wire.stats.underruns == 0

    run_virtual(scene())


def test_what_nobody_can_hear_is_discarded_and_what_has_no_end_too() -> None:
    async def scene() -> None:
        wire = Wire()
        wire.playout.push(frame())
        assert wire.stats.discarded == 1
        wire.playout.start()
        for _ in range(600):
            wire.playout.push(frame())
        await asyncio.sleep(0)
        assert wire.playout.unplayed == pytest.approx(10.0)  # pyright: ignore[reportUnknownMemberType]
        wire.playout.stop()
        assert wire.stats.discarded == 600
        assert wire.stats.frames == 1

    run_virtual(scene())


@pytest.mark.parametrize(
    "wrong",
    [
        PcmData(np.zeros(960, np.int16), 16_000),
        PcmData(np.zeros(480, np.int16), 48_000),
        PcmData(np.zeros((960, 2), np.int16), 48_000),
        PcmData(np.zeros(960, np.float32), 48_000),
    ],
)
def test_other_shapes_are_refused(wrong: PcmData) -> None:
    with pytest.raises(ValueError, match="20 ms of mono int16 at 48000 Hz"):
        Wire().playout.push(wrong)
