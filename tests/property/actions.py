"""What may happen in a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

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
class PressesKeys:
    """A caller presses keys, all at once."""

    caller: int
    keys: str


@dataclass(frozen=True, slots=True)
class Gathers:
    """The application asks for digits."""

    count: int
    prompts: bool
    sensitive: bool


@dataclass(frozen=True, slots=True)
class Transfers:
    """The application hands the call over to one of the telephones."""

    phone: str


@dataclass(frozen=True, slots=True)
class PlaysSound:
    """The application plays a sound behind the voices."""

    looping: bool
    overrides: bool


@dataclass(frozen=True, slots=True)
class StopsSound:
    """The application stops it."""


@dataclass(frozen=True, slots=True)
class Thinks:
    """The application begins or ends the sound of thinking."""

    begins: bool


@dataclass(frozen=True, slots=True)
class WakesUp:
    """From now on a silent caller is spoken to, or nothing is said to them; None for not any more."""

    after: float | None
    how: Literal["says", "replies", "is silent"]
    attempts: int | None


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
    | PressesKeys
    | Gathers
    | Transfers
    | PlaysSound
    | StopsSound
    | Thinks
    | WakesUp
    | HangsUp
    | Closes
)
