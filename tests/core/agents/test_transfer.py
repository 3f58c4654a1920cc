"""Handing calls over on the loopback edge (session.md 1.11, defect 18)."""

import asyncio

import numpy as np
import pytest
from tests.core.agents.scene_parts import calls, edge_of, meanwhile, played_call, until

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.loopback import ALL_CAPABILITIES, Edge, LoopbackPeer, LoopbackPhone
from vision_agents.core.edge.transport import Capability
from vision_agents.core.errors import CapabilityMissing, ConfigurationError, TransferError
from vision_agents.core.events.telephone import TransferEvent
from vision_agents.core.telephony.transfer import TransferPatience
from vision_agents.core.telephony.transfer_steps import TransferFailure, TransferStep
from vision_agents.core.types.status import CloseReason, Reason
from vision_agents.testing import Says, ScriptedRealtime, ScriptedTTS, read_speech, realtime_call

pytestmark = pytest.mark.virtual_time

DESK = "tel:+15550100"


async def test_a_cold_transfer_leaves_the_caller_with_the_target() -> None:
    async with played_call() as call:
        phone = LoopbackPhone(DESK, rings=2.0)
        edge_of(call).add_phone(phone)
        result = await call.session.transfer("+1 555 0100")
        assert result.ok
        assert result.reached is TransferStep.CONNECTED
        assert result.duration == pytest.approx(2.0)
        await call.session.wait_ending()
        await until(lambda: call.session.finished)
        assert call.session.close_reason == CloseReason(Reason.TRANSFERRED)
        assert phone.peer is not None
        assert [p.user_id for p in phone.peer.participants] == ["caller"]
        assert not call.caller.peer.ended.is_set()
        assert [event.error for event in call.of(TransferEvent)] == [""]


@pytest.mark.parametrize(
    ("phone", "error"),
    [
        (LoopbackPhone(DESK, status=486), TransferFailure.BUSY),
        (LoopbackPhone(DESK, status=603), TransferFailure.DECLINED),
        (LoopbackPhone(DESK, rings=None), TransferFailure.NO_ANSWER),
        (LoopbackPhone("tel:+15550199"), TransferFailure.UNREACHABLE),
    ],
)
async def test_defect_18_nobody_takes_the_call_and_the_agent_goes_on(
    phone: LoopbackPhone, error: TransferFailure
) -> None:
    async with played_call(["hello again."]) as call:
        edge_of(call).add_phone(phone)
        result = await call.session.transfer("+15550100")
        assert (result.ok, result.error) == (False, error)
        await call.caller.says("are you there")
        await call.caller.hears("hello again")
        assert [event.error for event in call.of(TransferEvent)] == [error]


async def test_a_transfer_from_a_tool_tells_the_model_how_it_went() -> None:
    async def to_desk() -> str:
        """Hand the call over."""
        result = await session().transfer("+15550100")
        return "done" if result.ok else f"failed: {result.error}"

    async with played_call([calls("to_desk")], ["sorry."], tools=[to_desk]) as call:

        def session():
            return call.session

        edge_of(call).add_phone(LoopbackPhone(DESK, status=486))
        await call.caller.says("a human please")
        await call.caller.hears("sorry")
        await call.settles()


async def test_what_is_no_number_is_refused_before_anything_happens() -> None:
    async with played_call() as call:
        with pytest.raises(TransferError, match="country code"):
            await call.session.transfer("reception")


@pytest.mark.parametrize("warm", [False, True])
async def test_an_edge_that_cannot_says_so(warm: bool) -> None:
    edge = Edge(capabilities=ALL_CAPABILITIES - {Capability.TRANSFER, Capability.DIAL})
    async with played_call(edge=edge) as call:
        with pytest.raises(CapabilityMissing, match="cannot hand calls over"):
            await call.session.transfer("+15550100", warm=warm)


async def test_a_warm_transfer_without_a_voice_is_refused_before_anything_happens() -> None:
    async with realtime_call(ScriptedRealtime(Says(text="Still here."))) as call:
        phone = LoopbackPhone(DESK)
        edge_of(call).add_phone(phone)
        with pytest.raises(ConfigurationError, match="needs a tts"):
            await call.session.transfer("+15550100", warm=True)
        assert phone.peer is None
        await call.caller.says("hello")
        await call.caller.hears("still here")


async def test_a_realtime_agent_with_a_synthesiser_briefs_the_colleague() -> None:
    colleague = Colleague("1")
    async with realtime_call(ScriptedRealtime(), tts=ScriptedTTS()) as call:
        edge_of(call).add_phone(colleague.phone)
        result = await call.session.transfer("+15550100", warm=True, summary="Ann wants a refund.")
        assert result.ok
        assert "ann wants a refund" in colleague.heard


async def test_call_transfer_is_the_documented_form() -> None:
    async with played_call() as call:
        edge_of(call).add_phone(LoopbackPhone(DESK))
        with pytest.warns(DeprecationWarning, match="ignores its token"):
            result = await call.session.call_transfer("token", "+15550100")
        assert result.ok


class Colleague:
    """Answers, listens, and presses a key."""

    def __init__(self, key: str | None, *, after: float = 8.0, hangs_up: bool = False) -> None:
        self.phone = LoopbackPhone(DESK, rings=1.0, answered=self._answered)
        self.peer: LoopbackPeer | None = None
        self._key, self._after, self._hangs_up = key, after, hangs_up

    def _answered(self, peer: LoopbackPeer) -> None:
        self.peer = peer
        asyncio.get_running_loop().call_later(self._after, self._react)

    def _react(self) -> None:
        assert self.peer is not None
        if self._hangs_up:
            self.peer.end_call("not now")
        elif self._key is not None:
            self.peer.press(self._key)

    @property
    def heard(self) -> str:
        assert self.peer is not None
        return read_speech(PcmData(np.concatenate([f.pcm.samples for f in self.peer.heard]), 48_000))


async def test_a_warm_transfer_briefs_the_colleague_and_joins_the_two() -> None:
    colleague = Colleague("1")
    async with played_call() as call:
        edge_of(call).add_phone(colleague.phone)
        transfer = meanwhile(call.session.transfer("+15550100", warm=True, summary="Anna has no hot water."))
        await call.caller.waits(4)
        assert call.caller.peer.heard  # music
        result = await transfer
        assert result.ok
        await until(lambda: call.session.finished)
        assert "anna has no hot water" in colleague.heard
        assert "press 1" in colleague.heard
        assert "anna" not in call.caller.heard_text
        assert [p.user_id for p in call.caller.peer.participants] == [DESK]
        assert call.session.close_reason == CloseReason(Reason.TRANSFERRED)


async def test_a_warm_transfer_is_summed_up_by_the_model() -> None:
    colleague = Colleague("1")
    async with played_call(["anna wants a plumber"]) as call:
        edge_of(call).add_phone(colleague.phone)
        assert (await call.session.transfer("+15550100", warm=True)).ok
        assert "anna wants a plumber" in colleague.heard


@pytest.mark.parametrize("colleague", [Colleague("2"), Colleague(None, hangs_up=True)])
async def test_a_warm_transfer_that_is_declined_comes_back_to_the_caller(colleague: Colleague) -> None:
    async with played_call(["hello again."]) as call:
        edge_of(call).add_phone(colleague.phone)
        result = await call.session.transfer("+15550100", warm=True, summary="Anna.", hold_audio=None)
        assert result.error is TransferFailure.DECLINED
        await call.caller.says("are you there")
        await call.caller.hears("hello again")
        assert colleague.peer is not None
        assert colleague.peer.participants == ()


async def test_what_the_caller_says_on_hold_goes_to_no_model() -> None:
    colleague = Colleague("2", after=6)
    async with played_call() as call:
        edge_of(call).add_phone(colleague.phone)
        transfer = meanwhile(call.session.transfer("+15550100", warm=True, summary="Anna."))
        await call.caller.waits(2)
        await call.caller.says("is this thing on")
        await transfer
        await call.caller.waits(2)
        assert call.said == []


async def test_a_caller_who_hangs_up_on_hold_ends_it() -> None:
    colleague = Colleague(None)
    async with played_call() as call:
        edge_of(call).add_phone(colleague.phone)
        transfer = meanwhile(call.session.transfer("+15550100", warm=True, summary="Anna."))
        await call.caller.waits(3)
        await call.caller.hangs_up()
        result = await transfer
        assert result.error is TransferFailure.CALLER_LEFT
        assert colleague.peer is not None
        assert colleague.peer.participants == ()


async def test_a_transfer_that_is_called_off_comes_back() -> None:
    async with played_call(["hello again."]) as call:
        edge_of(call).add_phone(LoopbackPhone(DESK, rings=None))
        transfer = meanwhile(
            call.session.transfer("+15550100", warm=True, patience=TransferPatience(answer=60))
        )
        await call.caller.waits(3)
        transfer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await transfer
        await call.caller.says("are you there")
        await call.caller.hears("hello again")
