"""How patient, and how easily interrupted, an agent is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vision_agents.core.turns.backchannel import is_backchannel
from vision_agents.core.turns.endpointing import AdaptiveEndpointing, EndpointingRule
from vision_agents.core.turns.speakers import first_speaker_has_the_floor
from vision_agents.core.types.units import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceGate:
    """When a VAD's probabilities become speech, and speech becomes silence.

    Args:
        start: probability from which a window counts as voice.
        stop: probability under which a window of speech counts as silence.
        min_speech: voice shorter than this never begins a turn.
    """

    start: float = 0.5
    stop: float = 0.35
    min_speech: Seconds = 0.09

    def __post_init__(self) -> None:
        """Refuse a gate that could never open or close."""
        if not 0 < self.stop <= self.start < 1:
            raise ValueError(f"VoiceGate needs 0 < stop <= start < 1, not {self.stop} and {self.start}.")
        if self.min_speech < 0:
            raise ValueError(f"min_speech must be >= 0, not {self.min_speech}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """When a speaker stops the agent.

    While the agent speaks, speech holds its voice first; words that are no back-channel, or speech that goes
    on, then cut it. If it was nothing after all, the voice goes on where it was held.

    Args:
        hold_after: speech of this length holds the agent's voice at once.
        cut_after: speech of this length cuts what was held, whatever it turns out to be.
        min_words: so many words of an interim transcript hold the voice sooner.
        while_thinking: speech of this length drops an answer that nobody has heard yet.
    """

    hold_after: Seconds = 0.5
    cut_after: Seconds = 2.0
    min_words: int = 2
    while_thinking: Seconds = 0.25

    def __post_init__(self) -> None:
        """Refuse lengths out of order."""
        if not 0 <= self.hold_after <= self.cut_after or self.while_thinking < 0 or self.min_words < 1:
            raise ValueError(
                "Interruption needs 0 <= hold_after <= cut_after, while_thinking >= 0 and min_words >= 1."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnHandling:
    """Everything that decides who speaks when.

    Args:
        gate: from probabilities to speech.
        endpointing: how much silence ends a turn.
        interruption: how much speech stops the agent.
        is_backchannel: whether words only show that somebody is listening.
        prepare_after: silence after which the recogniser is asked, in case the turn is over.
        judge_after: silence after which the turn detector is asked.
        answers_now: whether a turn is answered at its end, from when it and the turns still going on began.
        speculate: an answer is begun as soon as the words are known, and dropped if the speaker goes on.
        manual: turns begin and end only when they are told to (push to talk).
    """

    gate: VoiceGate = VoiceGate()
    endpointing: EndpointingRule = field(default_factory=AdaptiveEndpointing)
    interruption: Interruption = Interruption()
    is_backchannel: Callable[[str], bool] = is_backchannel
    prepare_after: Seconds = 0.09
    judge_after: Seconds = 0.12
    speculate: bool = True
    answers_now: Callable[[Seconds, Sequence[Seconds]], bool] = first_speaker_has_the_floor
    manual: bool = False

    def __post_init__(self) -> None:
        """Refuse silences out of order."""
        if not 0 < self.prepare_after <= self.judge_after:
            raise ValueError(
                "TurnHandling needs 0 < prepare_after <= judge_after, not "
                f"{self.prepare_after}, {self.judge_after}."
            )
