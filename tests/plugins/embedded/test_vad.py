"""The VAD port on Silero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from vision_agents.plugins.embedded.vad import VAD

if TYPE_CHECKING:
    from tests.plugins.embedded.conftest import Recording


async def test_speech_is_probable_and_forgotten_on_reset(recording: Recording) -> None:
    vad = VAD()
    await vad.start()
    stream = vad.open()
    window = vad.profile.window
    speech = recording("paris_hibari")
    heard = [stream.process(speech[begin : begin + window]) for begin in range(0, window * 20, window)]
    assert max(heard) > 0.9
    stream.reset()
    assert stream.process(np.zeros(window, np.float32)) == vad.open().process(np.zeros(window, np.float32))
    await vad.close()


async def test_streams_do_not_hear_one_another(recording: Recording) -> None:
    vad = VAD()
    await vad.start()
    speaking, silent = vad.open(), vad.open()
    window = vad.profile.window
    for begin in range(0, window * 20, window):
        speaking.process(recording("paris_hibari")[begin : begin + window])
    assert silent.process(np.zeros(window, np.float32)) == vad.open().process(np.zeros(window, np.float32))


async def test_sessions_share_one_model() -> None:
    one, two = VAD(), VAD()
    await one.warmup()
    await two.warmup()
    assert one._engine is two._engine  # pyright: ignore[reportPrivateUsage]


def test_it_must_be_started_first() -> None:
    with pytest.raises(RuntimeError, match="start"):
        VAD().open()


def test_it_tells_who_it_is() -> None:
    assert (VAD().describe().provider, VAD().describe().model) == ("embedded", "silero-vad")
