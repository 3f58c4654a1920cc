"""Two nodes as processes, one Redis: each sees and ends the other's sessions."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.core.runner.http.processes import ServerProcess, in_calls
from tests.real_redis import RedisServer

NODE = Path(__file__).parent / "scale_out" / "node.py"


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "ledger"
    path.touch()
    return path


@pytest.fixture
def nodes(redis_server: RedisServer, ledger: Path) -> Iterator[tuple[ServerProcess, ServerProcess]]:
    redis_server.remember()
    env = {"REDIS_URL": redis_server.url, "LEDGER": str(ledger)}
    with (
        ServerProcess("--drain-timeout", "0", env=env, script=NODE) as one,
        ServerProcess("--drain-timeout", "0", env=env, script=NODE) as two,
    ):
        yield one, two


def until_there_are(number: int, ledger: Path) -> float:
    """Wait until so many agents are in calls; gives the seconds that it took."""
    began = time.monotonic()
    while len(in_calls(ledger)) != number:
        assert time.monotonic() - began < 10
    return time.monotonic() - began


def test_any_node_sees_and_ends_any_session(nodes: tuple[ServerProcess, ServerProcess], ledger: Path) -> None:
    one, two = nodes
    session = one.start_session("lunch")
    until_there_are(1, ledger)
    path = f"/calls/lunch/sessions/{session}"

    assert json.loads(two.request("GET", path).body)["status"] in {"starting", "active"}
    assert "llm_latency_ms__avg" in json.loads(two.request("GET", f"{path}/metrics").body)["metrics"]
    assert two.request("DELETE", path).status == 202
    assert until_there_are(0, ledger) < 0.5

    answer = two.request("GET", path)
    assert (answer.status, json.loads(answer.body)["reason"]) == (404, "requested")


def test_t2_a_call_has_one_agent_whichever_nodes_are_asked(
    nodes: tuple[ServerProcess, ServerProcess], ledger: Path
) -> None:
    posts = [(node, f"call-{number}") for number in range(5) for node in nodes for _ in range(2)]

    def post(node: ServerProcess, call: str) -> int:
        return node.request("POST", f"/calls/{call}/sessions", {}).status

    with ThreadPoolExecutor(len(posts)) as pool:
        answers = list(pool.map(post, *zip(*posts, strict=True)))

    assert sorted(answers) == [201] * 5 + [429] * 15
    until_there_are(5, ledger)
    for node in nodes:
        node.send_signal()
        assert node.wait(15) == 0
    assert in_calls(ledger) == set()
