"""Recording a session of any edge."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from vision_agents.core.edge.recorded import join_recorded
from vision_agents.core.edge.recorder import Recorder
from vision_agents.core.edge.transport import Call, Connection, ConnectionListener, EdgeTransport
from vision_agents.core.errors import MediaError
from vision_agents.core.media.local_file import MediaPath
from vision_agents.core.types.people import User


@asynccontextmanager
async def recording(path: MediaPath) -> AsyncGenerator[Recorder]:
    """Make the file; at the end of the block it is complete.

    Raises:
        MediaError: the file cannot be made, or could not be written to its end.
    """
    recorder = await Recorder.open(path)
    try:
        yield recorder
    except BaseException:
        with suppress(MediaError):
            await recorder.close()
        raise
    await recorder.close()


class RecordedEdge(EdgeTransport):
    """An edge whose calls are recorded; all else is left to the edge itself."""

    def __init__(self, inner: EdgeTransport, recorder: Recorder) -> None:
        self._inner = inner
        self._recorder = recorder

    async def start(self) -> None:
        """Get the edge ready."""
        await self._inner.start()

    async def authenticate(self, user: User) -> None:
        """Sign the agent's user in."""
        await self._inner.authenticate(user)

    async def create_call(self, call_type: str, call_id: str) -> Call:
        """Make the call, or find it."""
        return await self._inner.create_call(call_type, call_id)

    async def join(self, call: Call, user: User, listener: ConnectionListener) -> Connection:
        """Join the call, and record it."""
        return await join_recorded(self._inner, call, user, listener, recorder=self._recorder)

    async def open_demo(self, call: Call) -> None:
        """Show the edge's page or console."""
        await self._inner.open_demo(call)

    async def close(self) -> None:
        """Close the edge; the recorder is closed by whoever made it."""
        await self._inner.close()
