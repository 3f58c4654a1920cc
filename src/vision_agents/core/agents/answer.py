"""One answer in the making, and the way of its sentences to the voice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vision_agents.core.agents.speaker import Voice
from vision_agents.core.aio.flag import Flag
from vision_agents.core.aio.mailbox import Mailbox
from vision_agents.core.history.messages import FunctionCall, Message
from vision_agents.core.observability.timeline import TurnTimeline
from vision_agents.core.observability.turn_record import TurnWork
from vision_agents.core.speech.segmenter import SentenceSegmenter
from vision_agents.core.speech.utterance import UtteranceHandle
from vision_agents.core.video.frame import VideoFrame

_WAITING_SENTENCES = 64


@dataclass(eq=False, slots=True)
class Answer:
    """One answer in the making.

    `turn_instructions` and `frames` hold for this answer only; `open_calls` are tools that have not
    returned yet.
    Until `committed` is set, `question` is not in the history, no tool runs and nothing is heard.
    """

    utterance: UtteranceHandle
    timeline: TurnTimeline
    work: TurnWork = field(default_factory=TurnWork)
    turn_instructions: str = ""
    frames: Sequence[VideoFrame] = ()
    question: Message | None = None
    committed: Flag = field(default_factory=Flag)
    text: str = ""
    tokens: int = 0
    segmenter: SentenceSegmenter = field(default_factory=SentenceSegmenter)
    open_calls: list[FunctionCall] = field(default_factory=list[FunctionCall])
    handed_over: bool = False
    """Whether one of its tools handed the call over: another agent goes on."""
    begins_at: int = 0
    quiet: Flag = field(default_factory=Flag)
    """Set while every sentence so far has its audio."""


class Delivery:
    """The sentences of an answer on their way to the voice, which speaks them while the model goes on.

    Args:
        answer: whose sentences they are.
        voice: speaks them.
        group: holds the task in which they are spoken, from the first one on.
        on_sentence: called with each sentence.
    """

    def __init__(
        self, answer: Answer, voice: Voice, group: asyncio.TaskGroup, on_sentence: Callable[[], None]
    ) -> None:
        self._answer = answer
        self._voice = voice
        self._group = group
        self._on_sentence = on_sentence
        self._sentences: Mailbox[str] = Mailbox(_WAITING_SENTENCES)
        self._speaking: asyncio.Task[None] | None = None

    async def send(self, sentence: str) -> None:
        """Let a sentence be spoken after those before it; waits while too many are waiting."""
        self._on_sentence()
        self._answer.quiet.clear()
        if self._speaking is None:
            self._speaking = self._group.create_task(self._speak())
        await self._sentences.send(sentence)

    def close(self) -> None:
        """Tell that this was the last sentence."""
        self._sentences.close()

    async def _speak(self) -> None:
        quiet = self._answer.quiet
        try:
            async for sentence in self._sentences:
                quiet.clear()
                await self._voice.say(sentence)
                if not len(self._sentences):
                    quiet.set()
            self._voice.finish()
        finally:
            quiet.set()  # nothing more comes that somebody might wait for
