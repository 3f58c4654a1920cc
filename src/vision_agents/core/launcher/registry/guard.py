"""What keeps a store that is slow or gone from slowing down everything else."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from vision_agents.core.errors import RegistryUnavailable
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.registry")

ResultT = TypeVar("ResultT")

STEP_TIMEOUT: Seconds = 1.0
"""A step of the store, repetitions included, ends within this time."""

_ATTEMPTS = 3
_PAUSE: Seconds = 0.05
_FAILURES_TO_OPEN = 2
_OPEN: Seconds = 1.0
_QUIET: Seconds = 10.0


class Cancellation:
    """Notices that the running task was cancelled although what it called swallowed that.

    Drivers that use `asyncio.wait_for` do so on Python 3.11, where it returns the result that came at the
    same moment; a loop around them would never end.
    """

    def __init__(self) -> None:
        self._task = asyncio.current_task()
        self._before = self._task.cancelling() if self._task else 0

    def check(self) -> None:
        """Raise what was swallowed."""
        if self._task is not None and self._task.cancelling() > self._before:
            raise asyncio.CancelledError


class StoreGuard:
    """Bounds each step in time, repeats what failed at once, and fails fast while the store is gone.

    After two steps in a row that failed, the circuit is open for about a second: steps fail without
    being tried. Then one at a time is let through. An outage is worth one line of log in ten seconds.

    Args:
        bounded: False for a store that neither waits nor fails: its steps need no timer.
    """

    def __init__(self, *, bounded: bool = True) -> None:
        self._bounded = bounded
        self.failures = 0
        self._in_a_row = 0
        self._open_until: Seconds = 0.0
        self._trying = False
        self._told_at: Seconds | None = None
        self._told_gone = False

    @property
    def available(self) -> bool:
        """Whether the circuit is closed."""
        return self._in_a_row < _FAILURES_TO_OPEN

    async def call(self, step: Callable[[], Awaitable[ResultT]], *, insist: bool = False) -> ResultT:
        """Do a step, which must be safe to repeat; `insist` tries it although the circuit is open.

        Raises:
            RegistryUnavailable: it failed, took too long, or was not tried.
        """
        probing = not self.available and not insist
        if probing:
            self._refuse_or_probe()
        cancellation = Cancellation()
        try:
            if self._bounded:
                async with asyncio.timeout(STEP_TIMEOUT):
                    result = await self._attempt(step)
            else:
                result = await step()
            cancellation.check()
        except Exception as error:
            cancellation.check()
            self.note_failure(error)
            raise RegistryUnavailable(
                f"The session registry's store cannot be reached ({type(error).__name__}): try again.",
                retry_after=_OPEN,
            ) from error
        finally:
            if probing:
                self._trying = False
        self._note_success()
        return result

    def note_failure(self, error: Exception) -> None:
        """Count a step that failed."""
        now = asyncio.get_running_loop().time()
        self.failures += 1
        self._in_a_row += 1
        self._open_until = now + _OPEN * random.uniform(0.5, 1.0)  # noqa: S311 - spreads the nodes
        if self._may_tell(now):
            self._told_gone = True
            logger.warning(
                "The session registry's store cannot be reached",
                extra={"error": type(error).__name__, "failures": self.failures},
            )

    def _note_success(self) -> None:
        self._in_a_row = 0
        if self._told_gone and self._may_tell(asyncio.get_running_loop().time()):
            self._told_gone = False
            logger.warning("The session registry's store can be reached again")

    def _refuse_or_probe(self) -> None:
        left = self._open_until - asyncio.get_running_loop().time()
        if left > 0 or self._trying:
            raise RegistryUnavailable(
                "The session registry's store cannot be reached: try again.", retry_after=max(left, _PAUSE)
            )
        self._trying = True

    def _may_tell(self, now: Seconds) -> bool:
        if self._told_at is not None and now - self._told_at < _QUIET:
            return False
        self._told_at = now
        return True

    @staticmethod
    async def _attempt(step: Callable[[], Awaitable[ResultT]]) -> ResultT:
        for attempt in range(1, _ATTEMPTS):
            try:
                return await step()
            except Exception:  # noqa: BLE001 - whatever a store raises, the next attempt may do
                await asyncio.sleep(_PAUSE * attempt * random.uniform(0.2, 1.0))  # noqa: S311
        return await step()
