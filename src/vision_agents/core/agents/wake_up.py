"""Speaking to a user who says nothing: the silence ladder on the event loop's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from vision_agents.core.aio.callback import Callback
from vision_agents.core.turns.silence_ladder import (
    GiveUp,
    RulesChanged,
    SilenceLadder,
    SilenceObservation,
    SilenceRules,
    Situation,
    TimePassed,
    UserActive,
    WakeUp,
)
from vision_agents.core.types.units import Seconds

_NEVER = SilenceRules()


class WakeUpCalls:
    """Counts the user's silence while a session is under way; it needs a time and somebody to call.

    While it has not both there is no ladder: what it would be told of changes ten times a turn.
    """

    def __init__(self) -> None:
        self._rules = _NEVER
        self._after: Seconds | None = None
        self._callback: Callback | None = None
        self._max_attempts: int | None = None
        self._under_way = False
        self._ladder: SilenceLadder | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def after(self) -> Seconds | None:
        """Silence before each call, in seconds; None for never."""
        return self._after

    @after.setter
    def after(self, after: Seconds | None) -> None:
        self._change(after, self._callback, self._max_attempts)

    @property
    def callback(self) -> Callback | None:
        """What is called."""
        return self._callback

    @callback.setter
    def callback(self, callback: Callback | None) -> None:
        self._change(self._after, callback, self._max_attempts)

    @property
    def max_attempts(self) -> int | None:
        """After so many calls the next silence is the last; None for no end."""
        return self._max_attempts

    @max_attempts.setter
    def max_attempts(self, max_attempts: int | None) -> None:
        self._change(self._after, self._callback, max_attempts)

    def begin(
        self,
        situation: Callable[[], Situation],
        *,
        wake_up: Callable[[int], None],
        give_up: Callable[[], None],
    ) -> None:
        """Count from now on.

        Args:
            situation: tells what goes on.
            wake_up: carries out an attempt, given its number.
            give_up: ends the session.
        """
        self._situation, self._wake_up, self._give_up = situation, wake_up, give_up
        self._under_way = True
        self._count_anew()

    def look(self) -> None:
        """See what goes on now: something of it may have changed."""
        if self._ladder is not None:
            self._observe(self._situation())

    def user_active(self) -> None:
        """Note that the user said words or pressed a key."""
        if self._ladder is not None:
            self._observe(UserActive(self._now()))

    def stop(self) -> None:
        """Call nobody any more."""
        self._under_way = False
        self._ladder = None
        if self._timer is not None:
            self._timer.cancel()

    def _change(self, after: Seconds | None, callback: Callback | None, max_attempts: int | None) -> None:
        self._rules = SilenceRules(wake_up=after if callback is not None else None, max_attempts=max_attempts)
        SilenceRules(wake_up=after)  # refused at once, and not when the callback comes
        self._after, self._callback, self._max_attempts = after, callback, max_attempts
        if self._ladder is not None and self._rules.wake_up is not None:
            self._observe(RulesChanged(self._now(), self._rules))
        elif self._under_way:
            self._count_anew()

    def _count_anew(self) -> None:
        is_wanted = self._rules.wake_up is not None
        self._ladder = SilenceLadder(self._rules, self._situation()) if is_wanted else None
        self._arm()

    def _observe(self, observation: SilenceObservation) -> None:
        if self._ladder is None:
            return
        for decision in self._ladder.observe(observation):
            match decision:
                case WakeUp(attempt=attempt):
                    self._wake_up(attempt)
                case GiveUp():
                    self._give_up()
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._ladder is not None and (deadline := self._ladder.deadline) is not None:
            self._timer = asyncio.get_running_loop().call_at(deadline, self._expired)

    def _expired(self) -> None:
        self._observe(TimePassed(self._now()))

    def _now(self) -> Seconds:
        return asyncio.get_running_loop().time()
