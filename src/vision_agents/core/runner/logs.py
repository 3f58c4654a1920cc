"""What becomes of the log while an agent runs in a terminal: readable there, JSON lines elsewhere."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.launcher.supervisor import SESSION_FAILED

LogFormat: TypeAlias = Literal["rich", "json"]

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_STANDARD = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})


@contextmanager
def logging_to_stderr(level: str = "INFO", log_format: LogFormat | None = None) -> Generator[None]:
    """Show the library's log on standard error, for the length of the block.

    A program that has handlers of its own keeps them, unless `log_format` asks for one of these.

    Raises:
        ConfigurationError: there is no such level.
    """
    if level.upper() not in _LEVELS:
        raise ConfigurationError(f"There is no log level {level!r}: use one of {', '.join(_LEVELS)}.")
    logger, launcher = logging.getLogger("vision_agents"), logging.getLogger("vision_agents.launcher")
    before = (logger.level, logger.propagate)
    handler = _new_handler(log_format) if log_format or not logger.hasHandlers() else logging.NullHandler()
    logger.setLevel(level.upper())
    logger.addHandler(handler)
    logger.propagate = before[1] and log_format is None
    launcher.addFilter(_is_news)
    try:
        yield
    finally:
        launcher.removeFilter(_is_news)
        logger.removeHandler(handler)
        logger.level, logger.propagate = before
        logger.setLevel(before[0])


def _new_handler(log_format: LogFormat | None) -> logging.Handler:
    if (log_format or ("rich" if sys.stderr.isatty() else "json")) == "rich":
        from rich.console import Console
        from rich.logging import RichHandler

        handler: logging.Handler = RichHandler(console=Console(stderr=True), show_path=False)
        handler.setFormatter(TextFormatter())
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(JsonFormatter())
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
