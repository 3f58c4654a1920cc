"""The HTTP side of calls in the browser: tokens, offers, and coming back."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping
from functools import cache
from pathlib import Path
from typing import cast

from vision_agents.core.edge.http import HttpAnswer, HttpFiles, HttpRequest, HttpRoute
from vision_agents.core.errors import BadOffer, EdgeError, SignallingRefused
from vision_agents.plugins.webrtc.media.offer import checked_offer
from vision_agents.plugins.webrtc.media.settings import IceServer, PeerSettings
from vision_agents.plugins.webrtc.meeting import Meeting
from vision_agents.plugins.webrtc.rendezvous import Rendezvous
from vision_agents.plugins.webrtc.seat import Seat
from vision_agents.plugins.webrtc.settings import EdgeSettings
from vision_agents.plugins.webrtc.tokens import Role, Tokens, keys_from_environment

_PAGE = Path(__file__).with_name("page")
_MOST_NAME = 80
_NOT_KEPT = {"Cache-Control": "no-store"}
_PAGE_HEADERS = {
    **_NOT_KEPT,
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Permissions-Policy": (
        "microphone=(self), camera=(self), display-capture=(self), autoplay=(self), speaker-selection=(self)"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Signalling:
    """What the edges of this process share.

    Args:
        tokens: makes and checks what lets people in.
    """

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.rendezvous = Rendezvous()
        self.settings = EdgeSettings()
        """Those of the edge that was made last: for calls in which no agent is yet."""

    def routes(self) -> tuple[HttpRoute | HttpFiles, ...]:
        """Say what the server shall serve."""
        return (
            HttpFiles(path="/demo", directory=_PAGE, headers=_PAGE_HEADERS, call_in_page="/#call={call_id}"),
            HttpRoute(
                method="POST",
                path="join-token",
                answer=self._join_token,
                summary="Get a token that lets one person into the call.",
                statuses=(201,),
            ),
            HttpRoute(
                method="POST",
                path="offer",
                answer=self._offer,
                takes_token=True,
                summary="Join the call: an SDP offer in, the answer out.",
            ),
            HttpRoute(
                method="POST",
                path="resume",
                answer=self._resume,
                takes_token=True,
                summary="Come back into the call after the connection was lost.",
            ),
        )

    async def _join_token(self, request: HttpRequest) -> HttpAnswer:
        name = _read(request.body).get("user_name", "") if request.body else ""
        if not isinstance(name, str) or len(name) > _MOST_NAME or not name.isprintable():
            raise _unusable(f"user_name is one line of at most {_MOST_NAME} characters.")
        token, expires = self.tokens.join_token(request.call_id, name.strip())
        meeting = self.rendezvous.find(request.call_id)
        settings = self.settings if meeting is None else meeting.settings
        return _answer(
            {
                "token": token,
                "expires_at": expires.isoformat(),
                "ice_servers": [_for_browsers(server) for server in settings.media.ice_servers],
            },
            201,
        )

    async def _offer(self, request: HttpRequest) -> HttpAnswer:
        accepted = self.tokens.accept(_bearer(request), call_id=request.call_id, role=Role.JOIN)
        settings = self.settings
        sdp = _offer_in(request.body, settings.media)
        meeting = await self.rendezvous.meeting(
            request.call_id, wait=settings.agent_wait, most=settings.most_people
        )
        return self._seated(meeting, await _joined(meeting.admit(accepted.name, sdp)))

    async def _resume(self, request: HttpRequest) -> HttpAnswer:
        accepted = self.tokens.accept(_bearer(request), call_id=request.call_id, role=Role.RESUME)
        sdp = _offer_in(request.body, self.settings.media)
        meeting = self.rendezvous.find(request.call_id)
        if meeting is None or meeting.id != accepted.session:
            raise EdgeError("The call that was to be resumed has ended: join it again.")
        back = meeting.readmit(accepted.participant_id, accepted.token_id, sdp)
        return self._seated(meeting, await _joined(back))

    def _seated(self, meeting: Meeting, seated: tuple[Seat, str]) -> HttpAnswer:
        seat, answer_sdp = seated
        person = seat.participant.id
        token = self.tokens.resume_token(
            meeting.call_id, participant_id=person, session=meeting.id, token_id=seat.resume_id
        )
        return _answer({"sdp": answer_sdp, "type": "answer", "peer_id": person, "resume_token": token})


@cache
def signalling() -> Signalling:
    """Give the one of this process.

    Raises:
        ConfigurationError: the keys in the environment are not right.
    """
    return Signalling(Tokens(keys_from_environment()))


def _bearer(request: HttpRequest) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def _joined(joining: Awaitable[tuple[Seat, str]]) -> tuple[Seat, str]:
    try:
        return await joining
    except BadOffer as error:
        raise _unusable(str(error)) from error


def _offer_in(body: bytes, settings: PeerSettings) -> str:
    content = _read(body)
    sdp = content.get("sdp")
    if content.get("type") != "offer" or not isinstance(sdp, str) or not sdp.startswith("v=0"):
        raise _unusable('Send {"type": "offer", "sdp": ...} with a complete SDP offer.')
    try:
        too_long = len(sdp.encode()) > settings.max_sdp_bytes
        if not too_long:
            checked_offer(sdp, settings)  # now: nobody needs to wait for an agent with a bad one
    except ValueError as error:
        raise _unusable(str(error) if isinstance(error, BadOffer) else "An SDP is UTF-8.") from error
    if too_long:
        raise SignallingRefused(
            f"An SDP may have {settings.max_sdp_bytes} bytes at most.", status=413, code="body_too_large"
        )
    return sdp


def _for_browsers(server: IceServer) -> dict[str, object]:
    account = {"username": server.username, "credential": server.credential} if server.username else {}
    return {"urls": [server.url], **account}


def _read(body: bytes) -> Mapping[str, object]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _unusable("Send a JSON object.") from error
    if not isinstance(content, dict):
        raise _unusable("Send a JSON object.")
    return cast("Mapping[str, object]", content)


def _unusable(text: str) -> SignallingRefused:
    return SignallingRefused(text, status=422, code="invalid_request")


def _answer(content: Mapping[str, object], status: int = 200) -> HttpAnswer:
    return HttpAnswer(status=status, body=json.dumps(content).encode(), headers=_NOT_KEPT)
