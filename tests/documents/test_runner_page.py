"""The examples of the runner's page."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.core.runner.http.processes import ROOT, ServerProcess
from tests.documents.parts import create_agent, join_call

from vision_agents.core import AgentLauncher, Runner, ServeOptions

HEADLESS = ["--no-demo", "--audio-track-override", str(ROOT / "tests/audio/paris_flite.wav")]
COMPLETE = Path(__file__).with_name("complete_example.py")


def test_a_runner() -> None:
    launcher = AgentLauncher(
        create_agent=create_agent,
        join_call=join_call,
    )

    runner = Runner(
        launcher=launcher,
        serve_options=ServeOptions(),
    )

    assert runner.launcher is launcher


def signature(function: Any) -> dict[str, object]:
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.name != "self"}


def test_the_documented_signatures() -> None:
    assert signature(Runner.run) == {
        "call_type": "default",
        "call_id": None,
        "debug": False,
        "log_level": "INFO",
        "no_demo": False,
        "video_track_override": None,
    }
    assert signature(Runner.serve) == {
        "host": "127.0.0.1",
        "port": 8000,
        "agents_log_level": "INFO",
        "http_log_level": "INFO",
        "debug": False,
    }


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (
            "run",
            {
                "--call-type",
                "--call-id",
                "--debug",
                "--log-level",
                "--no-demo",
                "--video-track-override",
                "--no-splash",
            },
        ),
        ("serve", {"--host", "--port", "--agents-log-level", "--http-log-level", "--debug", "--no-splash"}),
    ],
)
def test_the_documented_options(
    command: str, options: set[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        Runner(AgentLauncher(create_agent, join_call)).cli([command, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert {option for option in options if option not in said} == set()


def test_the_complete_example_serves() -> None:
    with ServerProcess("--host", "127.0.0.1", script=COMPLETE) as server:
        request = urllib.request.Request(
            f"http://localhost:{server.port}/sessions",
            headers={"Content-Type": "application/json"},
            data=b'{"call_id": "test-123", "call_type": "default"}',
        )
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 201
            body = json.load(answer)
        assert list(body) == ["session_id", "call_id", "started_at"]
        seen = json.loads(server.request("GET", f"/sessions/test-123/{body['session_id']}").body)
        assert list(seen) == ["session_id", "call_id", "started_at", "status"]
        health = json.loads(server.request("GET", "/health").body)
        assert health == {"status": "healthy", "warmed_up": True, "running": True}
        metrics = json.loads(server.request("GET", "/metrics").body)
        assert metrics == {
            "active_sessions": 1,
            "total_sessions_started": 1,
            "warmed_up": True,
            "running": True,
        }
        closed = server.request("DELETE", f"/sessions/test-123/{body['session_id']}")
        assert (closed.status, json.loads(closed.body)) == (200, {"success": True})


def test_the_complete_example_runs_in_the_console() -> None:
    run = subprocess.run(
        [sys.executable, str(COMPLETE), "run", "--call-id", "my-test-call", *HEADLESS],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
