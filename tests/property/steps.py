"""What may happen in a call, and scenes made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from hypothesis import strategies as st
from tests.property.parts import Ear, Model, Voice

Policy: TypeAlias = Literal["queue", "replace", "drop"]
POLICIES: tuple[Policy, ...] = ("queue", "replace", "drop")


@dataclass(frozen=True, slots=True)
class Waits:
    """Nothing happens."""


@dataclass(frozen=True, slots=True)
class Speaks:
    """A caller says `words` new words, and hesitates for `pause` seconds in the middle of them."""

    caller: int
    words: int
    pause: float


@dataclass(frozen=True, slots=True)
class Nods:
    """A caller says something that only shows that they listen."""

    caller: int


@dataclass(frozen=True, slots=True)
class Mumbles:
    """A caller makes a voice without words; a cough when it is short."""

    caller: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Mutes:
    """From now on a caller sends nothing between their words."""

    caller: int


@dataclass(frozen=True, slots=True)
class Leaves:
    """A caller leaves, whatever they were doing; the next one who is asked to speak comes new."""

    caller: int


@dataclass(frozen=True, slots=True)
class Say:
    """The application says sentences."""

    sentences: int
    policy: Policy
    interruptible: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """The application asks for an answer."""

    policy: Policy
    interruptible: bool


@dataclass(frozen=True, slots=True)
class SimpleResponse:
    """The application asks for an answer at once."""


@dataclass(frozen=True, slots=True)
class Interrupts:
    """The application cuts what is said."""

    force: bool


@dataclass(frozen=True, slots=True)
class CutsOne:
    """The application cuts one of the newest utterances by its handle."""

    back: int
    force: bool


@dataclass(frozen=True, slots=True)
class Presses:
    """Push to talk is pressed."""


@dataclass(frozen=True, slots=True)
class Releases:
    """Push to talk is released."""


@dataclass(frozen=True, slots=True)
class HangsUp:
    """The call ends for everybody."""


@dataclass(frozen=True, slots=True)
class Closes:
    """The application closes the session."""


Action: TypeAlias = (
    Waits
    | Speaks
    | Nods
    | Mumbles
    | Mutes
    | Leaves
    | Say
    | Reply
    | SimpleResponse
    | Interrupts
    | CutsOne
    | Presses
    | Releases
    | HangsUp
    | Closes
)


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

    @property
    def hears_all(self) -> bool:
        """Whether every word that is said must come to the agent's ears."""
        return not self.manual and set(self.ears) <= {Ear.HEARS, Ear.HEARS_LATE} and not self.has(Leaves)

    @property
    def is_sound(self) -> bool:
        """Whether no part fails, and nobody but the callers cuts the agent short."""
        return (
            self.hears_all
            and not any(mood.startswith(("is", "raises", "hangs")) for mood in (*self.models, *self.voices))
            and not self.has(Interrupts, CutsOne)
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
    kind = _steps({**_ACTIONS, **_RUDE} if faulty else _ACTIONS, gaps)
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
    )
