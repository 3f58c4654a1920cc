"""Connections that misbehave: slow, too many, and what is not HTTP."""

from __future__ import annotations

import select
import time
from collections.abc import Iterator

import pytest
from tests.core.runner.http.processes import ServerProcess, read_all

from vision_agents.core.runner.http.protocol import ConnectionLimits

DEADLINE = 1.0
MOST = 60


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    env = {
        "VISION_AGENTS_RECEIVE_TIMEOUT": str(DEADLINE),
        "VISION_AGENTS_MAX_CONNECTIONS": str(MOST),
    }
    with ServerProcess("--http-log-level", "DEBUG", env=env) as process:
        yield process
        assert "Traceback" not in process.log
        assert "never retrieved" not in process.log


HEAD = b"POST /calls/lunch/sessions HTTP/1.1\r\nHost: server\r\nContent-Type: application/json\r\n"

SLOW = {
    "half a request line": b"POST /calls",
    "half a head": HEAD,
    "a head without its body": HEAD + b"Content-Length: 10\r\n\r\n",
    "half a body": HEAD + b"Content-Length: 10\r\n\r\n{",
    "half a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
}


@pytest.mark.parametrize("part", SLOW.values(), ids=SLOW.keys())
def test_a_request_that_does_not_arrive_is_answered_in_time(server: ServerProcess, part: bytes) -> None:
    with server.connect() as connection:
        began = time.monotonic()
        connection.sendall(part)
        answer = read_all(connection)

    assert DEADLINE * 0.9 <= time.monotonic() - began < DEADLINE + 1
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer
    assert b'"code": "request_timeout"' in answer


def test_a_connection_without_a_request_is_closed(server: ServerProcess) -> None:
    with server.connect() as connection:
        assert read_all(connection) == b""


def test_bytes_that_trickle_in_do_not_move_the_deadline(server: ServerProcess) -> None:
    with server.connect() as connection:
        began = time.monotonic()
        try:
            for byte in HEAD * 3:
                connection.send(bytes([byte]))
                time.sleep(0.02)
        except OSError:
            pass
        else:
            pytest.fail("the server went on reading")

    assert time.monotonic() - began < DEADLINE + 1


def test_a_second_request_has_its_own_deadline(server: ServerProcess) -> None:
    whole = b"GET /health HTTP/1.1\r\nHost: server\r\n\r\n"
    with server.connect() as connection:
        for _ in range(4):
            connection.sendall(whole)
            answer = b""
            while b"}" not in answer:
                answer += connection.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 200 ")
            time.sleep(DEADLINE / 2)
        connection.sendall(whole + whole[:10])
        answer = read_all(connection)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in answer


def test_an_answer_does_not_wait_for_the_clients_acknowledgement(server: ServerProcess) -> None:
    whole, waits = b"GET /health HTTP/1.1\r\nHost: server\r\n\r\n", list[float]()
    with server.connect() as connection:
        for _ in range(20):
            began, answer = time.monotonic(), b""
            connection.sendall(whole)
            while b"}" not in answer:
                answer += connection.recv(65_536)
            waits.append(time.monotonic() - began)

    assert sorted(waits)[10] < 0.03


def test_head_and_body_of_an_answer_come_in_one_piece(server: ServerProcess) -> None:
    with server.connect() as connection:
        for _ in range(20):
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: server\r\n\r\n")
            assert connection.recv(65_536).endswith(b"}")


def test_what_the_start_has_loaded_is_not_looked_at_by_garbage_collections(server: ServerProcess) -> None:
    assert int(server.request("GET", "/frozen").body) > 50_000


def test_slow_connections_do_not_keep_the_others_waiting(server: ServerProcess) -> None:
    slow = [server.connect() for _ in range(MOST - 10)]
    try:
        for connection in slow:
            connection.sendall(HEAD)
        waits: list[float] = []
        for _ in range(30):
            began = time.monotonic()
            assert server.request("GET", "/health").status == 200
            waits.append(time.monotonic() - began)
        assert sorted(waits)[-2] < 0.2
        assert all(b" 408 " in read_all(connection) for connection in slow)
    finally:
        for connection in slow:
            connection.close()


@pytest.mark.slow
def test_eight_hundred_slow_connections_are_gone_in_fifteen_seconds() -> None:
    with ServerProcess() as patient:
        slow = [patient.connect() for _ in range(800)]
        began = time.monotonic()
        try:
            for connection in slow:
                connection.sendall(HEAD)
            waits: list[float] = []
            while time.monotonic() - began < 8:
                asked = time.monotonic()
                assert patient.request("GET", "/health").status == 200
                waits.append(time.monotonic() - asked)
            assert sorted(waits)[len(waits) * 99 // 100] < 0.2
            assert all(b" 408 " in read_all(connection) for connection in slow)
        finally:
            for connection in slow:
                connection.close()
        assert time.monotonic() - began < 15


def test_one_connection_too_many_is_refused(server: ServerProcess) -> None:
    others = [server.connect() for _ in range(MOST + 5)]
    try:
        time.sleep(0.2)
        answers = [read_all(connection) for connection in others[MOST:]]
        assert all(answer.startswith(b"HTTP/1.1 503 ") for answer in answers[1:])
        assert all(b"retry-after: " in answer for answer in answers[1:])
    finally:
        for connection in others:
            connection.close()
    time.sleep(0.2)
    assert server.request("GET", "/health").status == 200


NOT_HTTP = {
    "noise": bytes(range(256)),
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "no version": b"GET /\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    "a negative length": HEAD + b"Content-Length: -1\r\n\r\n{}",
    "no host": b"GET /health HTTP/1.1\r\n\r\n",
    "a broken chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n",
    "a space in a name": b"GET /health HTTP/1.1\r\nHost: server\r\nX Y: z\r\n\r\n",
}


@pytest.mark.parametrize("content", NOT_HTTP.values(), ids=NOT_HTTP.keys())
def test_what_is_not_http_is_a_400(server: ServerProcess, content: bytes) -> None:
    with server.connect() as connection:
        connection.sendall(content)
        answer = read_all(connection)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
def test_a_head_that_is_too_large_is_a_431(server: ServerProcess, end: bytes) -> None:
    with server.connect() as connection:
        connection.sendall(HEAD + b"X-Large: " + b"x" * 17_000 + end)
        answer = read_all(connection)

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"code": "header_too_large"' in answer


def memory_of(pid: int) -> int:
    """Resident bytes of a process."""
    with open(f"/proc/{pid}/statm") as statm:  # noqa: PTH123
        return int(statm.read().split()[1]) * 4096


@pytest.mark.parametrize("announced", [True, False])
def test_a_huge_body_is_refused_without_being_taken(server: ServerProcess, announced: bool) -> None:
    chunk = b"x" * 65_536
    how = b"Content-Length: 200000000\r\n\r\n" if announced else b"Transfer-Encoding: chunked\r\n\r\n"
    before, sent = memory_of(server.pid), 0
    with server.connect() as connection:
        connection.sendall(HEAD + how)
        try:
            while sent < 200_000_000:
                connection.sendall(chunk if announced else b"10000\r\n" + chunk + b"\r\n")
                sent += len(chunk)
        except OSError:
            pass
        answer = read_all(connection)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert sent < 20_000_000
    assert memory_of(server.pid) - before < 5_000_000


def test_a_client_that_does_not_read_is_let_go(server: ServerProcess) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: server\r\n\r\n" * 8)
        waiting = select.poll()
        waiting.register(connection, select.POLLERR)
        assert waiting.poll((DEADLINE + 5) * 1000)


def test_limits_that_make_no_sense() -> None:
    for settings in ({"max_connections": 0}, {"receive_timeout": 0.0}, {"receive_timeout": float("nan")}):
        with pytest.raises(ValueError, match="must be > 0"):
            ConnectionLimits(**settings)  # pyright: ignore[reportArgumentType]
