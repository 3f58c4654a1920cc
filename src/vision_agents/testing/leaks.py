"""What a test left behind: tasks, threads, sockets, files, exceptions that nobody looked at."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import stat
import threading
from collections.abc import Mapping
from pathlib import Path

_DESCRIPTORS = Path("/proc/self/fd")
_THREAD_GRACE_S = 1.0
"""How long a thread that is on its way out may take."""

SHARED_THREADS: tuple[str, ...] = ("vision-agents-",)
"""Prefixes of names: inference workers belong to the process and outlive a session."""


class LeakWatch:
    """Compares what there was when it was made with what there is at the end.

    Call `close` once, after the event loop has been closed; `leaked_tasks` tells of a loop still open.
    """

    def __init__(self, *, shared_threads: tuple[str, ...] = SHARED_THREADS) -> None:
        self._shared_threads = shared_threads
        self._threads = set(threading.enumerate())
        self._descriptors = _open_descriptors()
        self._log = _AsyncioErrors()
        logging.getLogger("asyncio").addHandler(self._log)

    def close(self) -> list[str]:
        """Stop watching and describe each leak; an empty list is what a clean test gives."""
        gc.collect()  # what was dropped in a cycle reports its exception, and closes its file, now
        logging.getLogger("asyncio").removeHandler(self._log)
        return [*self._leaked_threads(), *self._leaked_descriptors(), *self._log.messages]

    def _leaked_threads(self) -> list[str]:
        new = [thread for thread in threading.enumerate() if thread not in self._threads]
        suspects = [t for t in new if not t.daemon and not t.name.startswith(self._shared_threads)]
        for thread in suspects:
            thread.join(_THREAD_GRACE_S)
        return [f"thread {thread.name!r} is still running" for thread in suspects if thread.is_alive()]

    def _leaked_descriptors(self) -> list[str]:
        return [
            f"descriptor {number} is still open: {target}"
            for number, target in _open_descriptors().items()
            if self._descriptors.get(number) != target
        ]


def leaked_tasks(loop: asyncio.AbstractEventLoop) -> list[str]:
    """Describe the tasks of `loop` that have not ended."""
    return sorted(f"task {task.get_name()!r} has not ended: {task!r}" for task in asyncio.all_tasks(loop))


class _AsyncioErrors(logging.Handler):
    """Keeps what asyncio complains about: exceptions never retrieved, tasks destroyed, failed callbacks."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(f"asyncio reports: {self.format(record)}")


def _open_descriptors() -> Mapping[int, str]:
    """Sockets, pipes and regular files by number; empty where the system does not tell."""
    if not _DESCRIPTORS.is_dir():
        return {}
    found: dict[int, str] = {}
    for name in os.listdir(_DESCRIPTORS):  # noqa: PTH208 - only the names are wanted, after every test
        try:
            mode = os.fstat(int(name)).st_mode
            if stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode) or stat.S_ISREG(mode):
                found[int(name)] = str((_DESCRIPTORS / name).readlink())
        except OSError:
            continue  # the listing's own descriptor is closed by now
    return found
