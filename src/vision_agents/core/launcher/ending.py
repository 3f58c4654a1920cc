"""The end of a session: asked for, then forced, then given up, within one deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any, TypeAlias

from vision_agents.core.agents.session import AgentSession
from vision_agents.core.errors import SessionError
from vision_agents.core.types.status import CloseReason
from vision_agents.core.types.units import Seconds

PATIENCE = 0.75
"""The share of the close timeout that the agent has to close by itself, before it is forced to."""

StartStep: TypeAlias = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]


class Ending:
    """Ends one session's work and closes its agent, once.

    Args:
        work: the task that makes the agent and runs the entry point.
        session: gives the session, as soon as there is one.
        start: starts a step as a task.
        on_cancelled: is told when whoever waits for the end is cancelled; that changes nothing.
    """

    def __init__(
        self,
        work: asyncio.Task[None],
        session: Callable[[], AgentSession | None],
        *,
        start: StartStep,
        on_cancelled: Callable[[], object],
    ) -> None:
        self._work = work
        self._session = session
        self._start = start
        self._on_cancelled = on_cancelled

    async def run(
        self, reason: CloseReason, *, limit: Seconds, cancel_at_once: bool
    ) -> set[asyncio.Future[None]]:
        """End everything, by force where it must be; gives what still runs after `limit` seconds."""
        # Started first, so that its reason counts when the entry point's own closing follows.
        steps = {self._start(self._close_agent(reason), "close"), self._work}
        if cancel_at_once:
            self._work.cancel()
        left = await outwait(steps, on_cancelled=self._on_cancelled, timeout=limit * PATIENCE)
        if left:
            self._work.cancel()
            left.add(self._start(self._leave_by_force(), "force"))
            left = await outwait(left, on_cancelled=self._on_cancelled, timeout=limit * (1 - PATIENCE))
        return left

    async def _close_agent(self, reason: CloseReason) -> None:
        if self._session() is None:
            await asyncio.wait([self._work])  # an agent may still come of it
        if session := self._session():
            try:
                await session.close(reason.reason, reason.detail)
            finally:
                await session.agent.ensure_closed()

    async def _leave_by_force(self) -> None:
        """Close the edge's connection, whatever else still runs."""
        session = self._session()
        if session is None:
            return
        steps: list[Awaitable[None]] = [session.agent.close_parts()]
        with suppress(SessionError):  # it has left, or has not joined yet
            steps.append(session.connection.close())
        await asyncio.gather(*steps)


async def outwait(
    things: Iterable[asyncio.Future[None]],
    *,
    on_cancelled: Callable[[], object],
    timeout: Seconds | None = None,  # noqa: ASYNC109 - what is late is an answer, not an error
) -> set[asyncio.Future[None]]:
    """Wait for all, and give those that are late; a cancelled task is told of, and waits on."""
    clock = asyncio.get_running_loop().time
    deadline = None if timeout is None else clock() + timeout
    while left := {thing for thing in things if not thing.done()}:
        patience = None if deadline is None else deadline - clock()
        if patience is not None and patience <= 0:
            return left
        try:
            await asyncio.wait(left, timeout=patience)
        except asyncio.CancelledError:
            on_cancelled()
    return set()
