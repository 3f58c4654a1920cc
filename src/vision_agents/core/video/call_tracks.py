"""The tracks of a call, and which of them is the best to look at."""

from __future__ import annotations

from collections.abc import Callable

from vision_agents.core.types.people import Participant
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.video.frame import VideoFrame
from vision_agents.core.video.track import VideoTrack

_PRIORITY = {TrackType.VIDEO: 0, TrackType.SCREEN_SHARE: 1}


class CallTracks:
    """Keeps what the participants show; only the newest picture of each track.

    A processed track comes before a shared screen, and that before a camera; of two like ones the one that
    began first is the better one. A file, where there is one, takes the place of everything that is shown.

    Args:
        changed: called when another track may be the best one.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._shown: dict[tuple[str, TrackType], VideoTrack] = {}
        self._file: VideoTrack | None = None
        self._processed: VideoTrack | None = None
        self._closed = False

    @property
    def best_raw(self) -> VideoTrack | None:
        """The best track that no processor has drawn on."""
        if self._file is not None and not self._file.ended:
            return self._file
        shown = self._shown.values()
        return max(shown, key=lambda track: _PRIORITY.get(track.kind, 0), default=None)

    @property
    def best(self) -> VideoTrack | None:
        """The best track of all; a processed one counts from its first picture, while anything is shown."""
        raw = self.best_raw
        processed = self._processed
        return processed if raw is not None and processed is not None and processed.latest else raw

    def replace_by(self, file: VideoTrack | None) -> None:
        """Let a file take the place of what is shown; None brings that back."""
        self._file = file
        self._changed()

    def process_into(self, track: VideoTrack | None) -> None:
        """Take a track that a processor draws; None for none."""
        if track is self._processed:
            return
        if self._processed is not None:
            self._processed.unwatch(self._on_first)
        self._processed = track
        if track is not None:
            track.watch(self._on_first)
        self._changed()

    def show(self, participant: Participant, kind: TrackType, frame: VideoFrame) -> None:
        """Take a picture; a track begins with its first one. After `close` nothing does."""
        if self._closed:
            return
        track = self._shown.get((participant.id, kind))
        if track is None:
            track = self._shown[participant.id, kind] = VideoTrack(kind, participant)
            track.push(frame)
            self._changed()
        else:
            track.push(frame)

    def end(self, participant: Participant, kind: TrackType) -> None:
        """End a track; one that is not there is ignored."""
        track = self._shown.pop((participant.id, kind), None)
        if track is not None:
            track.end()
            self._changed()

    def leave(self, participant: Participant) -> None:
        """End all that a participant shows."""
        for kind in _PRIORITY:
            self.end(participant, kind)

    def close(self) -> None:
        """End everything that the participants show, for good."""
        self._closed = True
        for track in self._shown.values():
            track.end()
        self._shown.clear()
        self._file = None
        self.process_into(None)

    def _on_first(self, _frame: VideoFrame) -> None:
        if self._processed is not None:
            self._processed.unwatch(self._on_first)
        self._changed()
