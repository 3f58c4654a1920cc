"""What every request of the application passes first: limits on its size, its host, the API key, the log."""

from __future__ import annotations

import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vision_agents.core.runner.http.auth import KEYED, has_key, is_public, without_key
from vision_agents.core.runner.http.problems import Problem
from vision_agents.core.runner.http.state import ServerState, state_of

logger = logging.getLogger("vision_agents.http")

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Gate:
    """ASGI middleware of the default application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer with a problem document."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        if logger.isEnabledFor(logging.DEBUG if scope.get("method") in _READS else logging.INFO):
            send = _logged(scope, send)
        state = state_of(scope)
        problem = _refusal(scope, state)
        if problem is None:
            await self._app(scope, limited(scope, receive, state.options.max_body_bytes), send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await problem.response()(scope, receive, send)


def limited(scope: Scope, receive: Receive, limit: int) -> Receive:
    """Count what comes in, where something may come."""
    if not any(name == b"transfer-encoding" for name, _ in scope["headers"]):
        return receive  # h11 reads no more than the announced length, which was checked
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise too_large(limit)
        return message

    return counted


def too_large(limit: int) -> Problem:
    """Refuse a body, and the connection with it: the rest is not read."""
    return Problem(
        413,
        "body_too_large",
        f"The body of a request may have {limit} bytes at most",
        headers={"Connection": "close"},
    )


def _refusal(scope: Scope, state: ServerState) -> Problem | None:
    options = state.options
    length, size = 0, len(scope.get("raw_path") or b"") + len(scope["query_string"])
    host = b""
    for name, value in scope["headers"]:
        size += len(name) + len(value)
        if name == b"content-length":
            length = int(value) if value.isdigit() and len(value) < 20 else options.max_body_bytes + 1
        elif name == b"host":
            host = value
    if size > options.max_header_bytes:
        return Problem(
            431,
            "header_too_large",
            f"The head of a request may have {options.max_header_bytes} bytes at most",
            headers={"Connection": "close"},
        )
    if length > options.max_body_bytes:
        return too_large(options.max_body_bytes)
    if _splits_an_id(scope.get("raw_path") or b""):
        return Problem(400, "invalid_id", "An id in the path may not be empty, nor hold a slash")
    if "*" not in options.allowed_hosts and not _is_allowed(host, scope, state):
        return Problem(400, "unknown_host", "This server does not answer for that host")
    return _without_key(scope, state)


def _splits_an_id(raw_path: bytes) -> bool:
    """Tell whether an id would be read as a part of the path."""
    if not raw_path.startswith((b"/calls/", b"/sessions/")):
        return False
    return b"//" in raw_path or (b"%" in raw_path and b"%2f" in raw_path.lower())


def _is_allowed(host: bytes, scope: Scope, state: ServerState) -> bool:
    """Tell whether the host is one of ours; probes come with an address, and learn nothing."""
    name = host.decode("latin-1").rpartition(":")[0] or host.decode("latin-1")
    if host.endswith(b"]"):
        name = host.decode("latin-1")
    return name.lower() in state.options.allowed_hosts or scope["path"] in {"/health", "/ready"}


def _without_key(scope: Scope, state: ServerState) -> Problem | None:
    if state.options.api_key is None:
        return None
    if has_key(scope, state.options):
        scope[KEYED] = True
        return None
    return None if is_public(scope, state) else without_key()


def _logged(scope: Scope, send: Send) -> Send:
    """Log the answer: the route and the call, but nothing of what came with the request."""

    async def tell(message: Message) -> None:
        if message["type"] == "http.response.start":
            route = getattr(scope.get("route"), "path", "")
            call_id = scope.get("path_params", {}).get("call_id", "")
            logger.log(
                logging.DEBUG if scope["method"] in _READS else logging.INFO,
                "A request was answered",
                extra={
                    "method": scope["method"],
                    "route": route,
                    "status": message["status"],
                    # What was refused may hold anything, and so may ids of routes that are not ours.
                    **({"call_id": call_id} if message["status"] < 400 and call_id.isprintable() else {}),
                },
            )
        await send(message)

    return tell
