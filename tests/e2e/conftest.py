"""The example, run as its user runs it: a process, a file as the caller, a recording and an event log."""

import json
import subprocess
import sys
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.e2e.spoken_call import RATE, ROOT, Run, RunExample, Samples, read_wav

from vision_agents.plugins.embedded.weights.store import default_models, obtain


@pytest.fixture(scope="session")
def weights() -> None:
    """Fetch what is missing before any time is measured."""
    for model in default_models():
        obtain(model.name)


@pytest.fixture
def run_example(tmp_path: Path, weights: None) -> RunExample:
    """Play pieces of audio, one after the other, to `examples/assistant.py`."""

    def run(pieces: Sequence[Samples]) -> Run:
        question, record, events = (tmp_path / name for name in ("in.wav", "call.wav", "events.jsonl"))
        with wave.open(str(question), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(np.concatenate(pieces).tobytes())
        done = subprocess.run(
            [
                sys.executable, "examples/assistant.py", "run", "--no-demo", "--no-splash",
                "--audio-track-override", str(question), "--record", str(record), "--events", str(events),
            ],
            cwd=ROOT, capture_output=True, text=True, timeout=110, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        log = [json.loads(line) for line in events.read_text().splitlines()]
        return Run(log, done.stdout, read_wav(record)[:, 1])

    return run
