"""What is known of a session survives its way through a store, and through versions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vision_agents.core.launcher.registry.session_info import SessionInfo, SessionKey
from vision_agents.core.types.status import Reason, SessionStatus

INFO = SessionInfo(
    session_id="one",
    call_id="lunch",
    node_id="kitchen",
    started_at=1.5,
    call_type="audio",
    status=SessionStatus.FAILED,
    reason=Reason.ERROR,
    detail="ZeroDivisionError",
    metrics={"turns": 3, "latency_ms": 1.25, "tokens": None},
    metrics_updated_at=2.5,
)


def test_what_was_written_is_read() -> None:
    assert SessionInfo.from_dict(json.loads(json.dumps(INFO.to_dict()))) == INFO
    assert INFO.key == SessionKey("lunch", "one")


def test_an_entry_of_another_version_is_read() -> None:
    later = {**INFO.to_dict(), "mood": "sunny"}
    earlier = {"session_id": "one", "call_id": "lunch", "node_id": "n", "started_at": 1}

    assert SessionInfo.from_dict(later) == INFO
    assert SessionInfo.from_dict(earlier).call_type == "default"


@pytest.mark.parametrize(
    "change",
    [
        {"status": "dancing"},
        {"reason": "boredom"},
        {"call_id": 3},
        {"started_at": "noon"},
        {"metrics": [1]},
        {"metrics": {"turns": "three"}},
        {"metrics": {"turns": True}},
        {"metrics_updated_at": "noon"},
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        SessionInfo.from_dict({**INFO.to_dict(), **change})


@pytest.mark.parametrize("entry", [None, [], "text", 3])
def test_an_entry_that_is_no_object_is_refused(entry: object) -> None:
    with pytest.raises(ValueError, match="must be an object"):
        SessionInfo.from_dict(entry)


def test_an_entry_without_its_ids_is_refused() -> None:
    with pytest.raises(ValueError, match="KeyError: 'call_id'"):
        SessionInfo.from_dict({"session_id": "one"})
