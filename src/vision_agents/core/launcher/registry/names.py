"""Ids as parts of keys: whatever they hold, they cannot be mistaken for another key or for a pattern."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from urllib.parse import quote

from vision_agents.core.launcher.registry.port import OnceKey
from vision_agents.core.launcher.registry.session_info import SessionKey


@lru_cache(maxsize=10_000)
def encoded(identifier: str) -> str:
    """Leave letters, digits, ``_ - . ~``; percent-encode the rest."""
    return quote(identifier, safe="", errors="surrogatepass")


def session_name(key: SessionKey) -> str:
    """Name a session by its call and itself."""
    return f"{encoded(key.call_id)}/{encoded(key.session_id)}"


def once_name(key: OnceKey) -> str:
    """Name an idempotency key, however long it is, within its call."""
    return f"{encoded(key.call_id)}/{hashlib.sha256(key.key.encode(errors='surrogatepass')).hexdigest()}"
