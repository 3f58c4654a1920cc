"""Handing a call over: what the transfer's rules decide, carried out on the session's connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from vision_agents.core.agents.dtmf import KeyFinder
from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.transport import Capability, Connection, ConnectionListener, LegStep
from vision_agents.core.errors import LegFailed, VisionAgentsError
from vision_agents.core.telephony.transfer import TransferMachine, failure_of
from vision_agents.core.telephony.transfer_steps import (
    Accepted,
    Answered,
    AskCarrier,
    BriefTarget,
    CalledOff,
    CallLost,
    DialTarget,
    Failed,
    HangUpTarget,
    HoldCaller,
    JoinLegs,
    LeaveCall,
    LegEnded,
    ReturnToAgent,
    Ringing,
    TakenOver,
    TimeWent,
    TransferDecision,
    TransferFailure,
    TransferObservation,
    TransferResult,
)
from vision_agents.core.types.people import Participant

logger = logging.getLogger("vision_agents.telephone")

ACCEPT, DECLINE = "1", "2"
_MOST_NEWS = 64


class TransferDesk(Protocol):
    """What the session does for a transfer."""

    async def hold(self) -> None:
        """Let the caller hear music, and hear nothing of them."""

    async def off_hold(self) -> None:
        """Talk with the caller again."""

    async def brief(self, leg: Connection) -> None:
        """Tell the target what it is about; returns when it was heard."""

    def leave(self) -> None:
        """Leave the call to the others."""


class Transferring:
    """One transfer, from the first ring to its end.

    Args:
        connection: the session's leg.
        machine: the rules.
        desk: the session's part.
    """

    def __init__(self, connection: Connection, machine: TransferMachine, desk: TransferDesk) -> None:
        self._connection = connection
        self._machine = machine
        self._desk = desk
        self._loop = asyncio.get_running_loop()
        self._news: asyncio.Queue[TransferObservation] = asyncio.Queue(_MOST_NEWS)
        self._leg: Connection | None = None
        self._held = False
        self._scope = TaskScope("transfer")

    async def run(self) -> TransferResult:
        """Hand the call over or come back to it; cancelling calls it off."""
        try:
            await self._carry_out(self._machine.begin(self._loop.time()))
            while self._machine.result is None:
                await self._carry_out(self._machine.observe(await self._next()))
            return self._machine.result
        finally:
            await self._scope.close()
            await self._carry_out(self._machine.observe(CalledOff(self._loop.time())))

    def lose_caller(self) -> None:
        """Hear that the caller's leg is gone."""
        self._tell(LegEnded(self._loop.time()))

    async def _next(self) -> TransferObservation:
        deadline = self._machine.deadline
        try:
            async with asyncio.timeout_at(deadline):
                return await self._news.get()
        except TimeoutError:
            return TimeWent(self._loop.time())

    async def _carry_out(self, decisions: list[TransferDecision]) -> None:
        for decision in decisions:
            match decision:
                case AskCarrier(target=target):
                    self._start(self._hand_over(target.uri), "transfer")
                case HoldCaller():
                    self._held = True
                    await self._desk.hold()
                case DialTarget(target=target):
                    self._start(self._dial(target.uri), "dial")
                case BriefTarget():
                    self._start(self._brief(), "brief")
                case JoinLegs():
                    await self._join_legs()
                case _:
                    await self._end(decision)

    async def _end(self, decision: HangUpTarget | LeaveCall | ReturnToAgent | CallLost) -> None:
        match decision:
            case HangUpTarget():
                await self._scope.close()
                await self._hang_up()
            case LeaveCall():
                self._desk.leave()
            case ReturnToAgent():
                if self._held:
                    await self._desk.off_hold()
            case CallLost():
                logger.info("The caller left while the call was handed over")

    async def _hand_over(self, target: str) -> None:
        await self._connection.transfer(target, self._on_step)
        self._tell(Answered(self._loop.time()))

    async def _dial(self, target: str) -> None:
        ears = LegListener(self._on_key, self._on_target_left)
        self._leg = await self._connection.dial(target, ears, self._on_step)
        ears.finds_tones = Capability.DTMF not in self._leg.capabilities
        self._tell(Answered(self._loop.time()))

    async def _brief(self) -> None:
        if self._leg is not None:
            await self._desk.brief(self._leg)

    async def _join_legs(self) -> None:
        await self._scope.close()  # the briefing may still be spoken
        if self._leg is not None:
            await self._connection.bridge(self._leg)
            self._leg = None

    async def _hang_up(self) -> None:
        leg, self._leg = self._leg, None
        if leg is not None:
            await leg.end("not taken")
            await leg.close()

    def _start(self, work: object, name: str) -> None:
        self._scope.start(work, name=name, on_error=self._failed)  # pyright: ignore[reportArgumentType]

    def _failed(self, error: Exception) -> None:
        at = self._loop.time()
        if isinstance(error, LegFailed):
            self._tell(Failed(at, failure_of(error.status), str(error)))
            return
        if not isinstance(error, VisionAgentsError):
            logger.error("A transfer failed", extra=failure_fields(error))
        self._tell(Failed(at, TransferFailure.REFUSED, str(error)))

    def _on_step(self, step: LegStep) -> None:
        at = self._loop.time()
        self._tell(Ringing(at) if step is LegStep.RINGING else Accepted(at))

    def _on_key(self, key: str) -> None:
        if key == ACCEPT:
            self._tell(TakenOver(self._loop.time()))
        elif key == DECLINE:
            self._on_target_left()

    def _on_target_left(self) -> None:
        self._tell(Failed(self._loop.time(), TransferFailure.DECLINED))

    def _tell(self, observation: TransferObservation) -> None:
        if not self._news.full():
            self._news.put_nowait(observation)


class LegListener(ConnectionListener):
    """Hears from the target of a warm transfer: a key, or that they hung up.

    Args:
        on_key: called with each key.
        on_left: called when they have left.
    """

    def __init__(self, on_key: Callable[[str], None], on_left: Callable[[], None]) -> None:
        self.finds_tones = False
        self._on_key = on_key
        self._on_left = on_left
        self._finder = KeyFinder()

    def on_audio(self, participant: Participant, pcm: PcmData) -> None:
        """Look for keys."""
        if self.finds_tones:
            for digit in self._finder.hear(participant.id, pcm):
                self._on_key(digit)

    def on_dtmf(self, participant: Participant, digit: str) -> None:
        """Take a key."""
        self._on_key(digit)

    def on_participant_left(self, participant: Participant) -> None:
        """They hung up."""
        self._on_left()

    def on_call_ended(self, detail: str) -> None:
        """They hung up."""
        self._on_left()
