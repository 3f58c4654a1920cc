"""What is masked in a log, and what is left to read."""

from __future__ import annotations

import logging

import pytest

from vision_agents.core.runner.logs import server_logging_to_stderr
from vision_agents.core.runner.redaction import Redaction

ENVIRONMENT = {
    "OPENAI_API_KEY": "plain-openai-secret",
    "MY_PASSWORD": 'quo"ted\\secret',
    "DATABASE_URL": "postgres://user:url%2Fsecret@host/db",
    "REDIS": "rediss://:redis-secret@host:6379/0",
    "SHORT_TOKEN": "abc",
    "HOME": "/srv/somebody",
    "NOT_A_URL": "://[",
}


@pytest.mark.parametrize(
    "text",
    [
        "401 for plain-openai-secret",
        "plain-openai-secretplain-openai-secret",
        '{"text": "quo\\"ted\\\\secret"}',
        "url/secret and url%2Fsecret",
        "redis-secret",
        "Authorization: Bearer header-secret",
        "authorization: basic dXNlcjpzZWNyZXQ=",
        "GET https://user:other-secret@host/path",
        "GET /path?x=1&api_key=query-secret&y=2",
        "key sk-proj-12345secret",
    ],
)
def test_a_secret_is_masked(text: str) -> None:
    masked = Redaction(ENVIRONMENT).mask(text)

    assert "secret" not in masked
    assert "dXNlcjpzZWNyZXQ" not in masked
    assert "***" in masked


def test_the_rest_is_left_as_it_is() -> None:
    text = "abc: /srv/somebody asked https://host:8000/path?x=1 for a key, and the token is missing"

    assert Redaction(ENVIRONMENT).mask(text) == text


def test_secrets_given_in_code_are_masked_too() -> None:
    assert Redaction({}, ["in-code"]).mask("it is in-code") == "it is ***"


@pytest.mark.parametrize("log_format", ["json", "rich"])
def test_a_traceback_shows_none(
    log_format: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "a-secret-from-env")
    with server_logging_to_stderr("INFO", "INFO", log_format, secrets=["one-from-code"]):  # pyright: ignore[reportArgumentType]
        try:
            int("a-secret-from-env")
        except ValueError:
            logging.getLogger("vision_agents.http").exception("Failed with one-from-code", extra={"x": "y"})
            logging.getLogger("uvicorn.error").exception("Failed")

    said = capsys.readouterr().err
    assert "invalid literal for int() with base 10" in said
    assert "secret" not in said
    assert "one-from-code" not in said
