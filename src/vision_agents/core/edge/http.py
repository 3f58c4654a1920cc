"""What a transport contributes to the server's HTTP: signalling routes and static files.

The server sees to the rest: it asks permission first, and sends a request for a call that another node runs
to that node; the transport knows neither.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

_BELOW_CALL = re.compile(r"[a-z0-9_-]+(/([a-z0-9_-]+|\{[a-z_]+\}))*")
_TOP = re.compile(r"/[a-z0-9_-]+")
_TAKEN = frozenset({"/calls", "/sessions", "/health", "/ready", "/metrics", "/docs"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request that may be answered: its call id is checked, its body bounded, and it is permitted.

    Args:
        call_id: of the call in the path.
        parameters: the other parameters of the path.
        query: of the URL.
        headers: by lower-case name.
        body: as it came.
    """

    call_id: str
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What to answer."""

    status: int = 200
    body: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


Answering: TypeAlias = Callable[[HttpRequest], Awaitable[HttpAnswer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRoute:
    """One route of a call's signalling.

    Args:
        method: for example ``"POST"``.
        path: below the call: ``"webrtc/offer"`` is ``/calls/{call_id}/webrtc/offer``.
        answer: makes the answer; a `SignallingRefused` has its own status, any other `EdgeError` is 409.
        takes_token: it checks a join token itself, so neither API key nor permission is asked. The route
            that gives tokens out does not.
        summary: one line for the documentation.
        statuses: every status that `answer` may give.

    Raises:
        ValueError: a method or path that cannot be.
    """

    method: str
    path: str
    answer: Answering
    takes_token: bool = False
    summary: str = ""
    statuses: tuple[int, ...] = (200,)

    def __post_init__(self) -> None:
        """Refuse what would get in the way of the server's own routes."""
        if not self.method.isalpha() or not self.method.isupper():
            raise ValueError(f"An HTTP method is written in capitals, not {self.method!r}.")
        if not _BELOW_CALL.fullmatch(self.path) or self.path.split("/")[0] == "sessions":
            raise ValueError(f"{self.path!r} is no path below a call: for example webrtc/offer.")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpFiles:
    """Files that anybody may have, a page for example; ``index.html`` is served for the directory.

    Args:
        path: where they are.
        directory: what is served; nothing outside of it is.
        headers: sent with each file: what the page may do, how long it is kept.
        call_in_page: what comes behind the path in the URL of a page where a person joins a call, for
            example ``#call={call_id}``; empty where there is no such page.

    Raises:
        ValueError: a path that is the server's own, or more than one word.
    """

    path: str
    directory: Path
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    call_in_page: str = ""

    def __post_init__(self) -> None:
        """Refuse what would get in the way of the server's own routes."""
        if not _TOP.fullmatch(self.path) or self.path in _TAKEN:
            raise ValueError(
                f"Static files need a path of one word that is free, like /demo: not {self.path!r}."
            )
