"""Who takes part in a call."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class User:
    """An identity that joins calls; `id` is filled in by the agent where it is empty."""

    id: str = ""
    name: str = ""
    image: str = ""
    custom: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Participant:
    """One presence of a user in a call.

    `original` is the transport's own object (None where there is none), `user_id` names the user,
    `id` this presence: the same user may be in a call twice.
    """

    original: object
    user_id: str
    id: str
