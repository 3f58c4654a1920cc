"""The example with gRPC: sessions are started and closed, and refusals have gRPC's own words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCENE = Path(__file__).with_name("grpc_scene.py")


def test_sessions_are_started_and_closed_over_grpc() -> None:
    run = subprocess.run(
        [sys.executable, str(SCENE)], capture_output=True, text=True, check=False, timeout=60
    )

    assert run.returncode == 0, run.stderr
    running, bad_id, no_slot, another_call, own, closed, still_running = json.loads(run.stdout)
    assert (running, closed, still_running) == (True, True, False)
    assert bad_id == "INVALID_ARGUMENT"
    assert no_slot == "RESOURCE_EXHAUSTED"
    assert another_call == "NOT_FOUND"
    assert own == "OK"
