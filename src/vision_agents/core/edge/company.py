"""Whether somebody else is in a call: since when nobody is, and waiting for somebody."""

from __future__ import annotations

import asyncio

from vision_agents.core.aio.flag import Flag
from vision_agents.core.errors import EdgeError
from vision_agents.core.types.units import Seconds


class Company:
    """The others in a call, as an agent's connection sees them; nobody to begin with."""

    def __init__(self) -> None:
        self._settled = Flag()  # somebody is there, or nobody can come any more
        self._idle_since: Seconds | None = _now()
        self._over = ""

    @property
    def idle_since(self) -> Seconds | None:
        """When the agent was left alone, on the event loop's clock; None while others are in the call."""
        return self._idle_since

    @property
    def over(self) -> str:
        """Why nobody can come any more; empty while somebody can."""
        return self._over

    def somebody(self) -> None:
        """Note that others are in the call."""
        self._idle_since = None
        self._settled.set()

    def nobody(self) -> None:
        """Note that the agent is alone."""
        if self._over:
            return
        self._be_alone()
        self._settled.clear()

    def end(self, over: str) -> None:
        """Note that nobody can come any more; the first reason counts."""
        if not self._over:
            self._over = over
            self._be_alone()
            self._settled.set()

    async def wait(self, timeout: Seconds | None) -> None:  # noqa: ASYNC109 - as the connection's
        """Return when somebody is there.

        Raises:
            TimeoutError: nobody came within `timeout` seconds.
            EdgeError: the call ended before anybody came.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._settled.wait()
        except TimeoutError:
            raise TimeoutError(f"Nobody joined the call within {timeout} s.") from None
        if self._over:
            raise EdgeError(f"{self._over}: nobody can join any more.")

    def _be_alone(self) -> None:
        if self._idle_since is None:
            self._idle_since = _now()


def _now() -> Seconds:
    return asyncio.get_running_loop().time()
