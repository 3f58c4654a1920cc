"""The job an entry point does: one session in one call, from connecting to shutdown."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType, ref

from vision_agents.core.agents.room_options import RoomOptions
from vision_agents.core.aio.callback import Callback, call
from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.edge.transport import Call, Connection
from vision_agents.core.errors import ConfigurationError, SessionError
from vision_agents.core.events.plugin import ParticipantJoinedEvent, ParticipantLeftEvent
from vision_agents.core.types.ids import new_id
from vision_agents.core.types.people import Participant
from vision_agents.core.types.status import Reason
from vision_agents.core.types.units import Seconds

if TYPE_CHECKING:
    from vision_agents.core.agents.session import AgentSession

logger = logging.getLogger("vision_agents.session")

_current: ContextVar[ReferenceType[JobContext] | None] = ContextVar("job_context", default=None)
"""Weak: a timer that was cancelled keeps the context it was made in."""


def get_current_job_context() -> JobContext | None:
    """Give the job that the present code belongs to; None outside of one."""
    reference = _current.get()
    return reference() if reference is not None else None


class JobContext:
    """One job. The launcher makes one for each session; make your own to run a session without it.

    Args:
        room_options: how to be in the call.
        call_type: of the call.
        call_id: of the call; by default that of the options.
        session: whose job it is; otherwise the session that is constructed in it.
        launched: a launcher decides when the session has been alone for too long.
    """

    def __init__(
        self,
        *,
        room_options: RoomOptions | None = None,
        call_type: str = "default",
        call_id: str | None = None,
        session: AgentSession | None = None,
        launched: bool = False,
    ) -> None:
        self.room_options = room_options or RoomOptions()
        self.call_type = call_type
        self.call_id = call_id or self.room_options.room_id or new_id("call")
        self.session: AgentSession | None = None
        self._launched = launched
        self._callbacks: list[Callback] = []
        if session is not None:
            self.adopt(session)

    @contextmanager
    def current(self) -> Generator[JobContext]:
        """Let the code of the block belong to this job."""
        token = _current.set(ref(self))
        try:
            yield self
        finally:
            _current.reset(token)

    def adopt(self, session: AgentSession) -> None:
        """Take the session that was constructed in this job; a further one is on its own."""
        if self.session is None:
            self.session = session
            session.job = self

    @property
    def room(self) -> Connection | None:
        """The joined leg of the call; None before it is joined."""
        try:
            return self.session.connection if self.session is not None else None
        except SessionError:
            return None

    async def make_call(self) -> Call:
        """Make the call this job is about, or find it."""
        agent = self._its_session().agent
        if self.room_options.name:
            agent.agent_user.name = self.room_options.name
        return await agent.create_call(self.call_type, self.call_id)

    async def connect(self) -> None:
        """Join the call, without starting the session; nothing where that has been done."""
        session = self._its_session()
        if session.call is None:
            await session.connect(await self.make_call())

    async def wait_for_participant(self, timeout: Seconds | None = None) -> Participant | None:  # noqa: ASYNC109
        """Join the call and return who is in it, waiting for somebody; None where the session ends first."""
        await self.connect()
        await self._its_session().wait_for_participant(timeout)
        others = self.room.participants if self.room is not None else ()
        return others[0] if others else None

    async def run_until_shutdown(
        self, session: AgentSession | None = None, *, wait_for_participant: bool = False, **options: Any
    ) -> None:
        """Start the session and return when it has ended; `options` go to the pipeline's `start`."""
        if session is not None:
            self.adopt(session)
        session = session or self._its_session()
        try:
            await session.start(wait_for_participant, **options)
            async with TaskScope(f"job:{session.id}") as scope:
                if self.room_options.auto_end_session and not self._launched and not session.finished:
                    scope.start(self._end_when_alone(session), name="alone")
                await session.wait_ending()
        except asyncio.CancelledError:
            await session.close(Reason.REQUESTED, "cancelled")
            raise
        finally:
            await session.close()

    async def shutdown(self, reason: str = "") -> None:
        """End the session, and with it the job."""
        if self.session is not None:
            await self.session.close(Reason.REQUESTED, reason)

    def add_shutdown_callback(self, callback: Callback) -> None:
        """Call `callback`, sync or async, when the session has left its call; within the close deadline."""
        self._callbacks.append(callback)

    async def run_shutdown_callbacks(self) -> None:
        """Call each callback once, all at the same time; one that fails is logged."""
        callbacks, self._callbacks = self._callbacks, []
        outcomes = await asyncio.gather(*(call(callback) for callback in callbacks), return_exceptions=True)
        for error in outcomes:
            if isinstance(error, Exception):
                logger.error("A shutdown callback failed", extra=failure_fields(error))

    def _its_session(self) -> AgentSession:
        if self.session is None:
            raise ConfigurationError("The job has no session yet: construct the AgentSession first.")
        return self.session

    async def _end_when_alone(self, session: AgentSession) -> None:
        """End the session when nobody came, or everybody has left, for too long."""
        changed = asyncio.Event()
        met = bool(session.connection.participants)

        def on_company(_event: ParticipantJoinedEvent | ParticipantLeftEvent) -> None:
            nonlocal met
            met = True
            changed.set()

        session.events.subscribe(on_company)
        options = self.room_options
        while True:
            limit = options.session_timeout_seconds if met else options.no_participant_timeout_seconds
            changed.clear()
            alone = not session.connection.participants
            try:
                async with asyncio.timeout(limit if alone else None):
                    await changed.wait()
            except TimeoutError:
                session.request_close(Reason.IDLE_TIMEOUT, "alone in the call")
                return
