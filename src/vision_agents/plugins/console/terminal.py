"""Reading a terminal key by key, or a pipe line by line, on the event loop."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from vision_agents.core.types.units import Seconds
from vision_agents.plugins.console.keys import KeyReader, Pressed

_MOST_BYTES = 4096
_ESCAPE_ALONE: Seconds = 0.05


@contextmanager
def keys_of_terminal(descriptor: int, pressed: Callable[[Pressed], None]) -> Generator[None]:
    """Call `pressed` for each key, for the length of the block; the terminal is as before afterwards.

    Control-C still sends its signal. Control-S does not stop the output: it would stop the program with it.
    """
    import termios

    before = termios.tcgetattr(descriptor)
    settings = termios.tcgetattr(descriptor)
    settings[0] &= ~termios.IXON
    settings[3] &= ~(termios.ICANON | termios.ECHO)
    settings[6][termios.VMIN], settings[6][termios.VTIME] = 1, 0
    termios.tcsetattr(descriptor, termios.TCSANOW, settings)
    keys = _Keys(descriptor, pressed)
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, keys.read)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
        keys.stop()
        termios.tcsetattr(descriptor, termios.TCSANOW, before)


class _Keys:
    def __init__(self, descriptor: int, pressed: Callable[[Pressed], None]) -> None:
        self._descriptor = descriptor
        self._pressed = pressed
        self._reader = KeyReader()
        self._timer: asyncio.TimerHandle | None = None

    def read(self) -> None:
        try:
            data = os.read(self._descriptor, _MOST_BYTES)
        except OSError:  # the terminal was closed
            data = b""
        self.stop()
        if not data:
            asyncio.get_running_loop().remove_reader(self._descriptor)
        for key in self._reader.feed(data or b"\x04"):
            self._pressed(key)
        if self._reader.waiting:
            self._timer = asyncio.get_running_loop().call_later(_ESCAPE_ALONE, self._escaped)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _escaped(self) -> None:
        for key in self._reader.flush():
            self._pressed(key)


class LineReader:
    """Lines of a pipe or a file, one after the other; None at the end.

    Args:
        descriptor: what is read; a file is never waited for, so it is read at once.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._rest = b""
        self._ended = False
        self._polled = False

    def start(self) -> None:
        """Begin to read."""
        try:
            asyncio.get_running_loop().add_reader(self._descriptor, self._read)
            self._polled = True
        except PermissionError:  # a file cannot be polled
            while not self._ended:
                self._read()

    def stop(self) -> None:
        """Read no more."""
        if self._polled:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            self._polled = False

    async def next(self) -> str | None:
        """Give the next line."""
        return await self._lines.get()

    def _read(self) -> None:
        data = os.read(self._descriptor, _MOST_BYTES)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if not data:
            self._ended = True
            self.stop()
            lines.append(self._rest)
        for line in lines:
            self._lines.put_nowait(line.decode("utf-8", "replace"))
        if self._ended:
            self._lines.put_nowait(None)


def standard_input() -> int | None:
    """The descriptor of standard input; None where there is none, as in a notebook."""
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        return None


def is_interactive(descriptor: int | None) -> bool:
    """Whether a person sits at it, and at a screen on which the cursor can be moved."""
    if descriptor is None or os.environ.get("TERM", "dumb") == "dumb":
        return False
    return os.isatty(descriptor) and sys.stdout.isatty()
