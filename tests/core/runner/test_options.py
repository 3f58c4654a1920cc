"""Settings of the server: documented names, defaults, and what the environment may say."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.runner.options import ServeOptions, options_from_environment


def test_the_documented_defaults() -> None:
    options = ServeOptions()

    assert options.fast_api is None
    assert options.cors_allow_origins == ("*",)
    assert options.cors_allow_methods == ("*",)
    assert options.cors_allow_headers == ("*",)
    assert options.cors_allow_credentials is True
    for check in (
        options.can_start_session,
        options.can_close_session,
        options.can_view_session,
        options.can_view_metrics,
    ):
        assert check(call_id="lunch") is True


def test_any_collection_of_strings_is_taken() -> None:
    options = ServeOptions(
        cors_allow_origins={"https://a"}, cors_allow_methods=["GET", "POST"], cors_allow_headers=("X-Key",)
    )

    assert tuple(options.cors_allow_origins) == ("https://a",)
    assert tuple(options.cors_allow_methods) == ("GET", "POST")
    assert tuple(options.cors_allow_headers) == ("X-Key",)


def test_what_is_no_collection_of_strings_is_refused() -> None:
    with pytest.raises(ValidationError):
        ServeOptions(cors_allow_origins=3)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValidationError):
        ServeOptions(cors_allow_origins=[3])  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValidationError):
        ServeOptions(can_start_session="everybody")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("text", ["https://a, https://b", '["https://a", "https://b"]'])
def test_the_environment_is_read_under_its_prefix(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISION_AGENTS_CORS_ALLOW_ORIGINS", text)
    monkeypatch.setenv("VISION_AGENTS_CORS_ALLOW_CREDENTIALS", "false")

    assert tuple(ServeOptions().cors_allow_origins) == ("https://a", "https://b")
    assert ServeOptions().cors_allow_credentials is False
    assert tuple(ServeOptions(cors_allow_origins=["https://c"]).cors_allow_origins) == ("https://c",)


def test_the_environment_without_the_prefix_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ALLOW_CREDENTIALS", "false")
    monkeypatch.setenv("CORS_ALLOW_ORIGINS", '["https://evil"]')

    assert ServeOptions().cors_allow_credentials is True
    assert ServeOptions().cors_allow_origins == ("*",)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        ServeOptions().cors_allow_credentials = False


def test_an_environment_that_is_wrong_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISION_AGENTS_API_KEY", " ")
    monkeypatch.setenv("VISION_AGENTS_MAX_BODY_BYTES", "0")

    with pytest.raises(ConfigurationError, match=r"VISION_AGENTS_API_KEY: .* the API key is empty") as caught:
        options_from_environment()
    assert "VISION_AGENTS_MAX_BODY_BYTES: " in str(caught.value)
