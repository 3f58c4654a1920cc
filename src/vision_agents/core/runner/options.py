"""Settings of the HTTP server."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Annotated, Any, Literal, cast

from pydantic import Field, HttpUrl, PlainValidator, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.types.units import Seconds


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
        can_list_sessions: the same for listing; left out, only this machine may list. It gets a `call_id`
            only where one call's sessions are listed.
        api_key: where it is set, requests need it in ``X-API-Key``.
        env: ``"production"`` refuses what only suits development.
        advertise_url: where other nodes reach this one, for what only a call's own node can answer.
        allowed_hosts: names that this server answers for; with ``"*"``, any.
        max_body_bytes: of a request; more is 413.
        max_header_bytes: of a request, its first line included; more is 431.
        max_json_depth: how deeply JSON may be nested.
        max_connections: at the same time.
        receive_timeout: seconds within which a request must have arrived.

    Raises:
        ValueError: a setting that makes no sense.
    """

    model_config = SettingsConfigDict(env_prefix="VISION_AGENTS_", frozen=True, hide_input_in_errors=True)

    fast_api: Any = None
    cors_allow_origins: Strings = ("*",)
    cors_allow_methods: Strings = ("*",)
    cors_allow_headers: Strings = ("*",)
    cors_allow_credentials: bool = True
    can_start_session: Callable[..., Any] = allow
    can_close_session: Callable[..., Any] = allow
    can_view_session: Callable[..., Any] = allow
    can_view_metrics: Callable[..., Any] = allow
    can_list_sessions: Callable[..., Any] | None = None
    api_key: SecretStr | None = None
    env: Literal["", "development", "production"] = ""
    advertise_url: HttpUrl | None = None
    allowed_hosts: Strings = ("*",)
    max_body_bytes: int = Field(default=65_536, gt=0)
    max_header_bytes: int = Field(default=16_384, gt=0)
    max_json_depth: int = Field(default=32, gt=0)
    max_connections: int = Field(default=1000, gt=0)
    receive_timeout: Seconds = Field(default=10.0, gt=0)

    @field_validator("api_key")
    @classmethod
    def _key_is_a_key(cls, key: SecretStr | None) -> SecretStr | None:
        """Refuse an empty key: a variable that was meant to be filled must not open the server."""
        if key is not None and not key.get_secret_value().strip():
            raise ValueError("the API key is empty: set it, or unset the variable")
        return key


def options_from_environment() -> ServeOptions:
    """Read all settings from the environment.

    Raises:
        ConfigurationError: it asks for something impossible.
    """
    try:
        return ServeOptions()
    except ValidationError as error:
        told = "; ".join(
            f"VISION_AGENTS_{str(item['loc'][0]).upper()}: {item['msg']}"
            for item in error.errors()
            for item in error.errors()
        )
        raise ConfigurationError(f"The environment is not right: {told}.") from error
