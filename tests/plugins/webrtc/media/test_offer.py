from __future__ import annotations

import random

import pytest
from tests.plugins.webrtc.media.browser import LOOPBACK, Browser, Heard

from vision_agents.core.errors import BadOffer, EdgeError
from vision_agents.plugins.webrtc.media.offer import checked_offer
from vision_agents.plugins.webrtc.media.peer import Peer
from vision_agents.plugins.webrtc.media.settings import IceServer, PeerSettings

AUDIO = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"


def candidate(host: str, port: int = 5000) -> str:
    return f"a=candidate:1 1 udp 2122260223 {host} {port} typ host\r\n"


@pytest.mark.parametrize(
    ("offer", "reason"),
    [
        ("", "one audio line, not 0"),
        (AUDIO + AUDIO, "one audio line, not 2"),
        (AUDIO + "m=video 9 x 96\r\n" * 3, "the camera, then the screen"),
        (AUDIO + "m=application 9 x y\r\n" * 2, "one data channel line"),
        (AUDIO + "m=message 9 x y\r\n", "unknown kinds"),
        (AUDIO + "a=" + "x" * 65_536, "longer than 65536 bytes"),
        (AUDIO + candidate("192.0.2.1") * 51, "51 candidates"),
    ],
)
def test_what_is_no_call_is_refused(offer: str, reason: str) -> None:
    with pytest.raises(BadOffer, match=reason):
        checked_offer(offer, PeerSettings())


def test_names_that_only_the_browsers_network_knows_are_not_looked_up() -> None:
    offer = AUDIO + candidate("8d3b.local") + candidate("192.0.2.1") + "a=end-of-candidates\r\n"
    assert checked_offer(offer, PeerSettings()) == AUDIO + candidate("192.0.2.1")
    known = AUDIO + candidate("192.0.2.1") + "a=end-of-candidates\r\n"
    assert checked_offer(known, PeerSettings()) == known


async def test_broken_offers_are_refused_whatever_is_broken_and_nothing_is_left_behind() -> None:
    browser = Browser()
    good = await browser.offer()
    await browser.close()
    dice = random.Random(5)
    refused = 0
    for _ in range(60):
        lines = good.splitlines()
        for _ in range(dice.randint(1, 6)):
            where = dice.randrange(len(lines))
            lines[where] = dice.choice(
                ("", "a=", "m=audio", lines[where][: dice.randrange(1, 40)], "a=setup:x")
            )
        peer = Peer(Heard(), LOOPBACK)
        try:
            await peer.accept("\r\n".join(lines))
        except BadOffer:
            refused += 1
        finally:
            await peer.close()
    assert refused > 20


async def test_an_offer_without_opus_is_refused() -> None:
    browser = Browser()
    offer = (await browser.offer()).replace("opus/48000/2", "speex/16000")
    await browser.close()
    peer = Peer(Heard(), LOOPBACK)
    with pytest.raises(BadOffer):
        await peer.accept(offer)
    await peer.close()


async def test_an_offer_in_broken_unicode_is_refused() -> None:
    peer = Peer(Heard(), LOOPBACK)
    with pytest.raises(BadOffer):
        await peer.accept(AUDIO + "a=\ud800\r\n")
    await peer.close()


async def test_an_address_that_this_machine_has_not_is_told() -> None:
    browser = Browser()
    peer = Peer(Heard(), PeerSettings(host_addresses=("203.0.113.7",)))
    with pytest.raises(EdgeError, match="host_addresses"):
        await peer.accept(await browser.offer())
    await browser.close()


async def test_a_peer_answers_one_offer() -> None:
    browser = Browser()
    offer = await browser.offer()
    peer = Peer(Heard(), LOOPBACK)
    await peer.accept(offer)
    with pytest.raises(EdgeError, match="answers one offer"):
        await peer.accept(offer)
    await peer.close()
    with pytest.raises(EdgeError, match="answers one offer"):
        await peer.accept(offer)
    await browser.close()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (lambda: PeerSettings(host_addresses=()), "host_addresses"),
        (lambda: PeerSettings(host_addresses=("localhost",)), "localhost"),
        (lambda: PeerSettings(max_candidates=0), "max_candidates"),
        (lambda: PeerSettings(close_timeout=0), "close_timeout"),
        (lambda: PeerSettings(lost_after=5), "lost_after"),
        (lambda: IceServer("http://example.org"), "stun:"),
    ],
)
def test_settings_refuse_nonsense(settings: object, reason: str) -> None:
    assert callable(settings)
    with pytest.raises(ValueError, match=reason):
        settings()
