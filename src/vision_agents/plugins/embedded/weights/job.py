"""One running fetch: what it tells its observer, and how it is stopped."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from vision_agents.plugins.embedded.weights.cache import ModelFolder, size_of
from vision_agents.plugins.embedded.weights.manifest import WeightFile


@dataclass(frozen=True)
class Progress:
    """How far the fetch of one model is, in bytes of its files."""

    model: str
    done: int
    total: int


Observer = Callable[[Progress], None]


class FetchStopped(Exception):
    """Nobody wants this fetch any more."""


class SourceFailed(Exception):
    """A source could not give the bytes.

    Args:
        reason: short, without URLs.
        remedy: what the user can do about it.
    """

    def __init__(self, reason: str, *, remedy: str = "check the network") -> None:
        super().__init__(reason)
        self.remedy = remedy


@dataclass
class FetchJob:
    """A fetch of one model into its folder.

    Args:
        folder: where the files go.
        observe: called on the fetching thread.
        stop: when set, the fetch ends soon and keeps what it has.
    """

    folder: ModelFolder
    observe: Observer
    stop: threading.Event = field(default_factory=threading.Event)
    _told: int = 0

    def check(self) -> None:
        """Raise FetchStopped once the fetch is not wanted any more."""
        if self.stop.is_set():
            raise FetchStopped

    def report(self, in_flight: int = 0) -> None:
        """Tell the observer what has arrived, plus what a running installer holds; never goes back."""
        total = self.folder.model.size
        arrived = self.arrived()
        # What the installer holds includes bytes that are no weights: only a whole file counts as all.
        done = min(arrived + in_flight, total - 1) if arrived < total else total
        if done > self._told:
            self._told = done
            self.observe(Progress(self.folder.model.name, done, total))

    def arrived(self) -> int:
        """Bytes of weights that are on disk."""
        return sum(self.arrived_of(file) for file in self.folder.model.files)

    def arrived_of(self, file: WeightFile) -> int:
        """Bytes of one file that are on disk, finished or growing."""
        return size_of(self.folder.part(file)) or size_of(self.folder.file(file))
