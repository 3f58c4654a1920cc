"""What a conversation is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeAlias

from vision_agents.core.types.ids import new_id


class Role(StrEnum):
    """Who said it."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Message:
    """Something said.

    For the agent, `text` is what the listener heard; `interrupted` tells that there was more.
    """

    role: Role
    text: str
    user_id: str | None = None
    interrupted: bool = False
    id: str = field(default_factory=lambda: new_id("msg"))
    created_at: datetime = field(default_factory=_now)


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """The model asked for a tool."""

    id: str
    name: str
    arguments: Mapping[str, object]
    created_at: datetime = field(default_factory=_now)


@dataclass(frozen=True, slots=True)
class FunctionResult:
    """What the tool gave, as the model reads it."""

    call_id: str
    name: str
    output: str
    is_error: bool = False
    created_at: datetime = field(default_factory=_now)


HistoryItem: TypeAlias = Message | FunctionCall | FunctionResult
