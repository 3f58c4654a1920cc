"""The record of one turn of the agent: every number, event and span of the turn is read from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from vision_agents.core.observability.timeline import Mark, TurnTimeline
from vision_agents.core.types.units import Seconds


@dataclass(slots=True, eq=False)
class ModelRequest:
    """One request to the language model; `ended` is None where it was cut or failed.

    A speech-to-speech model makes audio, too; `transcribed` tells whether it gave the words of it.
    `frames` is how many pictures the model was shown.
    """

    began: Seconds
    model: str
    provider: str
    first_token: Seconds | None = None
    ended: Seconds | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    audio_bytes: int = 0
    audio_duration: Seconds = 0.0
    transcribed: bool = False
    frames: int = 0


@dataclass(slots=True, eq=False)
class ToolRun:
    """One run of a tool; `ended` is None where it was cut."""

    began: Seconds
    name: str
    ended: Seconds | None = None
    failed: bool = False


@dataclass(slots=True, eq=False)
class Synthesis:
    """One sentence at the synthesiser; `ended` is None where it was cut or failed."""

    began: Seconds
    characters: int
    provider: str
    first_audio: Seconds | None = None
    ended: Seconds | None = None
    audio_duration: Seconds = 0.0


@dataclass(slots=True, eq=False)
class TurnWork:
    """What the parts did for one turn, noted by those who asked them; all times are the event loop's."""

    requests: list[ModelRequest] = field(default_factory=list[ModelRequest])
    tools: list[ToolRun] = field(default_factory=list[ToolRun])
    syntheses: list[Synthesis] = field(default_factory=list[Synthesis])

    def __iter__(self) -> Iterator[ModelRequest | ToolRun | Synthesis]:
        """Go through everything that was done."""
        yield from self.requests
        yield from self.tools
        yield from self.syntheses


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRecord:
    """A turn that is over.

    Args:
        turn_id: the id of its utterance.
        timeline: its marks, and those of the user's turn that it answers.
        work: what the parts did.
        outcome: ``completed``, ``interrupted``, ``failed``, ``skipped`` where it was never heard, or
            ``discarded`` where the answer was prepared in vain.
        scripted: a fixed text and not an answer of the model.
        error: the class of what it failed with, or an empty text.
        played: how much of it was heard.
        ended: when it was over.
    """

    turn_id: str
    timeline: TurnTimeline
    work: TurnWork
    outcome: str
    scripted: bool
    error: str
    played: Seconds
    ended: Seconds

    @property
    def began(self) -> Seconds:
        """When the user began to speak, or the agent to work."""
        return turn_began(self.timeline, self.work, self.ended)

    @property
    def response_delay(self) -> Seconds | None:
        """End of the user's speech to the first audio of the answer; None where either was not."""
        return self.timeline.response_delay

    @property
    def played_from(self) -> Seconds | None:
        """When its first audio was played."""
        return self.timeline.get(Mark.FIRST_AUDIO_PLAYED)


def turn_began(timeline: TurnTimeline, work: TurnWork, latest: Seconds) -> Seconds:
    """When the user began to speak, or the agent to work; `latest` where neither has."""
    speech = timeline.speech
    moments = [item.began for item in work]
    moments += [speech.began] if speech else []
    return min(moments, default=latest)
