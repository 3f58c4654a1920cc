"""How fast the HTTP interface answers, beside a bare FastAPI application of the same shapes in the same run.

Both are served by uvicorn with h11 on asyncio, one process each; the client keeps its connections. Prints one
line of JSON: medians of interleaved rounds, and the share of bare FastAPI's rate that is left.

    python benchmarks/http_server.py [--rounds 3] [--sessions 800] [--idle 10]
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

SERVERS = ("ours", "bare")
HEADERS = "Host: bench\r\nContent-Type: application/json\r\n"
TICKS = os.sysconf("SC_CLK_TCK")


def serve_ours(port: int) -> None:
    from vision_agents.core import Agent, AgentLauncher, Runner
    from vision_agents.core.edge.loopback import Edge

    async def create_agent() -> Agent:
        return Agent(edge=Edge())

    async def join_call(agent: Agent, call_type: str, call_id: str) -> None:
        await asyncio.Event().wait()

    launcher = AgentLauncher(create_agent, join_call)
    Runner(launcher).serve(port=port, drain_timeout=0)


def serve_bare(port: int) -> None:
    from datetime import UTC, datetime
    from uuid import uuid4

    import uvicorn
    from fastapi import FastAPI, HTTPException
    from pydantic import BaseModel

    class Body(BaseModel):
        call_type: str = "default"

    app, sessions = FastAPI(), {}

    @app.post("/calls/{call_id}/sessions", status_code=201)
    async def start(call_id: str, body: Body) -> dict:
        session = {
            "session_id": str(uuid4()),
            "call_id": call_id,
            "session_started_at": datetime.now(UTC).isoformat(),
        }
        sessions[call_id, session["session_id"]] = session
        return session

    @app.get("/calls/{call_id}/sessions/{session_id}")
    async def get(call_id: str, session_id: str) -> dict:
        if (call_id, session_id) not in sessions:
            raise HTTPException(404)
        return sessions[call_id, session_id]

    @app.get("/health")
    async def health() -> dict:
        return {"status": "healthy"}

    uvicorn.run(app, port=port, loop="asyncio", http="h11", access_log=False, log_level="warning")


@dataclass
class Load:
    """Requests over a number of connections, and how long each took."""

    port: int
    requests: Iterator[bytes]
    seconds: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def run(self, connections: int) -> float:
        """Send all of them; gives requests per second."""
        loop = asyncio.get_running_loop()
        began = time.perf_counter()
        done = [loop.create_future() for _ in range(connections)]
        for future in done:
            await loop.create_connection(lambda f=future: Connection(self, f), "127.0.0.1", self.port)
        await asyncio.gather(*done)
        return len(self.seconds) / (time.perf_counter() - began)


class Connection(asyncio.Protocol):
    """Sends the next request when the last one is answered."""

    def __init__(self, load: Load, done: asyncio.Future) -> None:
        self._load, self._done = load, done
        self._received, self._sent = b"", 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, _, body = self._received.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if length is None or len(body) < int(length[1]):
            return
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
            raise RuntimeError(self._received.decode())
        self._load.seconds.append(time.perf_counter() - self._sent)
        self._load.bodies.append(body)
        self._received = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)

    def _next(self) -> None:
        request = next(self._load.requests, None)
        if request is None:
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)


def request(method: str, path: str, body: str = "") -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\n{HEADERS}{length}\r\n{body}".encode()


class Server:
    """One of the two, in a process of its own."""

    def __init__(self, name: str, port: int) -> None:
        self.name, self.port, self.paths = name, port, []
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--serve", name, str(port)], stderr=subprocess.DEVNULL
        )

    async def ready(self) -> None:
        while True:
            try:
                await Load(self.port, iter([request("GET", "/health")])).run(1)
            except OSError:
                if self._process.poll() is not None:
                    raise RuntimeError(f"The server {self.name} has ended.") from None
                await asyncio.sleep(0.1)
            else:
                return

    async def measure(self, connections: int, requests: list[bytes]) -> dict:
        load, cpu = Load(self.port, iter(requests)), self.cpu()
        rate = await load.run(connections)
        times = sorted(load.seconds)
        self.paths += [
            f"/calls/{body['call_id']}/sessions/{body['session_id']}"
            for body in map(json.loads, load.bodies)
            if "session_started_at" in body and len(self.paths) < 800 and requests[0].startswith(b"POST")
        ]
        return {
            "per_s": rate,
            "p50_ms": times[len(times) // 2] * 1000,
            "p99_ms": times[len(times) * 99 // 100] * 1000,
            "cpu_us": (self.cpu() - cpu) / len(times) * 1e6,
        }

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_mb(self) -> float:
        return (
            int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
            * os.sysconf("SC_PAGE_SIZE")
            / 2**20
        )

    def end(self) -> None:
        self._process.terminate()
        self._process.wait()


def scenarios(server: Server, sessions: int) -> dict[str, tuple[int, Callable[[], list[bytes]]]]:
    posts = iter(range(10**9))

    def post(count: int) -> list[bytes]:
        return [
            request("POST", f"/calls/bench-{next(posts)}/sessions", '{"call_type": "default"}')
            for _ in range(count)
        ]

    def gets(suffix: str, count: int = 3000) -> list[bytes]:
        return [request("GET", server.paths[i % len(server.paths)] + suffix) for i in range(count)]

    found = {
        "post_c1": (1, lambda: post(sessions // 4)),
        "post_c16": (16, lambda: post(sessions // 2)),
        "get_c1": (1, lambda: gets("", 1000)),
        "get_c16": (16, lambda: gets("")),
        "health_c16": (16, lambda: [request("GET", "/health")] * 3000),
    }
    if server.name == "ours":
        found["metrics_c16"] = (16, lambda: gets("/metrics"))
    return found


class Report:
    """What was measured, round by round."""

    def __init__(self) -> None:
        self._measured: dict[str, dict[str, list[dict]]] = {name: {} for name in SERVERS}
        self._memory: dict[str, float] = {}
        self._idle: dict[str, float] = {}

    async def measure(self, servers: list[Server], sessions: int) -> None:
        """Do one round, the two servers taking turns."""
        for server in servers:
            await server.ready()
        plans = {server.name: scenarios(server, sessions) for server in servers}
        for name in plans["ours"]:
            for server in servers:
                if name in plans[server.name]:
                    connections, make = plans[server.name][name]
                    measured = await server.measure(connections, make())
                    self._measured[server.name].setdefault(name, []).append(measured)
        self._memory = {server.name: round(server.memory_mb(), 1) for server in servers}

    async def rest(self, servers: list[Server], seconds: float) -> None:
        """Look at what the servers use while nobody asks anything of their sessions."""
        before = {server.name: server.cpu() for server in servers}
        await asyncio.sleep(seconds)
        self._idle = {s.name: round((s.cpu() - before[s.name]) / seconds, 4) for s in servers}

    def summary(self) -> dict:
        medians = {
            server: {
                name: {key: round(statistics.median(m[key] for m in many), 3) for key in many[0]}
                for name, many in found.items()
            }
            for server, found in self._measured.items()
        }
        ours, bare = medians["ours"], medians["bare"]
        share = {name: round(ours[name]["per_s"] / bare[name]["per_s"], 3) for name in bare}
        by_cpu = {name: round(bare[name]["cpu_us"] / ours[name]["cpu_us"], 3) for name in bare}
        return {
            **medians,
            "share_of_bare": share,
            "share_of_bare_by_cpu": by_cpu,  # what a busy machine cannot blur
            "memory_mb": self._memory,
            "idle_cpu_share": self._idle,
        }


async def run(rounds: int, sessions: int, idle: float) -> dict:
    report = Report()
    for turn in range(rounds):
        servers = [Server(name, 18_700 + turn * 2 + i) for i, name in enumerate(SERVERS)]
        try:
            await report.measure(servers, sessions)
            if turn == 0:
                await report.rest(servers, idle)
        finally:
            for server in servers:
                server.end()
    return report.summary()


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        {"ours": serve_ours, "bare": serve_bare}[sys.argv[2]](int(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sessions", type=int, default=800)
    parser.add_argument("--idle", type=float, default=10.0)
    options = parser.parse_args()
    print(json.dumps(asyncio.run(run(options.rounds, options.sessions, options.idle))))


if __name__ == "__main__":
    main()
