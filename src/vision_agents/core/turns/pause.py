"""One pause of the speaker: what was asked about it, and what came back."""

from dataclasses import dataclass

from vision_agents.core.types.units import Seconds


@dataclass(slots=True)
class Pause:
    """The present pause.

    `judged` tells that the turn detector was asked; `told` that the application ended the turn with it.
    """

    id: int
    began: Seconds
    judged: bool = False
    told: bool = False
    text: str | None = None
    likelihood: float | None = None
