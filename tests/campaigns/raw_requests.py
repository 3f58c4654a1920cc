"""Requests that were broken on purpose, byte by byte, against a server of its own.

    python -m tests.campaigns.raw_requests --count 10000 --seed 1

Nothing that a client sends may give a 5xx, a traceback, or leave a connection open.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.core.runner.http.processes import ServerProcess

_JSON = b"Host: server\r\nContent-Type: application/json\r\n"
_POST = b"POST /calls/lunch/sessions HTTP/1.1\r\n" + _JSON
CORPUS = (
    b"POST /calls/lunch/sessions HTTP/1.1\r\n"
    + _JSON
    + b'Content-Length: 24\r\n\r\n{"call_type": "default"}',
    b"POST /calls/lunch/sessions HTTP/1.1\r\n"
    + _JSON
    + b"Idempotency-Key: one\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /calls/lunch/sessions HTTP/1.1\r\n"
    + _JSON
    + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"POST /sessions HTTP/1.1\r\n" + _JSON + b'Content-Length: 20\r\n\r\n{"call_id": "lunch"}',
    b"GET /calls/lunch/sessions/x HTTP/1.1\r\n" + _JSON + b"\r\n",
    b"GET /calls/lunch/sessions/x/metrics HTTP/1.1\r\n" + _JSON + b"\r\n",
    b"DELETE /sessions/lunch/x HTTP/1.1\r\n" + _JSON + b"\r\n",
    b"POST /calls/lunch/sessions/x/close HTTP/1.1\r\n" + _JSON + b"Content-Length: 5\r\n\r\ntoken",
    b"GET /sessions?limit=1 HTTP/1.1\r\n" + _JSON + b"Accept: */*;q=0.5, text/plain\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\n" + _JSON + b"Accept: text/plain;q=0.5\r\nOrigin: https://a.example\r\n\r\n",
    b"OPTIONS /sessions HTTP/1.1\r\n" + _JSON + b"Origin: x\r\nAccess-Control-Request-Method: GET\r\n\r\n",
    b"GET /docs HTTP/1.1\r\n" + _JSON + b"Range: bytes=0-10\r\nIf-None-Match: x\r\n\r\n",
    b"GET /openapi.json HTTP/1.0\r\n\r\n",
)
_PIECES = (
    b"\x00", b"\xff", b"\r\n", b"\r\n\r\n", b"%00", b"%2e%2e%2f", b"%ff", b"{", b"[" * 40, b'"', b"\\ud800",
    b"9" * 40, b"-1", b"NaN", b" ", b"\t", b":", b"../", b"//", b"?", b"#", b"A" * 20_000, b"\xc3\x28",
    b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n",
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n", b"Host: other\r\n", b"X-API-Key: \xe9\r\n",
)  # fmt: skip


def broken(count: int, seed: int) -> Iterator[bytes]:
    """Make requests, each with one to four faults."""
    chance = random.Random(seed)
    for _ in range(count):
        request = bytearray(chance.choice(CORPUS))
        for _ in range(chance.randint(1, 4)):
            _break(request, chance)
        yield bytes(request)


def _break(request: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(request) + 1)
    end = min(len(request), at + chance.randint(1, 20))
    match chance.randrange(6):
        case 0:
            request[at:at] = chance.choice(_PIECES)
        case 1:
            request[at:end] = chance.choice(_PIECES)
        case 2:
            del request[at:end]
        case 3:
            request[at:end] = chance.randbytes(end - at)
        case 4:
            request[at:at] = request[at:end]
        case _:
            other = chance.choice(CORPUS)
            request[at:] = other[chance.randrange(len(other)) :]


@dataclass
class Verdict:
    """What came back."""

    statuses: Counter[int] = field(default_factory=Counter[int])
    faults: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])


async def send_all(port: int, requests: Iterator[bytes], *, at_once: int = 150) -> Verdict:
    """Send each over a connection of its own."""
    verdict = Verdict()

    async def work() -> None:
        for request in requests:
            answer = await _send(port, request)
            found = [int(status) for status in re.findall(rb"^HTTP/1\.1 (\d{3}) ", answer, re.MULTILINE)]
            verdict.statuses.update(found)
            if (answer and not found) or any(status >= 500 for status in found):
                verdict.faults.append((request, answer))

    await asyncio.gather(*(work() for _ in range(at_once)))
    return verdict


async def _send(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = b""
    try:
        writer.write(request)
        while chunk := await asyncio.wait_for(reader.read(65_536), 0.5 if received else 20):
            received += chunk
    except (ConnectionError, TimeoutError):
        pass
    finally:
        writer.close()
    return received


def run(count: int, seed: int) -> Verdict:
    """Do the campaign; raises where the server itself was hurt."""
    with ServerProcess("--drain-timeout", "0", env={"VISION_AGENTS_RECEIVE_TIMEOUT": "0.3"}) as server:
        assert server.request("GET", "/health").status == 200
        before = len(os.listdir(f"/proc/{server.pid}/fd"))  # noqa: PTH208
        verdict = asyncio.run(send_all(server.port, broken(count, seed)))
        assert server.request("GET", "/health").status == 200
        after = len(os.listdir(f"/proc/{server.pid}/fd"))  # noqa: PTH208
        assert after <= before + 2, f"{after - before} descriptors were left open"
        server.send_signal()
        server.wait(20)
        assert "Traceback" not in server.log, server.log
        assert "never retrieved" not in server.log, server.log
    return verdict


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    verdict = run(options.count, options.seed)
    print(dict(sorted(verdict.statuses.items())))
    for request, answer in verdict.faults[:10]:
        print("FAULT", request, "->", answer[:300])
    return 1 if verdict.faults else 0


if __name__ == "__main__":
    sys.exit(main())
