"""Calls in a browser on a machine that reaches nobody: a network namespace with nothing but loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.browser.chromium import executable

ROOT = Path(__file__).parents[2]
SCENES = (
    "tests/browser/test_calls.py::test_two_spoken_questions_are_answered_aloud",
    "tests/browser/test_page.py::test_panels_tell_of_latency_events_and_the_connection_and_nobody_else_is_asked",
)


def in_a_namespace() -> list[str]:
    """The command that goes where there is no network; skips where the system forbids that."""
    command = ["unshare", "--net", *(() if os.geteuid() == 0 else ("--map-root-user",))]
    allowed = shutil.which("unshare") and shutil.which("ip")
    if not allowed or subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("No network namespace can be made here.")
    return command


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_call_needs_no_network_but_loopback() -> None:
    executable()
    script = 'ip link set lo up && ! ip route get 192.0.2.1 && exec "$@"'
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *SCENES]
    done = subprocess.run(
        [*in_a_namespace(), "sh", "-c", script, "sh", *command],
        cwd=ROOT, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout
