"""Tokens that let a person into a call: signed, short-lived, for one call and one purpose, used once."""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import cast

from vision_agents.core.errors import ConfigurationError, EdgeError, SignallingRefused
from vision_agents.core.types.units import Seconds

KEYS_VARIABLE = "VISION_AGENTS_JOIN_KEYS"
"""Holds ``name:secret`` pairs between commas: the first signs, all of them are accepted."""

JOIN_LIFE: Seconds = 300.0
RESUME_LIFE: Seconds = 86_400.0
"""A resume token is good for as long as its call knows it; this bounds it where a call never ends."""
_LONGEST_JOIN: Seconds = 600.0
_MOST_SPENT = 100_000
_MOST_CHARACTERS = 2000
_ALGORITHM = "HS256"


class Role(StrEnum):
    """What a token is for."""

    JOIN = "join"
    RESUME = "resume"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What a token that was accepted says.

    Args:
        call_id: the call that it lets into.
        role: what it is for.
        token_id: its own id.
        name: what the person wants to be called.
        participant_id: who may resume; empty in a join token.
        session: which stay of an agent the person may come back to; empty in a join token.
        expires_at: when it ends, aware UTC.
    """

    call_id: str
    role: Role
    token_id: str
    expires_at: datetime
    name: str = ""
    participant_id: str = ""
    session: str = ""


def keys_from_environment() -> dict[str, bytes]:
    """Read the keys that several nodes share; a random one where none is set.

    Raises:
        ConfigurationError: a pair has no name, or a secret of less than 32 characters.
    """
    text = os.environ.get(KEYS_VARIABLE, "").strip()
    if not text:
        return {"process": secrets.token_bytes(32)}
    keys: dict[str, bytes] = {}
    for pair in text.split(","):
        name, _, secret = pair.strip().partition(":")
        if not name or len(secret) < 32:
            raise ConfigurationError(
                f"{KEYS_VARIABLE} holds name:secret pairs between commas, "
                "each secret of 32 characters or more."
            )
        keys[name] = secret.encode()
    return keys


class Tokens:
    """Makes tokens, and accepts each of them once.

    Args:
        keys: by name; the first signs.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(keys)
        self._signs_with = next(iter(self._keys))
        self._spent: dict[str, datetime] = {}

    def join_token(self, call_id: str, name: str) -> tuple[str, datetime]:
        """Make a token that lets one person into a call, and say when it expires."""
        return self._sign({"call_id": call_id, "role": Role.JOIN, "name": name}, JOIN_LIFE)

    def resume_token(self, call_id: str, *, participant_id: str, session: str, token_id: str) -> str:
        """Make a token that lets a person who was cut off come back; `token_id` is the call's to check."""
        claims = {"call_id": call_id, "role": Role.RESUME, "sub": participant_id, "session": session}
        return self._sign({**claims, "jti": token_id}, RESUME_LIFE)[0]

    def accept(self, token: str, *, call_id: str, role: Role) -> Pass:
        """Check a token, and spend it where it is a join token.

        Raises:
            SignallingRefused: 401 where it is no good at all, 403 where it is good for something else.
        """
        accepted = self._read(token)
        if accepted.call_id != call_id or accepted.role is not role:
            raise SignallingRefused(
                "This token is for another call or another purpose.", status=403, code="forbidden"
            )
        if role is Role.JOIN:  # the call itself keeps which resume token is the present one
            self._spend(accepted)
        return accepted

    def _sign(self, claims: Mapping[str, object], life: Seconds) -> tuple[str, datetime]:
        expires = int(datetime.now(UTC).timestamp() + life)
        header = {"alg": _ALGORITHM, "kid": self._signs_with, "typ": "JWT"}
        content = {"jti": secrets.token_urlsafe(16), **claims, "exp": expires}
        text = f"{_encode(header)}.{_encode(content)}"
        signature = _base64(self._signature(self._signs_with, text))
        return f"{text}.{signature}", datetime.fromtimestamp(expires, UTC)

    def _signature(self, key: str, text: str) -> bytes:
        return hmac.digest(self._keys[key], text.encode(), hashlib.sha256)

    def _read(self, token: str) -> Pass:
        text, _, signature = token.rpartition(".")
        header, _, content = text.partition(".")
        if not token.isascii() or len(token) > _MOST_CHARACTERS:
            raise _no_good()
        head = _decode(header)
        key = head.get("kid")
        # The algorithm is ours to choose: a token that names another one is not even looked at.
        if head.get("alg") != _ALGORITHM or not isinstance(key, str) or key not in self._keys:
            raise _no_good()
        if not hmac.compare_digest(_base64(self._signature(key, text)).encode(), signature.encode()):
            raise _no_good()
        return _pass(_decode(content))

    def _spend(self, accepted: Pass) -> None:
        now = datetime.now(UTC)
        if accepted.token_id in self._spent:
            raise _no_good()
        if len(self._spent) >= _MOST_SPENT:
            self._spent = {name: end for name, end in self._spent.items() if end > now}
            if len(self._spent) >= _MOST_SPENT:
                raise EdgeError("Too many people join calls at this moment: try again in a minute.")
        self._spent[accepted.token_id] = accepted.expires_at


def _pass(claims: Mapping[str, object]) -> Pass:
    names = ("call_id", "jti", "name", "sub", "session")
    call_id, token_id, name, participant_id, session = (claims.get(key, "") for key in names)
    expires, role = claims.get("exp"), claims.get("role")
    texts = (call_id, token_id, name, participant_id, session)
    if not all(isinstance(text, str) for text in texts) or not call_id or not token_id:
        raise _no_good()
    if not isinstance(expires, int) or role not in set(Role):
        raise _no_good()
    left = expires - datetime.now(UTC).timestamp()
    if left <= 0 or (role == Role.JOIN and left > _LONGEST_JOIN):
        raise _no_good()
    return Pass(
        call_id=str(call_id),
        role=Role(str(role)),
        token_id=str(token_id),
        expires_at=datetime.fromtimestamp(expires, UTC),
        name=str(name),
        participant_id=str(participant_id),
        session=str(session),
    )


def _no_good() -> SignallingRefused:
    """Say the same whatever is wrong: the difference would only help to forge one."""
    return SignallingRefused(
        "A valid join token is needed in the Authorization header: get one from join-token, and use it once.",
        status=401,
        code="unauthorized",
    )


def _encode(content: Mapping[str, object]) -> str:
    return _base64(json.dumps(content, separators=(",", ":")).encode())


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(text: str) -> Mapping[str, object]:
    try:
        content = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise _no_good() from error
    if not isinstance(content, dict):
        raise _no_good()
    return cast("Mapping[str, object]", content)
