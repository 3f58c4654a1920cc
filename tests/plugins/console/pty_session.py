"""A program on a real pseudo-terminal: keys go in, and the screen is read as a person would."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

AGENT = Path(__file__).with_name("talking_agent.py")
_STYLES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def _without_size(environment: Mapping[str, str]) -> dict[str, str]:
    """Leave out what would be believed more than the terminal itself; pytest's processes have it."""
    return {name: value for name, value in environment.items() if name not in {"COLUMNS", "LINES"}}


class PtySession:
    """Runs ``agent.py run --console`` with a terminal of its own.

    Args:
        arguments: more options.
        columns: width of the terminal.
        environment: variables beside the process's own.
    """

    def __init__(
        self,
        *arguments: str,
        columns: int = 100,
        environment: Mapping[str, str] | None = None,
        agent: Path = AGENT,
    ) -> None:
        self.master, side = os.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.before = termios.tcgetattr(side)
        self._side = side  # kept open, so that the terminal's settings can be read after the program's end
        self.process = subprocess.Popen(
            [sys.executable, str(agent), "run", "--console", "--no-splash", *arguments],
            stdin=side,
            stdout=side,
            stderr=side,
            env={**_without_size(os.environ), "TERM": "xterm-256color", **(environment or {})},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - Ctrl+C needs it
        )
        self._raw = ""
        self._found = 0

    def __enter__(self) -> PtySession:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.close_terminal()

    def close_terminal(self) -> None:
        """Close the window; once is enough."""
        for descriptor in (self.master, self._side):
            with suppress(OSError):
                os.close(descriptor)

    @property
    def settings(self) -> list[object]:
        """The terminal's settings."""
        return termios.tcgetattr(self._side)

    @property
    def lines(self) -> Sequence[str]:
        """All that was ever drawn, row by row, without styles."""
        return [row.rstrip() for row in re.split(r"[\r\n]+", _STYLES.sub("", self._raw)) if row.strip()]

    @property
    def said(self) -> Sequence[str]:
        """The lines that stay: what was said, in order and once, without what is told about it."""
        marks = ("you: ", "agent: ", "tool: ", "error: ")
        lines = [row for row in self.lines if row.startswith(marks) and not row.endswith("…")]
        return [row.split("  ")[0] for row in lines]

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self.master, keys.encode())

    def until(self, wanted: str, *, within: float = 30.0) -> str:
        """Read until a row after the one that was found last contains `wanted`; gives the row."""
        end = time.monotonic() + within
        while True:
            for number, row in enumerate(self.lines[self._found :], self._found):
                if wanted in row:
                    self._found = number + 1
                    return row
            if time.monotonic() > end or not self._more():
                raise AssertionError(f"{wanted!r} did not appear:\n" + "\n".join(self.lines[-40:]))

    def ends(self, *, within: float = 15.0) -> int:
        """Read until the program has ended; gives its exit code."""
        end = time.monotonic() + within
        while self.process.poll() is None and time.monotonic() < end:
            self._more()
        while self._more(wait=0.0):
            pass
        return self.process.wait(0.1)

    def _more(self, wait: float = 0.2) -> bool:
        ready, _, _ = select.select([self.master], [], [], wait)
        if not ready:
            return self.process.poll() is None and wait > 0
        try:
            data = os.read(self.master, 65_536)
        except OSError:
            return False
        self._raw += data.decode("utf-8", "replace")
        return bool(data)
