"""Identifiers: minted here, checked here."""

import os
import re
import uuid

from vision_agents.core.errors import InvalidCallId

_CALL_ID = re.compile(r"[a-z0-9_-]{1,128}")
_CALL_TYPE = re.compile(r"[a-z0-9_-]{1,64}")


def new_id(prefix: str = "") -> str:
    """Mint a random id: `prefix` and eight hex digits, or a UUID where there is no prefix."""
    return f"{prefix}_{os.urandom(4).hex()}" if prefix else str(uuid.uuid4())


def parse_call_id(call_id: str, *, pattern: str | None = None) -> str:
    """Return `call_id` if it is allowed: a-z, 0-9, _ and -, 1 to 128 characters, or `pattern`, in full."""
    allowed = re.compile(pattern) if pattern else _CALL_ID
    if not allowed.fullmatch(call_id):
        rule = (
            f"it must match {pattern} in full"
            if pattern
            else "use 1 to 128 characters out of a-z, 0-9, _ and -"
        )
        raise InvalidCallId(f"Call id {call_id[:40]!r} is not allowed: {rule}.")
    return call_id


def parse_call_type(call_type: str) -> str:
    """Return `call_type` if it is allowed: a-z, 0-9, _ and -, 1 to 64 characters."""
    if not _CALL_TYPE.fullmatch(call_type):
        raise InvalidCallId(
            f"Call type {call_type[:40]!r} is not allowed: use 1 to 64 characters out of a-z, 0-9, _ and -."
        )
    return call_type
