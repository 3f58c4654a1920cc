"""A server as a process: how it ends, what it writes, and what it does not."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.core.runner.http.processes import SCRIPT, ServerProcess, in_calls, read_all

HALF = b"POST /calls/late/sessions HTTP/1.1\r\nHost: server\r\nContent-Length: 10\r\n\r\n{"
STUCK = json.dumps({"close_timeout": 1.0})


def until_refused(server: ServerProcess, path: str) -> float:
    """Wait until a path answers 503; gives the seconds that it took."""
    began = time.monotonic()
    while server.request("GET", path).status != 503:
        assert time.monotonic() - began < 5
    return time.monotonic() - began


def test_sigterm_drains_twenty_sessions_and_ends_in_time(tmp_path: Path) -> None:
    book = tmp_path / "ledger"
    with ServerProcess("--drain-timeout", "2", env={"LEDGER": str(book)}) as server:
        sessions = [server.start_session(f"call-{i}") for i in range(20)]
        half = [server.connect() for _ in range(3)]
        for connection in half:
            connection.sendall(HALF)
        assert len(in_calls(book)) == 20

        server.send_signal()
        began = time.monotonic()
        assert until_refused(server, "/ready") < 0.1
        assert server.request("GET", "/health").status == 200
        refused = server.request("POST", "/calls/one-more/sessions", {})
        assert (refused.status, json.loads(refused.body)["code"]) == (503, "draining")
        assert "retry-after" in refused.headers
        assert server.request("GET", f"/calls/call-0/sessions/{sessions[0]}").status == 200
        assert server.request("DELETE", f"/calls/call-0/sessions/{sessions[0]}").status == 202
        assert len(in_calls(book)) >= 19

        assert server.wait(12) == 0
        assert 1.5 < time.monotonic() - began < 5
        assert in_calls(book) == set()
        for connection in half:
            assert b" 503 " in read_all(connection)
            connection.close()
    assert "Traceback" not in server.log


def test_a_server_whose_sessions_have_ended_does_not_wait(tmp_path: Path) -> None:
    with ServerProcess("--drain-timeout", "30", env={"LEDGER": str(tmp_path / "ledger")}) as server:
        session = server.start_session("lunch")
        server.send_signal()
        until_refused(server, "/ready")
        server.request("DELETE", f"/calls/lunch/sessions/{session}")
        assert server.wait(5) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(number: signal.Signals) -> None:
    with ServerProcess("--drain-timeout", "60", env={"JOIN": "stubborn"}) as server:
        server.start_session("lunch")
        server.send_signal(number)
        until_refused(server, "/ready")
        began = time.monotonic()
        server.send_signal(number)
        server.wait(5)
        assert time.monotonic() - began < 2.5


@pytest.mark.slow
@pytest.mark.parametrize("join", ["stubborn", "thread"])
def test_whatever_sessions_do_it_ends_in_time(join: str) -> None:
    with ServerProcess("--drain-timeout", "1", env={"JOIN": join, "LAUNCHER": STUCK}) as server:
        server.start_session("lunch")
        server.send_signal()
        assert server.wait(12) == 0


def test_starts_under_way_are_finished_or_refused(tmp_path: Path) -> None:
    book = tmp_path / "ledger"
    with ServerProcess("--drain-timeout", "0.5", env={"CREATE": "slow", "LEDGER": str(book)}) as server:
        connections = [server.connect() for _ in range(10)]
        for i, connection in enumerate(connections):
            head = f"POST /calls/call-{i}/sessions HTTP/1.1\r\nHost: server\r\nContent-Length: 2\r\n"
            connection.sendall(f"{head}Content-Type: application/json\r\n\r\n{{}}".encode())
        time.sleep(0.3)
        server.send_signal()
        answers = [read_all(connection) for connection in connections]
        assert server.wait(12) == 0
        for connection in connections:
            connection.close()

    assert {answer.split()[1] for answer in answers} <= {b"201", b"503"}
    assert not book.exists() or in_calls(book) == set()


def test_an_address_that_is_taken_is_told_before_any_model_is_loaded() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        run = subprocess.run(
            [sys.executable, str(SCRIPT), "serve", "--port", port],
            capture_output=True,
            text=True,
            check=False,
        )

    assert run.returncode == 2
    assert run.stderr == f"Error: Cannot serve on 127.0.0.1 port {port}: Address already in use.\n"


@pytest.mark.parametrize(
    ("arguments", "env", "said"),
    [
        (["--host", "0.0.0.0"], {"VISION_AGENTS_ENV": "production"}, "Refusing to serve on 0.0.0.0"),
        (["--host", "256.0.0.1"], {}, "Cannot serve on 256.0.0.1"),
        (["--drain-timeout", "-1"], {}, "drain_timeout must be >= 0"),
        (["--port", "70000"], {}, "port must be between 0 and 65535"),
        (["--http-log-level", "LOUD"], {}, "Invalid value for '--http-log-level'"),
    ],
)
def test_what_cannot_work_is_told_in_a_sentence(arguments: list[str], env: dict[str, str], said: str) -> None:
    run = subprocess.run(
        [sys.executable, str(SCRIPT), "serve", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin", **env},
    )

    assert run.returncode == 2
    assert said in run.stderr
    assert "Traceback" not in run.stderr


def test_no_secret_reaches_a_log_an_answer_or_a_metric(tmp_path: Path) -> None:
    planted = {
        "PLANTED_API_KEY": "sk-planted-in-the-environment",
        "VISION_AGENTS_API_KEY": "planted-as-the-api-key",
        "DATABASE_URL": "redis://user:planted-in-a-url@127.0.0.1/0",
    }
    in_request = {"Authorization": "Bearer planted-in-a-header", "X-API-Key": "planted-as-the-api-key"}
    env = {**planted, "CREATE": "fails", "PERMISSION": "raises"}
    seen: list[str] = []
    with ServerProcess(
        "--agents-log-level", "DEBUG", "--http-log-level", "DEBUG", "--debug", env=env
    ) as server:
        for method, path, body in (
            ("POST", "/calls/lunch/sessions?token=planted-in-a-query", {}),
            ("GET", "/calls/lunch/sessions/x?authorization=planted-in-a-query", None),
            ("POST", "/sessions", {"call_id": "lunch"}),
            ("GET", "/metrics", None),
            ("GET", "/health?key=planted-in-a-query", None),
            ("GET", "/openapi.json", None),
        ):
            for headers in (in_request, {"X-API-Key": "planted-and-wrong"}):
                answer = server.request(method, path, body, headers)
                seen += [str(answer.headers), answer.body.decode()]
        server.send_signal()
        assert server.wait(10) == 0
        seen.append(server.log)

    assert "A session failed" in server.log
    assert "A permission callback failed" in server.log
    assert "planted" not in "".join(seen).replace("planted_api_key", "").replace("PLANTED_API_KEY", "")
