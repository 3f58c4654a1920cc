"""Two servers with one registry on a real Redis: what one starts, the other knows and closes."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.core.runner.http.processes import ServerProcess, in_calls
from tests.real_redis import RedisServer


@pytest.fixture
def redis(redis_server: RedisServer) -> RedisServer:
    """A registry that has been there before: nothing can be missing in it."""
    redis_server.remember()
    return redis_server


def node(redis: RedisServer, folder: Path, *arguments: str, **launcher: object) -> ServerProcess:
    env = {"REDIS": redis.url, "LEDGER": str(folder / "ledger"), "LAUNCHER": json.dumps(launcher)}
    return ServerProcess(*arguments, env=env)


def until(true: Callable[[], bool], seconds: float) -> float:
    """Wait for something; gives how long it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(0.01)
    return time.monotonic() - began


def test_any_node_finds_and_closes_any_session(redis: RedisServer, tmp_path: Path) -> None:
    with node(redis, tmp_path) as a, node(redis, tmp_path) as b:
        session = a.start_session("lunch")
        path = f"/calls/lunch/sessions/{session}"
        at_a, at_b = (json.loads(server.request("GET", path).body) for server in (a, b))
        assert at_b["node"] == at_a["node"]
        assert at_b["session_started_at"] == at_a["session_started_at"]
        metrics = json.loads(b.request("GET", f"{path}/metrics").body)
        assert (metrics["session_id"], metrics["call_id"]) == (session, "lunch")
        listed = json.loads(b.request("GET", "/sessions").body)["sessions"]
        assert [item["session_id"] for item in listed] == [session]

        assert b.request("DELETE", path).status == 202
        assert until(lambda: not in_calls(tmp_path / "ledger"), 2) < 0.5
        gone = until_status(b, path, 404)
        assert (gone["status"], gone["reason"]) == ("closed", "requested")

        headers = {"Idempotency-Key": "one"}
        made = [server.request("POST", "/calls/tea/sessions", {}, headers).body for server in (a, b)]
        assert json.loads(made[0])["session_id"] == json.loads(made[1])["session_id"]


def until_status(server: ServerProcess, path: str, status: int) -> dict[str, object]:
    while (answer := server.request("GET", path)).status != status:
        time.sleep(0.02)
    return json.loads(answer.body)


def test_without_the_registry_the_nodes_own_sessions_go_on(redis: RedisServer, tmp_path: Path) -> None:
    with node(redis, tmp_path) as server:
        session = server.start_session("lunch")
        path = f"/calls/lunch/sessions/{session}"
        redis.kill()
        for method, asked in (("POST", "/calls/tea/sessions"), ("GET", "/calls/tea/sessions/x")):
            began = time.monotonic()
            refused = server.request(method, asked, {} if method == "POST" else None)
            assert (refused.status, json.loads(refused.body)["code"]) == (503, "registry_unavailable")
            assert "retry-after" in refused.headers
            assert time.monotonic() - began < 2
        assert server.request("GET", path).status == 200
        assert server.request("GET", f"{path}/metrics").status == 200
        assert server.request("GET", "/calls/lunch/sessions").status == 200
        assert server.request("GET", "/health").status == 200
        ready = server.request("GET", "/ready")
        assert (ready.status, json.loads(ready.body)["registry"]) == (200, "unavailable")
        assert server.request("DELETE", path).status == 202
        until(lambda: not in_calls(tmp_path / "ledger"), 2)
        began = time.monotonic()
        server.send_signal()
        assert server.wait(10) == 0
        assert time.monotonic() - began < 5


@pytest.mark.slow
def test_four_starts_at_once_on_each_of_twenty_calls(redis: RedisServer, tmp_path: Path) -> None:
    with (
        node(redis, tmp_path, max_sessions_per_call=1) as a,
        node(redis, tmp_path, max_sessions_per_call=1) as b,
        ThreadPoolExecutor(8) as clients,
    ):
        asked = [(server, f"call-{i}") for i in range(20) for server in (a, b, a, b)]
        answers = list(clients.map(start, asked))
        made = Counter(call for call, status in answers if status == 201)
        assert made == Counter(f"call-{i}" for i in range(20))
        assert {status for _, status in answers} == {201, 429}
        assert len(in_calls(tmp_path / "ledger")) == 20


def start(asked: tuple[ServerProcess, str]) -> tuple[str, int]:
    server, call_id = asked
    return call_id, server.request("POST", f"/calls/{call_id}/sessions", {}).status


class Balancer:
    """Sends each request to a node that was ready a moment ago, as a balancer in front of them does."""

    def __init__(self, nodes: list[ServerProcess]) -> None:
        self.nodes = nodes
        self.answers: Counter[int] = Counter()
        self._ready: list[ServerProcess] = list(nodes)
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._probe), threading.Thread(target=self._send)]

    def __enter__(self) -> Balancer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _probe(self) -> None:
        while not self._over.wait(0.05):
            self._ready = [node for node in list(self.nodes) if ready(node)]

    def _send(self) -> None:
        for i in range(10_000):
            if self._over.wait(0.02):
                return
            node = self._ready[i % len(self._ready)]
            try:
                answer = node.request("POST", f"/calls/call-{i}/sessions", {})
                self.answers[answer.status] += 1
                if answer.status == 201:
                    session = json.loads(answer.body)["session_id"]
                    self.answers[node.request("DELETE", f"/calls/call-{i}/sessions/{session}").status] += 1
            except OSError:
                self.answers[0] += 1


def ready(server: ServerProcess) -> bool:
    try:
        return server.request("GET", "/ready").status == 200
    except OSError:
        return False


@pytest.mark.slow
def test_rolling_two_nodes_loses_no_request(redis: RedisServer, tmp_path: Path) -> None:
    first = [node(redis, tmp_path, "--drain-timeout", "3") for _ in range(2)]
    second: list[ServerProcess] = []
    try:
        with Balancer(list(first)) as balancer:
            time.sleep(1)
            for old in first:
                fresh = node(redis, tmp_path, "--drain-timeout", "3")
                second.append(fresh)
                balancer.nodes.append(fresh)
                until(lambda fresh=fresh: ready(fresh), 10)
                time.sleep(0.3)
                # A call that is under way holds the old node open for a moment, as calls do.
                held = old.start_session(f"held-{len(second)}")
                old.send_signal()
                time.sleep(0.5)
                path = f"/calls/held-{len(second)}/sessions/{held}"
                assert second[-1].request("DELETE", path).status == 202
                assert old.wait(10) == 0
                balancer.nodes.remove(old)
            time.sleep(0.5)
        until(lambda: not in_calls(tmp_path / "ledger"), 5)
    finally:
        for server in (*first, *second):
            server.__exit__(None, None, None)

    # A request may still go to a node in the moment between its signal and the next probe: it is told so.
    assert balancer.answers.pop(503, 0) <= 6
    assert set(balancer.answers) == {201, 202}
    assert balancer.answers[201] > 50


@pytest.mark.slow
def test_a_frozen_registry_holds_up_no_request_and_no_session(redis: RedisServer, tmp_path: Path) -> None:
    with node(redis, tmp_path) as a, node(redis, tmp_path) as b:
        mine = [a.start_session(f"call-{i}") for i in range(5)]
        other = b.start_session("other")
        own = f"/calls/call-0/sessions/{mine[0]}"
        elsewhere = f"/calls/other/sessions/{other}"
        redis.freeze()
        try:
            for _ in range(3):  # at first it is waited for, then it is known to be gone
                for method, path, status in (
                    ("GET", own, 200),
                    ("GET", f"{own}/metrics", 200),
                    ("GET", "/calls/call-0/sessions", 200),
                    ("GET", "/sessions", 200),
                    ("GET", elsewhere, 503),
                    ("GET", f"{elsewhere}/metrics", 503),
                    ("DELETE", elsewhere, 503),
                    ("POST", f"{elsewhere}/close", 503),
                    ("POST", "/calls/more/sessions", 503),
                    ("GET", "/health", 200),
                    ("GET", "/ready", 200),
                    ("GET", "/metrics", 200),
                ):
                    began = time.monotonic()
                    answer = a.request(method, path, {} if method == "POST" else None)
                    assert answer.status == status, (method, path, answer)
                    assert time.monotonic() - began < 1.5, (method, path)
                    if status == 503:
                        assert json.loads(answer.body)["code"] == "registry_unavailable"
                        assert int(answer.headers["retry-after"]) > 0
                time.sleep(1)
            assert a.request("DELETE", f"/calls/call-4/sessions/{mine[4]}").status == 202
            until(lambda: len(in_calls(tmp_path / "ledger")) == 5, 2)
        finally:
            redis.thaw()

        left = {*mine[:4], other}
        for server in (a, b):
            until(lambda server=server: listed(server) == left, 6)
        assert a.request("GET", elsewhere).status == 200
        a.start_session("more")
        assert a.request("DELETE", elsewhere).status == 202
        until(lambda: other not in in_calls(tmp_path / "ledger"), 2)
        assert "Traceback" not in a.log + b.log


def listed(server: ServerProcess) -> set[str]:
    sessions = json.loads(server.request("GET", "/sessions").body)["sessions"]
    return {session["session_id"] for session in sessions if session["reason"] is None}
