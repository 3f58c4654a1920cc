"""The telephone side of a session: keys in and out, secrets, and what is heard by nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from vision_agents.core.agents.dtmf import DigitCollector, DTMFHandler, KeyFinder
from vision_agents.core.agents.output import Output
from vision_agents.core.agents.transferring import TransferDesk, Transferring
from vision_agents.core.aio.flag import Flag
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.transport import Capability, Connection
from vision_agents.core.errors import CapabilityMissing, SessionError
from vision_agents.core.events.bus import EventBus
from vision_agents.core.events.plugin import ParticipantLeftEvent
from vision_agents.core.events.telephone import DtmfReceivedEvent, TransferEvent
from vision_agents.core.speech.clip import Clip, Ducking
from vision_agents.core.speech.utterance import UtteranceHandle
from vision_agents.core.telephony.dtmf_tones import DtmfSound, dtmf_tones
from vision_agents.core.telephony.gathering import GatherOutcome, GatherResult, GatherRules
from vision_agents.core.telephony.keypad import keys_of
from vision_agents.core.telephony.transfer import TransferMachine
from vision_agents.core.telephony.transfer_steps import TransferKind, TransferResult
from vision_agents.core.types.people import Participant
from vision_agents.core.types.units import Seconds

_AFTERWARDS: Seconds = 1.0
"""What is pressed so soon after a secret belongs to it."""
_TO_HANG_UP: Seconds = 1.0
"""How long a transfer may take to end with the line; its result is told before the session's end is."""


class Telephone:
    """Carries out what a session asks of its line.

    Args:
        connection: the session's own leg.
        output: where tones are heard on an edge that does not signal keys.
        events: where keys are told.
        handler: hears the keys; None for nobody.
        interrupt: cuts what the agent says.
        active: told that the caller did something.
    """

    def __init__(
        self,
        connection: Connection,
        output: Output,
        events: EventBus,
        *,
        handler: DTMFHandler | None,
        interrupt: Callable[[], object],
        active: Callable[[], None],
    ) -> None:
        self.connection = connection
        self._output = output
        self._events = events
        self._handler = handler
        self._interrupt = interrupt
        self._active = active
        self._asking = asyncio.Lock()
        self._collector: DigitCollector | None = None
        self._secret = False
        self._end_of_secret: asyncio.TimerHandle | None = None
        self._finder = KeyFinder()
        self._transfer_over = Flag(is_set=True)
        self._closed = False
        self.on_hold = False
        """Whether the caller waits, and what they say goes to no model."""
        self.on_close: list[Callable[[], None]] = []
        """Called when the line is gone."""
        if handler is not None:
            events.on(DtmfReceivedEvent, handler)

    async def close(self) -> None:
        """Hear no more keys, let nobody wait for them, and let a transfer come to its end."""
        self._closed = True
        if self._handler is not None:
            self._handler.stop()
            self._events.off(self._handler)
        if self._collector is not None:
            self._collector.give_up()
        if self._end_of_secret is not None:
            self._end_of_secret.cancel()
        for callback in list(self.on_close):
            callback()
        with suppress(TimeoutError):
            async with asyncio.timeout(_TO_HANG_UP):
                await self._transfer_over.wait()

    def hear(self, participant: Participant, pcm: PcmData) -> bool:
        """Take a participant's audio; tells whether the models and the events may have it, too."""
        wanted = self._handler is not None or self._collector is not None
        finds = wanted and self._finds_tones
        if finds or self._secret:
            self._find_keys(participant, pcm, finds=finds)
        return not (self._secret or self.on_hold)

    def _find_keys(self, participant: Participant, pcm: PcmData, *, finds: bool) -> None:
        for digit in self._finder.hear(participant.id, pcm):
            if finds:
                self.press(participant, digit)
        if self._finder.sounding:
            self._still_secret()

    def press(self, participant: Participant, digit: str) -> None:
        """Take a key that a participant pressed."""
        self._active()
        if not self._secret:
            self._events.emit(DtmfReceivedEvent, participant=participant, digit=digit)
            if self._handler is not None and self._handler.barge_in:
                self._interrupt()
        if self._collector is not None:
            self._collector.press(digit)
        self._still_secret()

    async def gather(self, rules: GatherRules, prompt: Callable[[], UtteranceHandle | None]) -> GatherResult:
        """Ask for digits, one who asks after the other."""
        async with self._asking:
            if self._closed:
                return GatherResult("", GatherOutcome.CANCELLED)
            if rules.sensitive:
                self._keep_secret()
            self._collector = DigitCollector(rules, prompt())
            try:
                return await self._collector.result()
            finally:
                self._collector = None
                if rules.sensitive:
                    self._still_secret()

    async def send(self, digits: str, pause: Seconds) -> None:
        """Press keys on this leg, `pause` seconds apart."""
        keys = keys_of(digits)
        if Capability.DTMF not in self.connection.capabilities:
            await self._sound(keys, pause)
            return
        for position, key in enumerate(keys):
            if position:
                await asyncio.sleep(pause)
            await self.connection.send_dtmf(key)

    async def transfer(self, machine: TransferMachine, desk: TransferDesk) -> TransferResult:
        """Hand the call over, one at a time."""
        warm = machine.kind is TransferKind.WARM
        if (Capability.DIAL if warm else Capability.TRANSFER) not in self.connection.capabilities:
            raise CapabilityMissing(
                f"{type(self.connection).__name__} cannot hand calls over: use an edge that can."
            )
        if not self._transfer_over.is_set():
            raise SessionError("The call is being handed over already: wait for that to end.")
        self._transfer_over.clear()
        transferring = Transferring(self.connection, machine, desk)
        self.on_close.append(transferring.lose_caller)

        def look(_event: ParticipantLeftEvent) -> None:
            if not self.connection.participants:
                transferring.lose_caller()

        self._events.on(ParticipantLeftEvent, look)
        try:
            result = await transferring.run()
            self._events.emit(
                TransferEvent,
                kind=result.kind,
                reached=result.reached,
                error=result.error or "",
                duration_ms=result.duration * 1000,
            )
        finally:
            self._transfer_over.set()
            self._events.off(look)
            self.on_close.remove(transferring.lose_caller)
        return result

    @property
    def _finds_tones(self) -> bool:
        """Whether keys, where somebody waits for them, are to be found in the audio."""
        if self._handler is not None and self._handler.in_band is not None:
            return self._handler.in_band
        return Capability.DTMF not in self.connection.capabilities

    def _keep_secret(self) -> None:
        if self._end_of_secret is not None:
            self._end_of_secret.cancel()
        self._secret = True
        self.connection.mute_recording(True)

    def _still_secret(self) -> None:
        """Let a secret that nobody asks for any more last a while: a key is held, or more of it comes."""
        if not self._secret or self._collector is not None or self._closed:
            return
        if self._end_of_secret is not None:
            self._end_of_secret.cancel()
        loop = asyncio.get_running_loop()
        self._end_of_secret = loop.call_later(_AFTERWARDS, self._tell_again)

    def _tell_again(self) -> None:
        self._secret = False
        self.connection.mute_recording(False)

    async def _sound(self, keys: str, pause: Seconds) -> None:
        rate = self._output.sample_rate
        tones = dtmf_tones(keys, rate, DtmfSound(gap=max(pause, 0.05)))
        clip = Clip(tones, rate, fade=0, ducking=Ducking(depth_db=0))
        sounded = asyncio.Event()
        clip.on_over = sounded.set
        self.on_close.append(sounded.set)
        clip.open()
        self._output.play_behind(clip)
        await sounded.wait()
        self.on_close.remove(sounded.set)
