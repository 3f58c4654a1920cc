"""The session's part of a transfer: music for the caller, a few words for the one who takes over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.agents.output import Output
from vision_agents.core.agents.pipeline import Pipeline
from vision_agents.core.agents.sounds import BackgroundAudioHandlerConfig, Sounds
from vision_agents.core.agents.speaker import Speaker
from vision_agents.core.agents.telephone import Telephone
from vision_agents.core.agents.transferring import ACCEPT, DECLINE
from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.audio.clips import OFFICE
from vision_agents.core.edge.transport import Connection
from vision_agents.core.errors import ConfigurationError, MediaError, VisionAgentsError
from vision_agents.core.events.bus import EventBus
from vision_agents.core.history.messages import HistoryItem
from vision_agents.core.llm.llm import LLM, LLMRequest, TextDelta
from vision_agents.core.speech.segmenter import SentenceSegmenter
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.telephone")

HOLD_AUDIO = BackgroundAudioHandlerConfig(OFFICE, volume=0.6, looping=True)
_SUMMARISE = (
    "You hand a telephone call over to a colleague. Tell them in at most two short sentences who calls and "
    "what they want. Say nothing else."
)
_UNKNOWN = "A caller wants to talk to you."
_SUMMARY_TAKES: Seconds = 10.0


class Desk:
    """Holds the caller and briefs the target.

    Args:
        telephone: the session's line.
        sounds: plays the music.
        pipeline: speaks, and sums up.
        events: where the synthesis is told.
        deadlines: how long a sentence may take.
        history: what was said so far.
        summary: what the target is told; None lets the model sum up.
        hold_audio: what the caller hears; None for nothing.
        leave: leaves the call to the others.
    """

    def __init__(
        self,
        *,
        telephone: Telephone,
        sounds: Sounds,
        pipeline: Pipeline,
        events: EventBus,
        deadlines: Deadlines,
        history: Sequence[HistoryItem],
        summary: str | None,
        hold_audio: BackgroundAudioHandlerConfig | None,
        leave: Callable[[], None],
    ) -> None:
        self._telephone = telephone
        self._sounds = sounds
        self._pipeline = pipeline
        self._events = events
        self._deadlines = deadlines
        self._history = history
        self._summary = summary
        self._hold_audio = hold_audio
        self._leave = leave

    async def hold(self) -> None:
        """Let the caller hear music, and hear nothing of them."""
        self._telephone.on_hold = True
        if self._hold_audio is not None:
            try:
                await self._sounds.play(self._hold_audio, override_thinking=True)
            except MediaError as error:
                logger.warning("The music on hold cannot be played", extra=failure_fields(error))

    async def off_hold(self) -> None:
        """Talk with the caller again."""
        await self._sounds.stop()
        self._telephone.on_hold = False

    async def brief(self, leg: Connection) -> None:
        """Tell the target what it is about, and which keys to press."""
        summary = self._summary if self._summary is not None else await self._sum_up()
        await self._speak(leg, f"{summary} Press {ACCEPT} to take the call, or {DECLINE} to decline.")

    def leave(self) -> None:
        """Leave the call to the others."""
        self._leave()

    async def _sum_up(self) -> str:
        llm = self._pipeline.llm
        if llm is None:
            return _UNKNOWN
        try:
            async with asyncio.timeout(_SUMMARY_TAKES):
                return await ask(llm, LLMRequest(_SUMMARISE, tuple(self._history))) or _UNKNOWN
        except (VisionAgentsError, TimeoutError) as error:
            logger.warning("The call could not be summed up", extra={"error": type(error).__name__})
            return _UNKNOWN

    async def _speak(self, leg: Connection, text: str) -> None:
        if self._pipeline.tts is None:
            raise ConfigurationError("A warm transfer needs a tts: it speaks with the target.")
        output = Output(
            leg,
            started=lambda _utterance: None,
            sentence=lambda _utterance, _sentence: None,
            ended=lambda _utterance: None,
            on_error=lambda _error: None,
        )
        try:
            utterance = output.new_utterance()
            output.queue.put(utterance)
            speaker = Speaker(self._pipeline.tts, events=self._events, deadlines=self._deadlines)
            voice = speaker.voice(utterance.playout, on_audio=output.queue.wake, work=[])
            segmenter = SentenceSegmenter()
            for sentence in (*segmenter.push(text), *segmenter.flush()):
                await voice.say(sentence)
            voice.finish()
            await utterance
        finally:
            output.stop()


async def ask(llm: LLM, request: LLMRequest) -> str:
    """Let a model answer in text, outside of the conversation."""
    pieces = [event.text async for event in llm.respond(request) if isinstance(event, TextDelta)]
    return "".join(pieces).strip()
