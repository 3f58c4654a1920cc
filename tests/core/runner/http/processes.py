"""A server in a process of its own, and clients that speak to it over sockets."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import IO

ROOT = Path(__file__).parents[4]
SCRIPT = Path(__file__).with_name("stub_server.py")


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ServerProcess:
    """`serve`, run as a program; its log is kept."""

    def __init__(self, *arguments: str, env: Mapping[str, str] | None = None, script: Path = SCRIPT) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(script), "serve", "--port", "0", "--log-format", "json", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": str(ROOT), **os.environ, **(env or {})},
        )
        self.lines: list[str] = []
        self._listening = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        assert self._listening.wait(60), self.log
        found = re.search(r'"url": "http://([^"]+):(\d+)"', self.log)
        assert found, self.log
        self.port = int(found[2])

    @property
    def log(self) -> str:
        """What it said."""
        return "".join(self.lines)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def request(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask over a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Content-Type": "application/json", **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def start_session(self, call_id: str) -> str:
        """Start a session; gives its id."""
        answer = self.request("POST", f"/calls/{call_id}/sessions", {})
        assert answer.status == 201, answer
        return str(json.loads(answer.body)["session_id"])

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def send_signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        self._process.send_signal(number)

    def wait(self, timeout: float) -> int:
        """Wait for the end; gives the exit code."""
        return self._process.wait(timeout)

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.ended:
            self._process.kill()
        self._process.wait()
        self._reader.join()
        stream = self._process.stderr
        assert stream is not None
        stream.close()

    def _read(self) -> None:
        stream: IO[str] | None = self._process.stderr
        assert stream is not None
        for line in stream:
            self.lines.append(line)
            if "The server listens" in line:
                self._listening.set()
        self._listening.set()


def in_calls(path: Path) -> set[str]:
    """Read the ledger: who joined and has not left."""
    there: set[str] = set()
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        (there.add if entry["event"] == "join" else there.discard)(entry["id"])
    return there


def read_all(connection: socket.socket) -> bytes:
    """Read until the other side closes."""
    received = b""
    try:
        while chunk := connection.recv(65_536):
            received += chunk
    except ConnectionResetError:
        pass
    return received
