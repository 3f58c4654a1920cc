"""How patient, and how easily interrupted, an agent is."""

from dataclasses import dataclass

from vision_agents.core.types.units import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceGate:
    """When a VAD's probabilities become speech, and speech becomes a pause.

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
class Endpointing:
    """When a pause ends the speaker's turn.

    Args:
        pause: silence after which the turn detector and the recogniser are asked.
        likely: probability of a finished turn from which the turn ends at once.
        min_silence: silence that ends the turn where there is no turn detector.
        max_silence: silence that ends the turn whatever the detector says.
    """

    pause: Seconds = 0.2
    likely: float = 0.5
    min_silence: Seconds = 0.6
    max_silence: Seconds = 1.4

    def __post_init__(self) -> None:
        """Refuse silences out of order."""
        if not 0 < self.pause <= self.min_silence <= self.max_silence:
            raise ValueError(
                "Endpointing needs 0 < pause <= min_silence <= max_silence, not "
                f"{self.pause}, {self.min_silence}, {self.max_silence}."
            )
        if not 0 <= self.likely <= 1:
            raise ValueError(f"likely must be between 0 and 1, not {self.likely}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """When a speaker cuts the agent off.

    Args:
        while_speaking: speech of this length stops the agent's voice.
        while_thinking: speech of this length drops an answer that has not been heard yet.
    """

    while_speaking: Seconds = 0.5
    while_thinking: Seconds = 0.25

    def __post_init__(self) -> None:
        """Refuse negative lengths."""
        if min(self.while_speaking, self.while_thinking) < 0:
            raise ValueError("Interruption lengths must be >= 0.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnHandling:
    """Everything that decides who speaks when."""

    gate: VoiceGate = VoiceGate()
    endpointing: Endpointing = Endpointing()
    interruption: Interruption = Interruption()
