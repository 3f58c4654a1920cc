"""Microphone and loudspeaker, through a real sound server.

Real time, so slow; skipped where PulseAudio is not installed, and where the machine has no time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.plugins.console.pty_session import PtySession
from tests.plugins.console.pulse import BUSY, MISSING, RATE, PulseServer
from tests.plugins.console.talking_agent import GREETING

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.resample import resample
from vision_agents.testing.tone_speech import read_speech, speak

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"PulseAudio is not installed: {', '.join(MISSING)}"),
    pytest.mark.skipif(BUSY, reason="The machine is too busy for sound in real time."),
]

PROBE = Path(__file__).with_name("sound_probe.py")
LOUD = 1_000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PulseServer]:
    server = PulseServer(tmp_path)
    yield server
    server.stop()


def probe(server: PulseServer, scene: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(PROBE), scene],
        env=server.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def result(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert err == "", "nothing may be written across the screen"
    return json.loads(out.splitlines()[-1])


def windows(samples: Any, size: int) -> Any:
    return np.abs(samples[: len(samples) // size * size].astype(float)).reshape(-1, size).max(axis=1)


def frequency(samples: Any, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * rate / len(samples)


def test_what_is_played_is_whole_and_a_flush_cuts_it(server: PulseServer) -> None:
    recording = server.record()
    told = result(probe(server, "speaks"))
    samples = recording.end()

    sounding = np.nonzero(np.abs(samples.astype(int)) > LOUD)[0]
    sound = samples[sounding[0] : sounding[-1]]
    assert frequency(sound[: RATE // 2], RATE) == pytest.approx(600, abs=2)
    assert (windows(sound, RATE // 100)[:-3] > 7_000).all(), "there is a gap"
    assert np.abs(np.diff(sound.astype(float), 2)).max() < 120, "there is a click"
    # One second was sent; what waited (the cushion and a little) was dropped, and a frame of 20 ms fades.
    assert 0.9 <= len(sound) / RATE <= 1.02
    assert 0.03 <= np.median(told["unplayed"]) <= 0.2
    assert told["left"] <= 0.1, "the bound from decision to silence"
    assert told["after"] == 0.0


def test_what_is_said_is_heard_at_once_and_whole(server: PulseServer) -> None:
    process = probe(server, "hears")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.5)
    tone = (6_000 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)).astype(np.int16)
    server.say(tone, RATE)
    time.sleep(0.5)
    told = result(process)

    samples, rate = np.array(told["samples"], np.int16), told["rate"]
    assert rate == 16_000
    sounding = np.nonzero(np.abs(samples.astype(int)) > LOUD)[0]
    sound = samples[sounding[0] : sounding[-1]]
    assert len(sound) / rate == pytest.approx(2, abs=0.05)
    assert frequency(sound[rate // 2 : rate + rate // 2], rate) == pytest.approx(440, abs=2)
    assert (windows(sound, rate // 100) > LOUD).all(), "there is a gap"
    assert np.median(told["gaps"]) == pytest.approx(0.02, abs=0.005)


def test_twenty_calls_leave_nothing_in_the_process(server: PulseServer) -> None:
    told = result(probe(server, "comes_and_goes"))

    assert told["after"] == told["before"]


# A whole conversation.


@pytest.fixture
def talk(server: PulseServer) -> Iterator[PtySession]:
    with PtySession(environment=server.environment) as terminal:
        yield terminal


def heard(samples: Any) -> str:
    return read_speech(resample(PcmData(samples, RATE), 16_000))


def test_a_spoken_question_is_answered_aloud(server: PulseServer, talk: PtySession) -> None:
    recording = server.record()
    talk.until(f"agent: {GREETING}")
    talk.until("● idle")
    time.sleep(1.0)  # right after the agent's voice the canceller still holds back
    question = speak("weather in paris")
    server.say(np.asarray(question.samples, np.int16), question.sample_rate)
    talk.until("agent: It is sunny in Paris. Take a hat.  ")
    talk.until("● idle")
    said = heard(recording.end())

    assert talk.said[1:3] == [
        "you: weather in paris",
        "tool: get_weather(location='Paris') -> It is sunny in Paris.",
    ]
    assert "it is sunny in paris take a hat" in said
    assert any("you ███" in row for row in talk.lines)
    talk.press("\x03")
    assert talk.ends() == 0


def test_control_t_makes_it_a_text_mode_and_back(server: PulseServer, talk: PtySession) -> None:
    talk.until(f"agent: {GREETING}")
    talk.until("● idle")
    talk.press("\x14")
    talk.until("text mode")
    recording = server.record()
    talk.press("weather in paris\r")
    talk.until("agent: It is sunny in Paris. Take a hat.  ")
    talk.until("● idle")
    assert np.abs(recording.end().astype(int)).max() < 50, "in text mode nothing sounds"

    talk.press("\x14")
    talk.until("you ")
    recording = server.record()
    talk.press("count\r")
    talk.until("● speaking")
    talk.until("sixteen  ")
    assert "one two three four" in heard(recording.end())


def test_the_agents_own_voice_is_taken_out_of_the_microphone(tmp_path: Path) -> None:
    server = PulseServer(tmp_path, echo_ms=100)
    try:
        raw = result(probe(server, "echoes"))["level_db"]
        clean = result(probe(server, "cancels"))["level_db"]
    finally:
        server.stop()

    assert raw > 50, "there is no echo to take out"
    assert raw - clean >= 12, "the canceller compares with what is yet to be played, or was played long ago"


def test_a_sound_server_that_goes_away_leaves_text_mode(server: PulseServer, talk: PtySession) -> None:
    talk.until(f"agent: {GREETING}")
    talk.until("● idle")
    server.stop()
    talk.until("A sound device has gone. Text mode: type, and press Enter.")
    talk.press("weather in paris\r")

    talk.until("agent: It is sunny in Paris. Take a hat.  ")
    talk.press("\x03")
    assert talk.ends() == 0


def test_a_device_that_does_not_exist_is_refused(server: PulseServer) -> None:
    with PtySession("--input-device", "nonesuch", environment=server.environment) as terminal:
        assert terminal.ends() == 2

    (error,) = [line for line in terminal.lines if line.startswith("Error: ")]
    assert "There is no microphone 'nonesuch': known are 0 'pulse'" in error
