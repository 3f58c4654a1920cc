"""Settings of the HTTP server."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Annotated, Any, cast

from pydantic import PlainValidator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _strings(value: object) -> tuple[str, ...]:
    """Take a collection of strings, a JSON list, or words separated by commas."""
    if isinstance(value, str):
        value = json.loads(value) if value.lstrip().startswith("[") else value.split(",")
    if not isinstance(value, Collection):
        raise ValueError("give a collection of strings")  # noqa: TRY004 - the library's way to say no
    words = list(cast("Collection[object]", value))
    if not all(isinstance(word, str) for word in words):
        raise ValueError("give strings only")
    return tuple(str(word).strip() for word in words)


Strings = Annotated[Collection[str], NoDecode, PlainValidator(_strings)]


def allow(call_id: str) -> bool:
    """Permit everything: the default of every permission."""
    return True


class ServeOptions(BaseSettings):
    """How the HTTP server behaves; what is not given is read from ``VISION_AGENTS_<NAME>``.

    Args:
        fast_api: an application of your own, used as it is.
        cors_allow_origins: any collection of strings, like the next two.
        cors_allow_methods: allowed HTTP methods.
        cors_allow_headers: allowed headers.
        cors_allow_credentials: whether cookies and authorisation may be sent across origins.
        can_start_session: a FastAPI dependency; gets `call_id`, and False or an exception denies.
        can_close_session: the same for closing.
        can_view_session: the same for looking a session up.
        can_view_metrics: the same for its metrics.
    """

    model_config = SettingsConfigDict(env_prefix="VISION_AGENTS_", frozen=True)

    fast_api: Any = None
    cors_allow_origins: Strings = ("*",)
    cors_allow_methods: Strings = ("*",)
    cors_allow_headers: Strings = ("*",)
    cors_allow_credentials: bool = True
    can_start_session: Callable[..., Any] = allow
    can_close_session: Callable[..., Any] = allow
    can_view_session: Callable[..., Any] = allow
    can_view_metrics: Callable[..., Any] = allow
