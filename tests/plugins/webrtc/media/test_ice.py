from __future__ import annotations

from collections.abc import Callable

import pytest
from aioice.ice import Connection

from vision_agents.plugins.webrtc.media.ice import prepare_ice
from vision_agents.plugins.webrtc.media.settings import PeerSettings


def machine_with(addresses: list[str]) -> Callable[[bool, bool], list[str]]:
    def own_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        return addresses

    return own_addresses


@pytest.mark.parametrize(
    ("own", "pinned", "offered"),
    [
        (["192.0.2.1", "2001:db8::1"], None, ["192.0.2.1", "2001:db8::1"]),
        ([], None, ["127.0.0.1"]),
        (["192.0.2.1"], ("127.0.0.1", "::1"), ["127.0.0.1", "::1"]),
    ],
)
async def test_the_machines_own_addresses_or_loopback_or_those_that_were_set(
    own: list[str], pinned: tuple[str, ...] | None, offered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    async def gather(component: int, addresses: list[str], timeout: int = 5) -> list[object]:  # noqa: ASYNC109 - the signature of what it stands for
        asked.append(addresses)
        return []

    connection = Connection(ice_controlling=False)
    monkeypatch.setattr(connection, "get_component_candidates", gather)
    monkeypatch.setattr("aioice.ice.get_host_addresses", machine_with(own))
    prepare_ice(connection, PeerSettings(host_addresses=pinned))
    await connection.gather_candidates()
    assert asked == [offered]
    assert not connection.stun_server


async def test_one_connections_addresses_are_not_anothers(monkeypatch: pytest.MonkeyPatch) -> None:
    pinned, other = Connection(ice_controlling=False), Connection(ice_controlling=False)
    prepare_ice(pinned, PeerSettings(host_addresses=("127.0.0.1",)))
    monkeypatch.setattr("aioice.ice.get_host_addresses", machine_with(["::1"]))
    for connection in (pinned, other):
        await connection.gather_candidates()
    assert [one.host for one in pinned.local_candidates] == ["127.0.0.1"]
    assert [one.host for one in other.local_candidates] == ["::1"]
    await pinned.close()
    await other.close()
