"""When does a speaker stop the agent? Held at once, cut when it is meant, released when it was nothing."""

from __future__ import annotations

from vision_agents.core.turns.decisions import Decision, Hold, Interrupt, Release
from vision_agents.core.turns.observations import Floor
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.core.types.units import Seconds

_LONGEST_REPORTED_HOLD: Seconds = 4.0
"""A recogniser that reports a beginning and then nothing must not silence the agent for good."""


class BargeIn:
    """What one speaker's speech does to the agent's voice.

    Args:
        settings: the rules.
    """

    def __init__(self, settings: TurnHandling) -> None:
        self._rules = settings.interruption
        self._is_backchannel = settings.is_backchannel
        self.floor = Floor.FREE
        """What the agent does, as far as this speaker is concerned."""
        self._since: Seconds = 0.0
        """Audio time at which it began to do that."""
        self._held = False
        self.deadline: Seconds | None = None
        """Audio time at which a hold ends if nothing more is heard."""

    def floor_changed(self, floor: Floor, at: Seconds) -> None:
        """Hear what the agent does now; what nobody says any more is not held."""
        if floor is not self.floor:
            self._since = at
        self.floor = floor
        if floor is Floor.FREE:
            self._let_go()

    def speech(self, spoken: Seconds, at: Seconds) -> list[Decision]:
        """Hear that the speaker has been speaking for `spoken` seconds.

        Only speech against what the agent does now cuts it; what began before may not be meant for it.
        """
        rules = self._rules
        against = min(spoken, at - self._since)
        if self.floor is Floor.THINKING and against >= rules.while_thinking:
            return self.cut(at)
        if self.floor is not Floor.SPEAKING:
            return []
        if against >= rules.cut_after:
            return self.cut(at)
        return self._hold(at) if spoken >= rules.hold_after else []

    def words(self, text: str, at: Seconds) -> list[Decision]:
        """Hear a guess at the words; enough of them hold the voice before speech has lasted long."""
        enough = len(text.split()) >= self._rules.min_words
        if self.floor is not Floor.SPEAKING or not enough or self._is_backchannel(text):
            return []
        return self._hold(at)

    def reported(self, at: Seconds) -> list[Decision]:
        """Hear from a recogniser that has judged already that this is speech and not a noise."""
        if self.floor is Floor.THINKING:
            return self.cut(at)
        if self.floor is not Floor.SPEAKING:
            return []
        self.deadline = at + _LONGEST_REPORTED_HOLD
        return self._hold(at)

    def silence(self, at: Seconds) -> list[Decision]:
        """Let go of a hold that nobody has confirmed."""
        if self.deadline is None or at < self.deadline:
            return []
        return self.nothing(at)

    def understood(self, at: Seconds) -> list[Decision]:
        """Hear that there are words that mean something: what is held is cut."""
        return self.cut(at) if self._held else []

    def is_only_listening(self, text: str) -> bool:
        """Tell whether these words, or none, leave the agent, who is busy, as it is."""
        return self.floor is not Floor.FREE and (not text or self._is_backchannel(text))

    def cut(self, at: Seconds) -> list[Decision]:
        """Stop what may be stopped."""
        if self.floor not in {Floor.SPEAKING, Floor.THINKING}:
            return []
        self._let_go()
        self.floor = Floor.FREE
        return [Interrupt(at=at)]

    def nothing(self, at: Seconds) -> list[Decision]:
        """Hear that it was nothing after all."""
        was_held = self._held
        self._let_go()
        return [Release(at=at)] if was_held else []

    def _hold(self, at: Seconds) -> list[Decision]:
        if self._held:
            return []
        self._held = True
        return [Hold(at=at)]

    def _let_go(self) -> None:
        self._held = False
        self.deadline = None
