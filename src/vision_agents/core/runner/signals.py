"""Ending a run on Ctrl-C or a request of the system."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Whether a signal came."""

    def __init__(self) -> None:
        self.came = False


@contextmanager
def cancelling_on_signals() -> Generator[Interruption]:
    """Cancel the running task on the first SIGINT or SIGTERM; the second one ends the process at once.

    Does nothing in a thread other than the main one, nor where the system has no such signals.
    """
    loop, task, interruption = asyncio.get_running_loop(), asyncio.current_task(), Interruption()

    def end(number: int) -> None:
        interruption.came = True
        for each in _SIGNALS:
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)
        if task is not None:
            task.cancel()

    with handling_signals(end):
        yield interruption


@contextmanager
def handling_signals(handle: Callable[[int], None]) -> Generator[None]:
    """Call a function on the event loop on each SIGINT or SIGTERM, with its number.

    Does nothing in a thread other than the main one, nor where the system has no such signals.
    """
    loop = asyncio.get_running_loop()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[signal.Signals, Any] = {number: signal.getsignal(number) for number in _SIGNALS}
    with suppress(NotImplementedError):
        for number in _SIGNALS:
            loop.add_signal_handler(number, handle, number)
    try:
        yield
    finally:
        for number, handler in before.items():
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)
            signal.signal(number, handler)
