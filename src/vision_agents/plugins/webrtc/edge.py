"""The edge for calls in the browser, without anybody in between."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from importlib import import_module

from vision_agents.core.edge.http import HttpFiles, HttpRoute
from vision_agents.core.edge.transport import Call, Connection, ConnectionListener, EdgeTransport
from vision_agents.core.types.people import User
from vision_agents.core.types.units import Seconds
from vision_agents.plugins.webrtc.connection import WebRtcConnection
from vision_agents.plugins.webrtc.media.settings import IceServer, PeerSettings
from vision_agents.plugins.webrtc.peers import MediaPeer, PeerListener
from vision_agents.plugins.webrtc.settings import EdgeSettings
from vision_agents.plugins.webrtc.signalling import signalling

_MEDIA = "vision_agents.plugins.webrtc.media.peer"


class Edge(EdgeTransport):
    """Carries calls between browsers and this process; several people may be in one call.

    Args:
        ice_servers: STUN and TURN servers, for pages that cannot reach this machine directly.
        host_addresses: this machine's own addresses, as pages are told them; left out, all that it has.
        most_people: in one call.
        agent_wait: seconds that a page waits for an agent to join its call.
        interrupted_after: seconds without a sign of life, and somebody counts as cut off.
        resume_window: seconds that somebody who was cut off may take to come back.

    Raises:
        ValueError: a setting that makes no sense.
    """

    provider = "webrtc"

    def __init__(
        self,
        *,
        ice_servers: Sequence[IceServer] = (),
        host_addresses: Sequence[str] | None = None,
        most_people: int = 8,
        agent_wait: Seconds = 10.0,
        interrupted_after: Seconds = 6.0,
        resume_window: Seconds = 15.0,
    ) -> None:
        self._settings = EdgeSettings(
            media=PeerSettings(
                ice_servers=tuple(ice_servers),
                host_addresses=None if host_addresses is None else tuple(host_addresses),
                interrupted_after=interrupted_after,
            ),
            most_people=most_people,
            agent_wait=agent_wait,
            resume_window=resume_window,
        )
        signalling().settings = self._settings
        self._connections: list[WebRtcConnection] = []

    @classmethod
    def http_routes(cls) -> Sequence[HttpRoute | HttpFiles]:
        """Say what the server shall serve: the page, tokens, offers."""
        return signalling().routes()

    async def start(self) -> None:
        """Load what carries the media: it takes a while, and the first page shall not wait for it."""
        await asyncio.to_thread(import_module, _MEDIA)

    async def join(self, call: Call, user: User, listener: ConnectionListener) -> Connection:
        """Join a call; pages that wait for it come in next."""
        connection = signalling().rendezvous.enter(
            call.id,
            partial(WebRtcConnection, user=user, listener=listener),
            self._settings,
            partial(_new_peer, self._settings.media),
        )
        self._connections.append(connection)
        return connection

    async def close(self) -> None:
        """Leave all calls."""
        for connection in self._connections:
            await connection.close()


def _new_peer(settings: PeerSettings, ears: PeerListener) -> MediaPeer:
    from vision_agents.plugins.webrtc.media.peer import Peer

    return Peer(ears, settings)
