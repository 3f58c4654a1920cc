"""How a speaker pauses."""

from vision_agents.core.types.units import Seconds

_WEIGHT = 0.3
"""Of the newest pause in the running mean: a handful of pauses tells a speaker's habit."""


class Pace:
    """A running mean of the pauses after which the speaker went on."""

    def __init__(self) -> None:
        self.hesitation: Seconds | None = None
        """Usual length of such a pause; None before the first."""

    def went_on(self, pause: Seconds) -> None:
        """Learn from one pause inside a turn."""
        known = self.hesitation
        self.hesitation = pause if known is None else known + _WEIGHT * (pause - known)
