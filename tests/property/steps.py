"""Scenes, made of what may happen in a call."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st
from tests.property.actions import (
    POLICIES,
    Action,
    Closes,
    CutsOne,
    Gathers,
    HangsUp,
    Interrupts,
    Leaves,
    Mumbles,
    Mutes,
    Nods,
    PlaysSound,
    Presses,
    PressesKeys,
    Releases,
    Reply,
    Say,
    SimpleResponse,
    Speaks,
    StopsSound,
    Thinks,
    Transfers,
    Waits,
    WakesUp,
)
from tests.property.parts import Ear, Model, Voice
from tests.property.telephones import TELEPHONES, WARM


@dataclass(frozen=True, slots=True)
class Step:
    """An action, and how long until the next one: what it began may go on meanwhile."""

    action: Action
    then: float


@dataclass(frozen=True, slots=True)
class Scene:
    """A call from its beginning to its end."""

    steps: tuple[Step, ...]
    speculates: bool
    manual: bool
    late: bool
    models: tuple[Model, ...]
    voices: tuple[Voice, ...]
    ears: tuple[Ear, ...]
    key_cuts: bool = False
    """Whether a key cuts what the agent says."""
    thinks_aloud: bool = False
    """Whether the agent has a sound of thinking."""

    @property
    def has_sounds(self) -> bool:
        """Whether more than a voice may be heard of the agent."""
        return self.thinks_aloud or self.has(PlaysSound, Transfers)

    @property
    def is_deaf_at_times(self) -> bool:
        """Whether what callers say is kept from the agent: beside a secret, and on hold."""
        return any(
            (isinstance(step.action, Gathers) and step.action.sensitive)
            or (isinstance(step.action, Transfers) and step.action.phone in WARM)
            for step in self.steps
        )

    @property
    def hears_all(self) -> bool:
        """Whether every word that is said must come to the agent's ears."""
        good_ears = set(self.ears) <= {Ear.HEARS, Ear.HEARS_LATE}
        return not self.manual and good_ears and not self.has(Leaves) and not self.is_deaf_at_times

    @property
    def is_sound(self) -> bool:
        """Whether no part fails, and nobody but the callers cuts the agent short."""
        return (
            self.hears_all
            and not any(mood.startswith(("is", "raises", "hangs")) for mood in (*self.models, *self.voices))
            and not self.has(Interrupts, CutsOne)
            and not (self.has(PressesKeys) and (self.key_cuts or self.has(Gathers)))
        )

    def has(self, *kinds: type[Action]) -> bool:
        """Whether one of these actions is in it."""
        return any(isinstance(step.action, kinds) for step in self.steps)


_CALLERS = st.integers(0, 1)
_APPLICATION: dict[st.SearchStrategy[Action], int] = {
    st.builds(Say, st.integers(1, 4), st.sampled_from(POLICIES), st.booleans()): 4,
    st.builds(Reply, st.sampled_from(POLICIES), st.booleans()): 3,
    st.builds(SimpleResponse): 1,
}
_ACTIONS: dict[st.SearchStrategy[Action], int] = {
    **_APPLICATION,
    st.builds(Waits): 2,
    st.builds(Speaks, _CALLERS, st.integers(1, 6), st.sampled_from([0.1, 0.2, 0.3, 0.5, 0.8])): 8,
    st.builds(Nods, _CALLERS): 2,
    st.builds(Mumbles, _CALLERS, st.sampled_from([0.05, 0.3, 0.6, 0.6, 0.9, 1.2, 2.5])): 5,
    st.builds(Mutes, _CALLERS): 1,
}
_RUDE: dict[st.SearchStrategy[Action], int] = {
    st.builds(Leaves, _CALLERS): 3,
    st.builds(Interrupts, st.booleans()): 2,
    st.builds(CutsOne, st.integers(0, 2), st.booleans()): 2,
    st.builds(Presses): 1,
    st.builds(Releases): 2,
}
_LINE: dict[st.SearchStrategy[Action], int] = {
    st.builds(PressesKeys, _CALLERS, st.sampled_from(["1", "2", "12", "#", "4711#"])): 4,
    st.builds(Gathers, st.integers(1, 3), st.booleans(), st.sampled_from([False, False, True])): 3,
    st.builds(Transfers, st.sampled_from([*TELEPHONES])): 1,
    st.builds(PlaysSound, st.booleans(), st.booleans()): 2,
    st.builds(StopsSound): 1,
    st.builds(Thinks, st.booleans()): 1,
    st.builds(
        WakesUp,
        st.sampled_from([1.0, 1.5, 3.0, None]),
        st.sampled_from(["says", "replies", "is silent"]),
        st.sampled_from([None, None, None, 3]),
    ): 2,
}
_LAST: list[st.SearchStrategy[Action]] = [st.builds(Waits), st.builds(HangsUp), st.builds(Closes)]
_HASTY = st.sampled_from([0.0, 0.02, 0.06, 0.1, 0.15, 0.25, 0.4, 0.7, 1.0, 1.6])
_CALM = st.sampled_from([0.1, 0.4, 1.0, 1.6, 3.0, 5.0])


def _steps(
    actions: dict[st.SearchStrategy[Action], int], gaps: st.SearchStrategy[float] = _HASTY
) -> st.SearchStrategy[Step]:
    weighted = [action for action, weight in actions.items() for _ in range(weight)]
    return st.builds(Step, st.one_of(weighted), gaps)


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """Calls of 1 to 40 steps; half of them have faults."""
    faulty = draw(st.booleans())
    count = draw(st.integers(1, 39))
    gaps = draw(st.sampled_from([_CALM, _HASTY]))
    line = _LINE if draw(st.booleans()) else {}
    kind = _steps({**_ACTIONS, **line, **_RUDE} if faulty else {**_ACTIONS, **line}, gaps)
    steps = draw(st.lists(kind, min_size=count, max_size=count))
    steps += [Step(draw(st.one_of(_LAST)), 0.0), *draw(st.lists(_steps(_APPLICATION), max_size=2))]
    models = (
        list(Model) if faulty else [mood for mood in Model if mood.startswith(("answers", "calls", "talks"))]
    )
    voices = list(Voice) if faulty else [Voice.SPEAKS, Voice.SPEAKS_LATE]
    ears = list(Ear) if faulty else [Ear.HEARS, Ear.HEARS_LATE]
    return Scene(
        tuple(steps),
        speculates=draw(st.sampled_from([True, True, False])),
        manual=faulty and draw(st.integers(0, 3)) == 3,
        late=draw(st.booleans()),
        models=tuple(draw(st.lists(st.sampled_from(models), max_size=8))),
        voices=tuple(draw(st.lists(st.sampled_from(voices), max_size=8))),
        ears=tuple(draw(st.lists(st.sampled_from(ears), max_size=8))),
        key_cuts=draw(st.booleans()),
        thinks_aloud=draw(st.sampled_from([False, False, True])),
    )
