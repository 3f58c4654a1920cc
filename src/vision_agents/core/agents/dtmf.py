"""Keys in a session: who hears them, who is asked for them, and which are nobody's business."""

from __future__ import annotations

import asyncio
from typing import Any

from vision_agents.core.aio.callback import Callback
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.events.telephone import DtmfReceivedEvent
from vision_agents.core.speech.utterance import UtteranceHandle
from vision_agents.core.telephony.dtmf_decoder import DigitBegan, DtmfDecoder
from vision_agents.core.telephony.gathering import (
    DigitGathering,
    GatherObservation,
    GatherResult,
    GatherRules,
    GaveUp,
    Pressed,
    PromptEnded,
    Waited,
)


class DTMFHandler:
    """Calls a function for every key that a participant presses.

    Args:
        callback: called with the digit, sync or async, one key after the other.
        barge_in: whether a key cuts what the agent says.
        in_band: whether keys are found as tones in the audio. None: where the edge does not signal them; on
            an edge that does, each key would come twice.
    """

    def __init__(
        self, callback: Callback | None = None, *, barge_in: bool = False, in_band: bool | None = None
    ) -> None:
        self._callback = callback
        self._started = False
        self.barge_in = barge_in
        self.in_band = in_band

    def set_callback(self, callback: Callback | None) -> None:
        """Call another function from now on; None for none."""
        self._callback = callback

    def start(self) -> None:
        """Let keys be told; the session does it when it starts."""
        self._started = True

    def stop(self) -> None:
        """Tell of no more keys."""
        self._started = False

    def __call__(self, event: DtmfReceivedEvent) -> Any:
        """Take one key."""
        if self._started and self._callback is not None:
            return self._callback(event.digit)
        return None


class KeyFinder:
    """Finds keys in what each participant sends."""

    def __init__(self) -> None:
        self._decoders: dict[str, DtmfDecoder] = {}
        self._sounding: set[str] = set()

    @property
    def sounding(self) -> bool:
        """Whether somebody holds a key."""
        return bool(self._sounding)

    def hear(self, participant_id: str, pcm: PcmData) -> list[str]:
        """Take the next piece of a participant's audio; gives the keys that begin in it."""
        decoder = self._decoders.get(participant_id)
        if decoder is None:
            decoder = self._decoders[participant_id] = DtmfDecoder()
        digits: list[str] = []
        for event in decoder.push(pcm):
            if isinstance(event, DigitBegan):
                self._sounding.add(participant_id)
                digits.append(event.digit)
            else:
                self._sounding.discard(participant_id)
        return digits


class DigitCollector:
    """Asks for digits once; the gathering's rules on the event loop's clock.

    Args:
        rules: what is asked for.
        prompt: what the caller hears first; a key cuts it.
    """

    def __init__(self, rules: GatherRules, prompt: UtteranceHandle | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._gathering = DigitGathering(rules)
        self._result: asyncio.Future[GatherResult] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._prompt = prompt
        if prompt is None:
            self._observe(PromptEnded(self._loop.time()))
        else:
            prompt.add_done_callback(lambda _: self._observe(PromptEnded(self._loop.time())))

    async def result(self) -> GatherResult:
        """Wait for the digits; never raises for what the caller does."""
        try:
            return await self._result
        finally:
            self._disarm()

    def press(self, digit: str) -> None:
        """Take a key."""
        if self._prompt is not None:
            self._prompt.interrupt(force=True)
        self._observe(Pressed(digit, self._loop.time()))

    def give_up(self) -> None:
        """End it: the line is gone."""
        self._observe(GaveUp(self._loop.time()))

    def _observe(self, observation: GatherObservation) -> None:
        result = self._gathering.observe(observation)
        self._disarm()
        if result is not None and not self._result.done():
            self._result.set_result(result)
        elif (deadline := self._gathering.deadline) is not None:
            self._timer = self._loop.call_at(deadline, self._time_is_up, deadline)

    def _time_is_up(self, deadline: float) -> None:
        self._observe(Waited(deadline))

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
