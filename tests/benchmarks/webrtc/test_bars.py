"""What the WebRTC peer promises, measured; on a machine that does other work these measure that work."""

from __future__ import annotations

from typing import Any

import pytest
from benchmarks.webrtc.browser import chromium

from benchmarks.webrtc import density, loss, round_trip

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.mark.skipif(chromium() is None, reason="no Chromium on this machine")
async def test_a_beep_goes_from_page_to_python_to_page_in_110_ms_and_two_thirds_of_plain_aiortc() -> None:
    ours = await round_trip.in_chromium("ours", beeps=12)
    plain = await round_trip.in_chromium("aiortc", beeps=12)
    assert ours["lost"] == 0
    assert ours["median_ms"] <= 110
    assert ours["median_ms"] <= plain["median_ms"] * 2 / 3


async def test_the_server_itself_adds_next_to_nothing_to_a_beep() -> None:
    assert (await round_trip.in_process("ours", beeps=8))["median_ms"] < 10


async def test_three_per_cent_loss_reaches_the_agent_as_fifty_frames_a_second() -> None:
    result: dict[str, Any] = await loss.measure("ours", seed=7, seconds=30)
    assert result["frames_per_second"] == pytest.approx(50, abs=0.5)  # pyright: ignore[reportUnknownMemberType]
    assert result["worst_gap_ms"] < 100
    assert result["late"] == 0
    assert abs(result["concealed"] - result["lost_by_network"]) <= 1


def test_twenty_calls_at_once_are_served_in_time_for_less_than_plain_aiortc() -> None:
    ours = density.measure("ours", sessions=20, seconds=60)
    plain = density.measure("aiortc", sessions=20, seconds=20)
    assert ours["underruns_per_10_000"] <= 1
    assert ours["cpu_percent_per_session"] <= plain["cpu_percent_per_session"]
    assert ours["threads_per_session"] <= 10
