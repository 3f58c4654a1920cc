"""Importing the documented names and building an agent loads nothing heavy; the time is a benchmark's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "import_time.py"


def test_building_an_agent_from_stubs_loads_nothing_heavy() -> None:
    run = subprocess.run(
        [sys.executable, str(BENCHMARK), "--once"], check=False, capture_output=True, text=True
    )

    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["loaded"] == []
