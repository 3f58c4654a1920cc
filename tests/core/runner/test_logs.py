"""The log of a run: JSON lines, without what people said, and only as long as the run lasts."""

from __future__ import annotations

import json
import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.launcher.supervisor import SESSION_FAILED
from vision_agents.core.runner.logs import LogFormat, logging_to_stderr

logger = logging.getLogger("vision_agents.kitchen")


@contextmanager
def no_handlers() -> Generator[None]:
    """The test runner's own handlers on the root logger are out of the way; all is as before at the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logging.getLogger(), "handlers", [])
        yield
    assert logging.getLogger("vision_agents").handlers == []
    assert logging.getLogger("vision_agents.launcher").filters == []
    assert logging.getLogger("vision_agents").level == logging.NOTSET


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize("log_format", [None, "json"])
def test_json_lines_where_there_is_no_terminal(
    log_format: LogFormat | None, capsys: pytest.CaptureFixture[str]
) -> None:
    with no_handlers(), logging_to_stderr("info", log_format):
        logger.info("Order taken", extra={"dish": "soup", "count": 2, "pii_text": "no onions please"})
        logger.debug("Not shown")
        try:
            _ = 1 / 0
        except ZeroDivisionError:
            logger.exception("Kitchen closed")

    first, second = lines(capsys)
    assert first.pop("time").endswith("+00:00")
    assert first == {
        "level": "INFO",
        "logger": "vision_agents.kitchen",
        "message": "Order taken",
        "dish": "soup",
        "count": 2,
    }
    assert "ZeroDivisionError" in second["exception"]


def test_readable_text_with_the_fields_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with no_handlers(), logging_to_stderr("INFO", "rich"):
        logger.info("Order taken", extra={"dish": "soup", "pii_text": "no onions please"})

    text = capsys.readouterr().err
    assert "Order taken dish=soup" in text
    assert "onions" not in text


def test_a_failed_session_is_left_to_whoever_runs_it(capsys: pytest.CaptureFixture[str]) -> None:
    with no_handlers(), logging_to_stderr():
        logging.getLogger("vision_agents.launcher").error(SESSION_FAILED)
        logging.getLogger("vision_agents.launcher").error("Something else")

    assert [line["message"] for line in lines(capsys)] == ["Something else"]


def test_a_program_with_handlers_of_its_own_keeps_them(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with logging_to_stderr("DEBUG"):
        logger.debug("Order taken")

    assert capsys.readouterr().err == ""
    assert "Order taken" in caplog.text


def test_a_format_that_is_asked_for_takes_their_place(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with logging_to_stderr("INFO", "json"):
        logger.info("Order taken")

    assert [line["message"] for line in lines(capsys)] == ["Order taken"]
    assert caplog.text == ""


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no log level 'LOUD'"), logging_to_stderr("LOUD"):
        pass
