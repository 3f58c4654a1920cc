"""Our column of the comparison drives the real thing, and hears what a caller would."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vision_agents.core.audio.pcm import PcmData

pytestmark = pytest.mark.virtual_time

Import = Callable[[str], Any]


async def test_every_frame_of_an_answer_is_heard(peers_module: Import) -> None:
    figures = await peers_module("scenarios").latency(peers_module("adapters.ours"), n=2)

    assert figures["frames_per_turn"] == 40
    assert figures["n"] == 2


async def test_nothing_is_heard_after_a_barge_in(peers_module: Import) -> None:
    figures = await peers_module("scenarios").barge(peers_module("adapters.ours"), n=2)

    assert figures["turns_with_frames_after_stop"] == 0


async def test_a_turn_leaves_nothing_for_the_garbage_collector(peers_module: Import) -> None:
    """The collector would run in the middle of some later answer, for longer than half a turn takes."""
    session = await peers_module("adapters.ours").new_session(peers_module("stubs").Opts())

    async def turn() -> None:
        await session.prepare()
        session.user_turn("what time is it")
        await session.settle()

    await turn()
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            await turn()
        assert gc.collect() == 0
    finally:
        gc.enable()
        await session.close()


async def test_recogniser_and_vad_get_all_that_the_caller_says(peers_module: Import) -> None:
    session = await peers_module("adapters.ours").new_session(peers_module("stubs").Opts())
    for frame in range(49):  # one was sent to join
        session.push(frame)
        await asyncio.sleep(0.02)
    await session.close()

    assert session.stt_samples == 16_000
    assert session.vad.windows == 16_000 // 512


@pytest.mark.parametrize("hertz", [1000, 9000, 10_000, 12_500, 15_900, 16_100, 20_000, 23_900])
async def test_what_the_recogniser_hears_has_no_aliases(peers_module: Import, hertz: int) -> None:
    """The comparison measures speed alone; this is the work that must be done in that time."""
    ours, opts = peers_module("adapters.ours"), peers_module("stubs").Opts
    heard: list[np.ndarray[Any, Any]] = []

    def hear(_stream: object, pcm: PcmData) -> None:
        heard.append(pcm.samples)

    ours.StubSTTStream.push = hear
    session = await ours.new_session(opts())
    heard.clear()
    tone = np.sin(2 * np.pi * hertz * np.arange(48_000) / 48_000) * 16_000
    for frame in tone.astype(np.int16).reshape(50, 960):
        session._peer.send_audio(PcmData(frame, 48_000))
        await asyncio.sleep(0.02)
    await session.close()
    # The first frames hold the beginning of the tone, which is a sound of its own.
    level = 20 * np.log10(np.std(np.concatenate(heard[5:]).astype(float)) / np.std(tone))

    assert abs(level) < 0.1 if hertz < 8000 else level <= -60
