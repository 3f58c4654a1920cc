"""What a page may send, and what is no message."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from vision_agents.core.edge.messages import (
    AnyMessage,
    Goodbye,
    InterruptAsked,
    KeyPressed,
    Ping,
    TypedText,
    read_message,
)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"type": "text", "text": " is it\n sunny "}, TypedText("is it sunny")),
        ({"type": "text", "text": "x" * 2000}, TypedText("x" * 2000)),
        ({"type": "interrupt", "more": "is ignored"}, InterruptAsked()),
        ({"type": "digit", "digit": "#"}, KeyPressed("#")),
        ({"type": "ping", "n": 7}, Ping(7)),
        ({"type": "leave"}, Goodbye()),
    ],
)
def test_messages(data: Mapping[str, object], message: AnyMessage) -> None:
    assert read_message(data) == message


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"type": "sing"},
        {"type": ["text"]},
        {"type": "text"},
        {"type": "text", "text": " \n"},
        {"type": "text", "text": "x" * 2001},
        {"type": "text", "text": 7},
        {"type": "digit", "digit": ""},
        {"type": "digit", "digit": "12"},
        {"type": "digit", "digit": "E"},
        {"type": "ping"},
        {"type": "ping", "n": "1"},
    ],
)
def test_nonsense(data: Mapping[str, object]) -> None:
    assert read_message(data) is None
