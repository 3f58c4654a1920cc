"""Reading an event log back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

from vision_agents.core.errors import ConfigurationError

Line: TypeAlias = Mapping[str, Any]


def read_event_log(path: Path) -> list[Line]:
    """Read every line of a log that ``run --events`` wrote."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The event log {path} cannot be read: {type(error).__name__}.") from error
    return [_parse(path, number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]


def _parse(path: Path, number: int, text: str) -> Line:
    try:
        line: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise _not_a_log(path, number) from error
    if not isinstance(line, dict) or "type" not in line:
        raise _not_a_log(path, number)
    return cast("dict[str, Any]", line)


def _not_a_log(path: Path, number: int) -> ConfigurationError:
    return ConfigurationError(f"{path}, line {number}, is no event: give a file that `run --events` wrote.")
