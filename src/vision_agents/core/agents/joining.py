"""The way into a call: the parts made ready and the call joined, under one deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from vision_agents.core.agents.dialogue import Dialogue
from vision_agents.core.edge.transport import Call, Connection, ConnectionListener, EdgeTransport
from vision_agents.core.errors import ConfigurationError, JoinTimeout, SessionClosed, SessionNotStarted
from vision_agents.core.types.component import overrides
from vision_agents.core.types.units import Seconds

if TYPE_CHECKING:
    from vision_agents.core.agents.session import AgentSession

StepT = TypeVar("StepT")


class Joining:
    """Starts every part at once, then joins; the first failure stops the others and is raised.

    Args:
        session: whose parts and whose edge.
        call: what is joined.
        listener: hears from the call.
        on_joined: told when the call is joined.
    """

    def __init__(
        self,
        session: AgentSession,
        call: Call,
        listener: ConnectionListener,
        *,
        on_joined: Callable[[Seconds], None],
    ) -> None:
        self._session = session
        self._call = call
        self._listener = listener
        self._on_joined = on_joined
        self._loop = asyncio.get_running_loop()
        self._given_up = False
        self._limit: asyncio.Timeout | None = None
        self._edge_ready = False
        self.joined: Connection | None = None
        """The leg, from the moment the call is joined."""
        self.joined_at: Seconds | None = None

    @property
    def connection(self) -> Connection:
        """The joined leg of the call."""
        if self.joined is None:
            raise SessionNotStarted(f"Session {self._session.id} is still joining its call.")
        return self.joined

    def give_up(self) -> None:
        """Join no more: the session ends."""
        self._given_up = True
        if self._limit is not None:
            self._limit.reschedule(self._loop.time())

    async def connect(self) -> None:
        """Join the call and nothing else."""
        await self._in_time(self._join)

    async def start(
        self, options: Mapping[str, Any], make_dialogue: Callable[[Connection], Dialogue]
    ) -> Dialogue:
        """Start the parts, join where that is still to be done, and open the conversation."""

        async def open_conversation() -> Dialogue:
            await self._start_parts(options)
            await self._join()
            dialogue = make_dialogue(self.connection)
            await dialogue.connect()
            return dialogue

        return await self._in_time(open_conversation)

    async def _in_time(self, step: Callable[[], Awaitable[StepT]]) -> StepT:
        if self._given_up:
            raise self._closed()
        seconds = self._session.agent.deadlines.start
        try:
            async with asyncio.timeout(seconds) as self._limit:
                return await step()
        except TimeoutError as error:
            if self._given_up:
                raise self._closed() from error
            if self._limit is None or not self._limit.expired():
                raise
            raise JoinTimeout(f"The call {self._call.id} was not joined within {seconds:g} s.") from error
        finally:
            self._limit = None

    def _closed(self) -> SessionClosed:
        return SessionClosed(f"Session {self._session.id} was closed while joining.")

    async def _start_parts(self, options: Mapping[str, Any]) -> None:
        session, agent = self._session, self._session.agent
        if session.pipeline is None:
            raise ConfigurationError("The agent has no parts: give it an llm, an stt and a tts.")
        await agent.initialize_mcp()
        await session.processing.start()
        if session.dtmf_handler is not None:
            session.dtmf_handler.start()
        if not overrides(agent.edge.start, EdgeTransport.start):
            await session.pipeline.start(**options)
            return
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._ready_edge())
                group.create_task(session.pipeline.start(**options))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _ready_edge(self) -> None:
        if not self._edge_ready:
            self._edge_ready = True
            await self._session.agent.edge.start()

    async def _join(self) -> None:
        if self.joined is None:
            edge, user = self._session.agent.edge, self._session.agent.agent_user
            await self._ready_edge()
            await edge.authenticate(user)
            self.joined = await edge.join(self._call, user, self._listener)
            self.joined_at = self._loop.time()
            self._on_joined(self.joined_at)
