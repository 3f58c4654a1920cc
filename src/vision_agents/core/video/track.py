"""A source of pictures: a camera, a shared screen, a file, what a processor draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from vision_agents.core.types.people import Participant
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.video.frame import VideoFrame

Watcher: TypeAlias = Callable[[VideoFrame], None]


class VideoTrack:
    """Pictures as they come: whoever watches gets each one at once, on the event loop, and must not wait.

    It keeps the newest picture and no other. To work on pictures, watch through a `VideoForwarder`.

    Args:
        kind: `VIDEO` or `SCREEN_SHARE`.
        participant: who shows it; None for a file and for what the agent makes itself.
    """

    def __init__(self, kind: TrackType = TrackType.VIDEO, participant: Participant | None = None) -> None:
        self.kind = kind
        self.participant = participant
        self.latest: VideoFrame | None = None
        """The newest picture; None before the first one and after the end."""
        self.ended = False
        """Whether nothing more will come."""
        self._watchers: list[Watcher] = []

    def push(self, frame: VideoFrame) -> None:
        """Show a picture; call it on the event loop. After the end it does nothing."""
        if self.ended:
            return
        self.latest = frame
        for watcher in tuple(self._watchers):
            watcher(frame)

    def watch(self, watcher: Watcher) -> None:
        """Let `watcher` have every picture from now on, and the newest one now where there is one."""
        self._watchers.append(watcher)
        if self.latest is not None:
            watcher(self.latest)

    def unwatch(self, watcher: Watcher) -> None:
        """Give `watcher` no more pictures; one that does not watch is ignored."""
        self._watchers = [known for known in self._watchers if known != watcher]

    def end(self) -> None:
        """Show nothing more."""
        self.ended = True
        self.latest = None
        self._watchers.clear()
