"""Requests made from what OpenAPI promises, and answers held against it, on a server of its own.

    uv sync --extra embedded --group dev --group campaign
    python -m tests.campaigns.openapi_cases --count 10000 --seed 1

All checks: no 5xx, no undocumented status, content type or shape, no closed session that is still found.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tests.core.runner.http.processes import ServerProcess

CONFIG = Path(__file__).with_name("schemathesis.toml")

_OPERATIONS = 13
_LAUNCHER = '{"agent_idle_timeout": 1.0, "maintenance_interval": 0.5}'


def run(count: int, seed: int) -> int:
    """Do the campaign; gives the exit code of the tool."""
    with ServerProcess("--agents-log-level", "WARNING", env={"LAUNCHER": _LAUNCHER}) as server:
        before = len(os.listdir(f"/proc/{server.pid}/fd"))  # noqa: PTH208
        command = [
            "schemathesis",
            "--config-file",
            str(CONFIG),
            "run",
            f"http://127.0.0.1:{server.port}/openapi.json",
        ]
        limits = ["--max-examples", str(max(1, count // _OPERATIONS)), "--seed", str(seed)]
        outcome = subprocess.run([*command, *limits, "--continue-on-failure"], check=False)
        assert server.request("GET", "/health").status == 200
        after = len(os.listdir(f"/proc/{server.pid}/fd"))  # noqa: PTH208
        assert after <= before + 5, f"{after - before} descriptors were left open"
        assert "Traceback" not in server.log, server.log
    return outcome.returncode


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    return run(options.count, options.seed)


if __name__ == "__main__":
    sys.exit(main())
