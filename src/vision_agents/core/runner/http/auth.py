"""The API key, the close tokens, and whether a server may be open."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
from base64 import urlsafe_b64encode
from ipaddress import ip_address
from typing import cast
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.types import Scope

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.runner.http.problems import Problem
from vision_agents.core.runner.http.state import ServerState, state_of
from vision_agents.core.runner.options import ServeOptions, allow

logger = logging.getLogger("vision_agents.http")

KEYED = "vision_agents.keyed"
"""In the scope of a request that came with the right key."""

_SPENT_TOKENS = 10_000
_PUBLIC = re.compile(r"/health|/ready|/docs(/.*)?")
_CLOSE = re.compile(r"/calls/[^/]+/sessions/[^/]+/close")


def has_key(scope: Scope, options: ServeOptions) -> bool:
    """Tell whether a request has the right key, in a time that does not depend on what it has."""
    wanted = b"" if options.api_key is None else options.api_key.get_secret_value().encode()
    given = next((value for name, value in scope["headers"] if name == b"x-api-key"), b"")
    # Digests, because comparing texts of different lengths would tell the length.
    return hmac.compare_digest(hashlib.sha256(given).digest(), hashlib.sha256(wanted).digest())


def is_public(scope: Scope, state: ServerState) -> bool:
    """Tell whether a path is open without the key, or its route sees to that itself."""
    path: str = scope["path"]
    if _PUBLIC.fullmatch(path) or (scope.get("method") == "POST" and _CLOSE.fullmatch(path)):
        return True
    return any(pattern.fullmatch(path) for pattern in state.public_paths)


def require_key(request: Request) -> None:
    """Refuse a request without the key, where one is set."""
    options = state_of(request.scope).options
    if options.api_key is None or request.scope.get(KEYED) or has_key(request.scope, options):
        return
    raise without_key()


def without_key() -> Problem:
    """Say what is missing."""
    return Problem(
        401,
        "unauthorized",
        "This server needs an API key in X-API-Key",
        headers={"WWW-Authenticate": "ApiKey"},
    )


def close_token(options: ServeOptions, call_id: str, session_id: str) -> str | None:
    """Make the token that closes one session, once; None where no key is set.

    It is derived from the key, so that every node that has the key knows it.
    """
    if options.api_key is None:
        return None
    text = f"close\n{call_id}\n{session_id}".encode()
    digest = hmac.digest(options.api_key.get_secret_value().encode(), text, "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


async def require_key_or_close_token(request: Request) -> None:
    """Let a close request pass that has the key, or in its body the session's unused close token."""
    state = state_of(request.scope)
    if state.options.api_key is None or has_key(request.scope, state.options):
        return
    ids = request.path_params
    wanted = close_token(state.options, ids["call_id"], ids["session_id"]) or ""
    given = _token_in(await request.body())
    if not hmac.compare_digest(given.encode(), wanted.encode()) or ids["session_id"] in state.spent_tokens:
        raise without_key()
    state.spent_tokens[ids["session_id"]] = None
    if len(state.spent_tokens) > _SPENT_TOKENS:
        state.spent_tokens.popitem(last=False)


def _token_in(body: bytes) -> str:
    """Find the token in what `sendBeacon` may send: text, JSON or a form."""
    text = body.decode(errors="replace").strip()
    if text.startswith("{"):
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            return ""
        token = cast("dict[str, object]", content).get("close_token")
        return token if isinstance(token, str) and token.isascii() else ""
    return parse_qs(text).get("close_token", [text])[0]


def is_loopback(host: str) -> bool:
    """Tell whether an address or a name means this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_exposure(options: ServeOptions, host: str) -> None:
    """Warn of a server that everybody can reach and use; refuse it in production.

    Raises:
        ConfigurationError: it would be open, and ``VISION_AGENTS_ENV`` is ``production``.
    """
    if is_loopback(host) or options.api_key is not None or options.can_start_session is not allow:
        return
    if options.env == "production":
        raise ConfigurationError(
            f"Refusing to serve on {host} without protection in production: set VISION_AGENTS_API_KEY, "
            "or give ServeOptions permission callbacks."
        )
    logger.warning(
        "ANYBODY WHO REACHES THIS SERVER CAN START SESSIONS AT YOUR COST: "
        "set VISION_AGENTS_API_KEY, or give ServeOptions permission callbacks",
        extra={"host": host},
    )
