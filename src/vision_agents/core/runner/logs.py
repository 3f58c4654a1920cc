"""What becomes of the log while an agent runs in a terminal: readable there, JSON lines elsewhere."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.launcher.supervisor import SESSION_FAILED
from vision_agents.core.runner.redaction import RedactingFormatter, Redaction

LogFormat: TypeAlias = Literal["rich", "json"]

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_STANDARD = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"})


@contextmanager
def logging_to_stderr(level: str = "INFO", log_format: LogFormat | None = None) -> Generator[None]:
    """Show the library's log on standard error, for the length of the block, of one session.

    A program that has handlers of its own keeps them, unless `log_format` asks for one of these.

    Raises:
        ConfigurationError: there is no such level.
    """
    launcher = logging.getLogger("vision_agents.launcher")
    with _shown(("vision_agents",), level, log_format):
        launcher.addFilter(_is_news)
        try:
            yield
        finally:
            launcher.removeFilter(_is_news)


@contextmanager
def server_logging_to_stderr(
    agents_level: str, http_level: str, log_format: LogFormat | None = None, *, secrets: Iterable[str] = ()
) -> Generator[None]:
    """Show the log of a server: the agents' at one level, HTTP's at another; `secrets` are masked.

    Raises:
        ConfigurationError: there is no such level.
    """
    http = logging.getLogger("vision_agents.http")
    before = http.level
    with (
        _shown(("vision_agents",), agents_level, log_format, secrets),
        _shown(("uvicorn", "fastapi"), http_level, log_format, secrets),
    ):
        http.setLevel(http_level.upper())
        try:
            yield
        finally:
            http.setLevel(before)


@contextmanager
def _shown(
    names: Sequence[str], level: str, log_format: LogFormat | None, secrets: Iterable[str] = ()
) -> Generator[None]:
    if level.upper() not in _LEVELS:
        raise ConfigurationError(f"There is no log level {level!r}: use one of {', '.join(_LEVELS)}.")
    loggers = [logging.getLogger(name) for name in names]
    before = [(logger.level, logger.propagate) for logger in loggers]
    own = log_format or not loggers[0].hasHandlers()
    handler = _new_handler(log_format, secrets) if own else logging.NullHandler()
    for logger in loggers:
        logger.setLevel(level.upper())
        logger.addHandler(handler)
        logger.propagate = logger.propagate and log_format is None
    try:
        yield
    finally:
        for logger, (old_level, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(old_level)
            logger.propagate = propagate


def _new_handler(log_format: LogFormat | None, secrets: Iterable[str]) -> logging.Handler:
    redaction = Redaction(os.environ, secrets)
    if (log_format or ("rich" if sys.stderr.isatty() else "json")) == "rich":
        from rich.console import Console
        from rich.logging import RichHandler

        handler: logging.Handler = RichHandler(console=Console(stderr=True), show_path=False)
        handler.setFormatter(RedactingFormatter(TextFormatter(), redaction))
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(RedactingFormatter(JsonFormatter(), redaction))
    return handler


class TextFormatter(logging.Formatter):
    """The message and its fields, for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Make the text."""
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items())
        return super().format(record) if not fields else f"{super().format(record)}{fields}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for machines."""

    def format(self, record: logging.LogRecord) -> str:
        """Make the line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def _fields(record: logging.LogRecord) -> Mapping[str, object]:
    """What a record carries beside its message, without what people said."""
    return {
        name: value
        for name, value in vars(record).items()
        if name not in _STANDARD and not name.startswith(("_", "pii_"))
    }


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out the error of the session: whoever runs it is told of it anyway."""
    return record.msg != SESSION_FAILED
