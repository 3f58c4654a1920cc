"""The registry lists sessions by call and keeps requests to close them."""

from __future__ import annotations

from dataclasses import replace

from vision_agents.core.launcher.registry import SessionInfo, SessionRegistry
from vision_agents.core.types.status import SessionStatus

ONE = SessionInfo(session_id="one", call_id="lunch", node_id="n", started_at=1.0)
TWO = replace(ONE, session_id="two")


async def test_what_was_registered_is_found_until_it_is_removed() -> None:
    registry = SessionRegistry()
    assert await registry.register(ONE)
    assert await registry.register(TWO)

    assert await registry.get("lunch", "one") == ONE
    assert await registry.get("dinner", "one") is None
    assert await registry.get_for_call("lunch") == [ONE, TWO]

    await registry.remove("lunch", "one")
    await registry.remove("lunch", "one")
    assert await registry.get("lunch", "one") is None
    assert await registry.get_for_call("lunch") == [TWO]


async def test_a_full_call_refuses_and_stays_as_it_was() -> None:
    registry = SessionRegistry()
    assert await registry.register(ONE, max_per_call=1)

    assert not await registry.register(TWO, max_per_call=1)
    assert await registry.register(replace(TWO, call_id="dinner"), max_per_call=1)
    assert await registry.get_for_call("lunch") == [ONE]


async def test_renewing_tells_the_new_status_and_brings_back_what_was_lost() -> None:
    registry = SessionRegistry()
    active = replace(ONE, status=SessionStatus.ACTIVE)

    await registry.renew([active, TWO])

    assert await registry.get_for_call("lunch") == [active, TWO]


async def test_a_request_to_close_is_taken_once() -> None:
    registry = SessionRegistry()
    await registry.register(ONE)
    await registry.request_close("lunch", "one")

    assert await registry.take_close_requests(["two"]) == []
    assert await registry.take_close_requests(["one", "two"]) == ["one"]
    assert await registry.take_close_requests(["one", "two"]) == []


async def test_requests_for_unknown_or_removed_sessions_are_dropped() -> None:
    registry = SessionRegistry()
    await registry.request_close("lunch", "one")
    await registry.register(TWO)
    await registry.request_close("dinner", "two")
    await registry.register(ONE)
    assert await registry.take_close_requests(["one", "two"]) == []

    await registry.request_close("lunch", "two")
    await registry.remove("lunch", "two")
    await registry.register(TWO)

    assert await registry.take_close_requests(["two"]) == []


def test_node_ids() -> None:
    assert SessionRegistry(node_id="kitchen").node_id == "kitchen"
    assert SessionRegistry().node_id != SessionRegistry().node_id
