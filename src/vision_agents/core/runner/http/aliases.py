"""The shorter paths of the same routes: rewritten to the canonical one, whose guard then sees its own id."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

ALIAS = "vision_agents.alias"
"""In the scope of a rewritten request: the answer has the alias's shape."""

_OF_ROUTING = frozenset({"path_params", "endpoint", "route", "router", "fastapi"})


class Rewritten(Response):
    """Answers with what the application answers to another path, and another body where one is given.

    Args:
        alias: the path as it was asked for, without the prefix of the router.
        canonical: the path that takes its place.
        body: of the request.
    """

    def __init__(self, alias: str, canonical: str, body: Mapping[str, object] | None = None) -> None:
        super().__init__()
        self._alias = alias
        self._canonical = canonical
        self._body = None if body is None else json.dumps(body).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route the request anew."""
        path = scope["path"].removesuffix(self._alias) + self._canonical
        inner = {key: value for key, value in scope.items() if key not in _OF_ROUTING}
        inner |= {"path": path, "raw_path": quote(path).encode(), ALIAS: True}
        if self._body is not None:
            inner["headers"] = _with_length(scope["headers"], len(self._body))
            receive = _replay(self._body, receive)
        await scope["router"](inner, receive, send)


def _with_length(headers: list[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    kept = [(k, v) for k, v in headers if k not in {b"content-length", b"transfer-encoding"}]
    return [*kept, (b"content-length", str(length).encode())]


def _replay(body: bytes, receive: Receive) -> Receive:
    """Give the body once; after it, whatever comes from the client."""
    given = False

    async def next_message() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return next_message
