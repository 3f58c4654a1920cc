"""The numbers of one node over all its sessions, as a scrape reads them.

Labels take words from fixed lists only, never an id: the number of series does not grow with use.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Protocol

from vision_agents.core.errors import VisionAgentsError
from vision_agents.core.observability.families import (
    LabelledCounter,
    LabelledHistogram,
    MetricFamily,
    Sample,
    gauge,
)
from vision_agents.core.observability.turn_counts import TurnCounts
from vision_agents.core.types.status import Reason
from vision_agents.core.types.units import Seconds

_STORE_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_CALL_BOUNDS = (5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200)


class Availability(Protocol):
    """The part of a registry that a scrape reads."""

    @property
    def available(self) -> bool:
        """Whether the shared store answers."""
        ...


class Node(Protocol):
    """The part of a launcher that a scrape reads."""

    @property
    def active_sessions(self) -> int:
        """Sessions on this node, starting and closing ones included."""
        ...

    @property
    def total_sessions_started(self) -> int:
        """Sessions that were started."""
        ...

    @property
    def zombie_sessions(self) -> int:
        """Sessions that were left behind at their end."""
        ...

    @property
    def ready(self) -> bool:
        """Whether sessions can be started."""
        ...

    @property
    def draining(self) -> bool:
        """Whether it waits for its last sessions."""
        ...

    @property
    def registry(self) -> Availability:
        """Where sessions are listed."""
        ...


class SessionCounts:
    """Counts what the launcher does."""

    def __init__(self) -> None:
        self._ended = LabelledCounter(
            "vision_agents_sessions_ended",
            "Sessions that have ended, by reason.",
            label="reason",
            values=tuple(reason.value for reason in Reason),
        )
        self._refused = LabelledCounter(
            "vision_agents_session_starts_refused",
            "Sessions that were asked for and did not start, by the class of the error.",
            label="error",
            values=("MaxConcurrentSessionsExceeded", "MaxSessionsPerCallExceeded", "other"),
        )
        self._durations = LabelledHistogram(
            "vision_agents_session_duration_seconds",
            "From when a session was asked for to its end.",
            bounds=_CALL_BOUNDS,
        )
        self._heartbeats = LabelledHistogram(
            "vision_agents_heartbeat_duration_seconds",
            "How long it took to tell the registry of all sessions, by how it went.",
            bounds=_STORE_BOUNDS,
            label="outcome",
            values=("ok", "error"),
        )

    def ended(self, reason: Reason, duration: Seconds) -> None:
        """Count a session that has ended, `duration` seconds after it was asked for."""
        self._ended.add(value=reason.value)
        self._durations.observe(duration)

    @contextmanager
    def starting(self) -> Generator[None]:
        """Count a session that does not start for an error that is raised inside."""
        try:
            yield
        except VisionAgentsError as error:
            self._refused.add(value=type(error).__name__)
            raise
        except Exception:  # what create_agent raises: its class is the application's word
            self._refused.add(value="other")
            raise

    @contextmanager
    def heartbeat(self, clock: Callable[[], Seconds]) -> Generator[None]:
        """Count one telling of the registry, that goes on inside; one that is cut counts as an error."""
        began, outcome = clock(), "error"
        try:
            yield
            outcome = "ok"
        finally:
            self._heartbeats.observe(clock() - began, value=outcome)

    def families(self) -> Iterator[MetricFamily]:
        """Tell the counts so far."""
        for counted in (self._ended, self._refused, self._durations, self._heartbeats):
            yield counted.family()


class NodeMetrics:
    """Everything that a scrape of one node reads.

    `sessions` is told by the launcher; `turns` is a reader of every agent's records.
    """

    def __init__(self) -> None:
        self.sessions = SessionCounts()
        self.turns = TurnCounts()

    def families(self, node: Node) -> Iterator[MetricFamily]:
        """Tell everything, with the node as it stands now."""
        yield from _standing(node)
        yield from self.sessions.families()
        yield from self.turns.families()


def _standing(node: Node) -> Iterator[MetricFamily]:
    yield MetricFamily(
        name="vision_agents_sessions_started",
        help="Sessions that were started on this node.",
        kind="counter",
        samples=(Sample(node.total_sessions_started),),
    )
    gauges = {
        "sessions_active": ("Sessions here, starting and closing ones included.", node.active_sessions),
        "sessions_zombie": ("Sessions that were left behind at their end.", node.zombie_sessions),
        "ready": ("1 if the node takes sessions.", node.ready),
        "draining": ("1 if the node waits for its last sessions.", node.draining),
        "registry_available": ("1 if the shared store answers.", node.registry.available),
    }
    for name, (text, value) in gauges.items():
        yield gauge(f"vision_agents_{name}", text, value)
