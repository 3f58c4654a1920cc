"""Where the time of a turn goes: ordered marks on the event loop's clock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from vision_agents.core.types.units import Seconds


class Mark(StrEnum):
    """A moment in a turn; each names the end of a stage."""

    SPEECH_END = "speech_end"
    """The speaker's last voiced window ended."""
    PAUSE = "pause"
    """Silence was long enough to ask whether the turn is over."""
    TRANSCRIPT_FINAL = "transcript_final"
    TURN_DETECTED = "turn_detected"
    """The turn detector has answered."""
    END_OF_TURN = "end_of_turn"
    """The turn was taken as complete."""
    TOOL_CALLED = "tool_called"
    TOOL_DONE = "tool_done"
    LLM_FIRST_TOKEN = "llm_first_token"  # noqa: S105 - a mark, not a secret
    FIRST_SENTENCE = "first_sentence"
    TTS_FIRST_AUDIO = "tts_first_audio"
    FIRST_AUDIO_PLAYED = "first_audio_played"


_OF_THE_ANSWER = frozenset(list(Mark)[list(Mark).index(Mark.TOOL_CALLED) :])


@dataclass(frozen=True, slots=True)
class UserSpeech:
    """The user's side of a turn; `began` is on the event loop's clock."""

    participant_id: str
    began: Seconds
    duration: Seconds
    trailing_silence: Seconds


class TurnTimeline:
    """The marks of one turn; the first time a mark is set counts."""

    def __init__(self) -> None:
        self.speech: UserSpeech | None = None
        """What is answered; None until the user's turn has ended, and where the agent speaks unasked."""
        self._marks: dict[Mark, Seconds] = {}
        self._asked: Seconds | None = None
        self._transcribed: Seconds | None = None

    def mark(self, mark: Mark, at: Seconds) -> None:
        """Set a mark at a point of the event loop's clock."""
        self._marks.setdefault(mark, at)

    def without_answer(self) -> TurnTimeline:
        """The user's side of the turn: for another answer, where the first was made in vain."""
        fresh = TurnTimeline()
        fresh.speech, fresh._asked, fresh._transcribed = self.speech, self._asked, self._transcribed
        fresh._marks = {mark: at for mark, at in self._marks.items() if mark not in _OF_THE_ANSWER}
        return fresh

    def get(self, mark: Mark) -> Seconds | None:
        """When it was, or None."""
        return self._marks.get(mark)

    def transcribed(self, at: Seconds, *, asked: Seconds | None = None) -> None:
        """Note that the recogniser has given words, by itself or because it was `asked`."""
        self.mark(Mark.TRANSCRIPT_FINAL, at)
        self._asked, self._transcribed = asked, at

    @property
    def transcript(self) -> tuple[Seconds, Seconds] | None:
        """From the question to the recogniser, or else the end of the speech, to its last words."""
        start = self.get(Mark.SPEECH_END) if self._asked is None else self._asked
        if start is None or self._transcribed is None:
            return None
        return start, max(start, self._transcribed)

    @property
    def transcript_delay(self) -> Seconds | None:
        """How long the last words took."""
        transcript = self.transcript
        return None if transcript is None else transcript[1] - transcript[0]

    @property
    def marks_ms(self) -> dict[str, float]:
        """All marks in the order in which they happened, in milliseconds."""
        ordered = sorted(self._marks.items(), key=lambda item: item[1])
        return {mark.value: round(at * 1000, 3) for mark, at in ordered}

    @property
    def spans_ms(self) -> dict[str, float]:
        """The time between neighbouring marks, keyed ``earlier..later``; they add up to the whole."""
        marks = list(self.marks_ms.items())
        return {f"{a}..{b}": round(y - x, 3) for (a, x), (b, y) in pairwise(marks)}

    @property
    def response_delay(self) -> Seconds | None:
        """End of the user's speech to the first audio of the answer."""
        start, end = self.get(Mark.SPEECH_END), self.get(Mark.FIRST_AUDIO_PLAYED)
        return None if start is None or end is None else end - start
