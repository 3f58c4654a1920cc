"""The port of the registry: each method is one atomic step in a store that all nodes share.

The rules that a store keeps, whoever implements it (`docs/scaling.md` tells why they are as they are):

- A session is in the store from its claim to its release, and at most `ttl` after its last renewal.
- A node's lease ends `lease` after its last claim or renewal. A session whose node has no lease any more
  may be replaced by another one in the same call; until then it counts.
- The epoch says that the store remembers. It ends when no node was heard of for `span`, which is shorter
  than any lease. A store without an epoch, with one that has ended while nodes have not signed off, or
  that does not know the lease it gave to a node, has lost data: it recovers for `grace`, and meanwhile
  grants no limited claim.
- A node that was cut off says so with its next step, and no session is replaced for `grace`.
- A request to close is kept until the session is released, for at most a day.

"Now" is the store's own time: the clock of the loop in memory, the server's in Redis. All times of the
rules are whole milliseconds.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, Protocol, TypeAlias, runtime_checkable

from vision_agents.core.launcher.registry.session_info import SessionInfo, SessionKey
from vision_agents.core.types.units import Seconds

DAY_MS = 24 * 60 * 60 * 1000
"""How long requests to close, idempotency records and nodes that never signed off are remembered."""

ENDED_MS = 60 * 1000
"""How long it is told why a session ended."""

BATCH = 500
"""How many sessions one step renews at most: it bounds how long it holds up others."""

GRACE_PERCENT = 220
"""How long a store recovers, in percent of the slowest heartbeat interval: 200 was too short."""

_SILENT_INTERVALS = 2.5
"""A node has missed two heartbeats when the second is half an interval late."""


@dataclass(slots=True, kw_only=True)
class Owner:
    """A node, from its start to its stop, and what it tells with each step.

    Args:
        token: its id and incarnation, encoded for keys: a node that starts again is another owner.
        node_id: its name.
        ttl: seconds that its sessions outlive their last renewal.
        interval: seconds between its heartbeats.
        url: where other nodes reach it.
        lease_known_ms: when the last lease that it was given ends, in the store's time; 0: none yet.
        slowest_ms: the longest interval of any node that it knows of.
        cut_off: whether a step failed since the last that did not.
    """

    token: str
    node_id: str
    ttl: Seconds
    interval: Seconds
    url: str | None = None
    lease_known_ms: int = 0
    slowest_ms: int = 0
    cut_off: bool = False

    ttl_ms: int = field(init=False)
    """How long a session outlives its last renewal."""
    lease_ms: int = field(init=False)
    """How long nobody may replace the node's sessions after it was heard of."""
    span_ms: int = field(init=False)
    """How long the epoch outlives the last sign of any node: longer than ttl/3, less than a lease."""
    interval_ms: int = field(init=False)
    """How long it is between two heartbeats."""
    silent_ms: int = field(init=False)
    """How long after its last sign the node counts as lost."""

    def __post_init__(self) -> None:
        """Put the times into milliseconds."""
        self.ttl_ms = round(self.ttl * 1000)
        self.lease_ms = round(self.ttl * 500)
        self.span_ms = round(self.ttl * 5000 / 12)
        self.interval_ms = round(self.interval * 1000)
        self.silent_ms = min(round(self.interval_ms * _SILENT_INTERVALS), self.lease_ms)


def grace_for(slowest_ms: int) -> int:
    """Say how long a store recovers whose slowest node has this interval."""
    return slowest_ms * GRACE_PERCENT // 100


class Entry(NamedTuple):
    """A session to renew, and the limit of its call under which it was claimed."""

    info: SessionInfo
    limit: int | None


class Verdict(Enum):
    """What became of a claim."""

    GRANTED = "granted"
    FULL = "full"
    RECOVERING = "recovering"


@dataclass(frozen=True, slots=True)
class Touch:
    """What a store tells a node with each step of it.

    Args:
        lease_ms: when its lease ends, in the store's time.
        slowest_ms: the longest interval of any node.
        epoch: changes whenever the store may have lost data.
        recovers_in_ms: how long limited claims will still be refused.
    """

    lease_ms: int
    slowest_ms: int
    epoch: str
    recovers_in_ms: int = 0


@dataclass(frozen=True, slots=True)
class ClaimReply:
    """What became of a claim; `retry_after_ms` where the store recovers."""

    touch: Touch
    verdict: Verdict
    retry_after_ms: int = 0


@dataclass(frozen=True, slots=True)
class Renewal:
    """Which of the renewed sessions have lost their slot, and which are to be closed, by session id."""

    touch: Touch
    lost: frozenset[str] = frozenset()
    close: frozenset[str] = frozenset()


class Found(NamedTuple):
    """A session, and whether its node is not heard of any more."""

    info: SessionInfo
    silent: bool


class Asked(Enum):
    """What became of a request to close."""

    UNKNOWN = "unknown"
    NOTED = "noted"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """A node that is alive, and where other nodes reach it."""

    node_id: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Close:
    """Another node asks this one to close a session."""

    call_id: str
    session_id: str


Command: TypeAlias = Close


@dataclass(frozen=True, slots=True)
class New:
    """The key was not used before: do the work, then finish or abandon it."""


@dataclass(frozen=True, slots=True)
class InProgress:
    """The same request is being worked on, here or on another node."""


@dataclass(frozen=True, slots=True)
class Done:
    """The same request was answered before, with this."""

    response: bytes
    status: int


OnceResult: TypeAlias = New | InProgress | Done


class OnceKey(NamedTuple):
    """An idempotency key: it counts within one call."""

    call_id: str
    key: str


@runtime_checkable
class RegistryStore(Protocol):
    """Where a registry keeps its rows; every method may be repeated with the same arguments."""

    unreadable_entries: int
    """How many rows were skipped because they could not be read."""

    async def start(self) -> None:
        """Connect; whatever `start` took, `close` gives back."""
        ...

    async def close(self) -> None:
        """Disconnect."""
        ...

    async def claim(self, owner: Owner, entry: Entry) -> ClaimReply:
        """Take a slot in a call and put the session in."""
        ...

    async def renew(self, owner: Owner, entries: Sequence[Entry]) -> Renewal:
        """Say that the node and these sessions live (at most `BATCH`); puts back those that were lost."""
        ...

    async def release(self, owner: Owner, infos: Sequence[SessionInfo]) -> None:
        """Take sessions out that have ended, and remember for a minute how; not those of another owner."""
        ...

    async def sign_off(self, owner: Owner) -> None:
        """Forget the node: it runs no sessions any more."""
        ...

    async def find(self, key: SessionKey) -> Found | None:
        """Find a session."""
        ...

    async def find_ended(self, key: SessionKey) -> SessionInfo | None:
        """Find a session that was released, replaced or removed within the last minute."""
        ...

    async def find_in_call(self, call_id: str) -> list[Found]:
        """List the sessions of a call."""
        ...

    async def list_all(self, limit: int) -> list[Found]:
        """List sessions of all calls."""
        ...

    async def ask_close(self, key: SessionKey) -> Asked:
        """Ask the owner to close a session; one whose node is silent is removed at once as well."""
        ...

    async def asked_closes(self, keys: Collection[SessionKey]) -> frozenset[str]:
        """Tell which of these sessions are to be closed, by session id."""
        ...

    async def repeat_closes(self, keys: Collection[SessionKey]) -> None:
        """Note requests to close again that the store may have lost."""
        ...

    async def next_commands(self, owner: Owner) -> list[Command]:
        """Wait some seconds for commands to this node; each is given at least once."""
        ...

    async def find_node(self, node_id: str) -> NodeInfo | None:
        """Find a node that has a lease."""
        ...

    async def begin_once(
        self, owner: Owner, key: OnceKey, *, fingerprint: str, attempt: str
    ) -> OnceResult | None:
        """Begin a request, unless it was begun before by a node that lives; None: it was another request."""
        ...

    async def finish_once(self, owner: Owner, key: OnceKey, done: Done) -> None:
        """Keep the answer to a request that this node began."""
        ...

    async def abandon_once(self, owner: Owner, key: OnceKey) -> None:
        """Let the request be begun again."""
        ...
