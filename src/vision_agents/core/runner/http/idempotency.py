"""A request that is sent twice under one key has one effect."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request

from vision_agents.core.launcher.registry.port import Done, New
from vision_agents.core.launcher.registry.registry import SessionRegistry
from vision_agents.core.runner.http.problems import Problem
from vision_agents.core.runner.http.sessions import Started
from vision_agents.core.types.units import Seconds

HEADER = "Idempotency-Key"

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_POLL: Seconds = 0.1
_PATIENCE: Seconds = 5.0
"""How long a second request waits for the first one's result; the first may be on another node."""


def key_of(request: Request) -> str | None:
    """Read the key."""
    key = request.headers.get(HEADER)
    if key is not None and not _KEY.fullmatch(key):
        raise Problem(400, "invalid_idempotency_key", f"{HEADER} must have 1 to 255 visible ASCII characters")
    return key


async def once(
    registry: SessionRegistry, call_id: str, key: str, call_type: str, work: Callable[[], Awaitable[Started]]
) -> Started:
    """Do the work unless it was done under this key, and give its result; a failure may be tried again.

    Raises:
        IdempotencyConflict: the key was used with another request.
        Problem: the first request still runs.
    """
    fingerprint = hashlib.sha256(f"start\n{call_type}".encode()).hexdigest()
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    while True:
        known = await registry.begin_once(call_id, key, fingerprint)
        if isinstance(known, Done):
            return Started.from_json(known.response)
        if isinstance(known, New):
            return await _do(registry, call_id, key, work)
        if asyncio.get_running_loop().time() >= deadline:
            raise Problem(
                409, "in_progress", f"The first request with this {HEADER} still runs", retry_after=1.0
            )
        await asyncio.sleep(_POLL)


async def _do(
    registry: SessionRegistry, call_id: str, key: str, work: Callable[[], Awaitable[Started]]
) -> Started:
    try:
        started = await work()
    except BaseException:
        await registry.abandon_once(call_id, key)
        raise
    await registry.finish_once(call_id, key, started.to_json(), 201)
    return started
