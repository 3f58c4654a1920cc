"""A local video file that plays round and round, as if it were a camera."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.errors import MediaError
from vision_agents.core.media.local_file import MediaPath, decode_tolerantly, open_container
from vision_agents.core.types.units import Seconds
from vision_agents.core.video.frame import DecodedFrame
from vision_agents.core.video.track import VideoTrack

if TYPE_CHECKING:
    from av import VideoFrame as AvFrame

logger = logging.getLogger("vision_agents.video")

_READ_AHEAD = 4
"""Pictures: a big one is megabytes, and a thread reads the next ones while these are shown."""
_FALLBACK_FPS = 25.0
_SHORTEST: Seconds = 1 / 120
_LONGEST: Seconds = 5.0
"""A damaged time stamp must neither spin nor freeze the picture."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A picture and how long it is shown."""

    picture: AvFrame
    length: Seconds


class VideoFileTrack:
    """Plays a file into `track` at the file's own pace, over and over, from `start` to `close`.

    Decoding happens in a thread, a few pictures ahead. A single picture (a photograph) is shown all the time.

    Make it with `await VideoFileTrack.open(path)`.
    """

    def __init__(self, reader: _Reader) -> None:
        self.track = VideoTrack()
        self.on_broken: Callable[[], None] | None = None
        """Called when the file cannot be played any more; the track has ended then."""
        self._reader = reader
        self._scope = TaskScope("video file")
        self._reading: asyncio.Future[list[_Shown]] | None = None

    @classmethod
    async def open(cls, path: MediaPath, *, media_root: MediaPath | None = None) -> VideoFileTrack:
        """Open a file.

        Args:
            path: of a regular file; never taken for a URL.
            media_root: where it is set, the file must lie inside of this folder, symbolic links followed.

        Raises:
            MediaError: it may not be read, has no pictures, or PyAV is not installed.
        """
        return cls(await asyncio.to_thread(_Reader, path, media_root))

    def start(self) -> None:
        """Begin to play."""
        self._scope.start(self._play(), name="play", on_error=self._fail)

    async def close(self) -> None:
        """End the track and close the file."""
        self.track.end()
        await self._scope.close()
        if self._reading is not None:
            await asyncio.gather(self._reading, return_exceptions=True)
        await asyncio.to_thread(self._reader.close)

    async def _play(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        pictures = await self._read()
        while pictures:
            self._begin_reading()
            for shown in pictures:
                if (wait := due - loop.time()) > 0:
                    await asyncio.sleep(wait)
                now = loop.time()
                self.track.push(DecodedFrame(shown.picture, captured_at=now))
                # A machine that is too slow shows the film slower, and does not race to catch up.
                due = max(due + shown.length, now)
            pictures = await self._read()

    async def _read(self) -> list[_Shown]:
        job = self._reading or self._begin_reading()
        pictures = await asyncio.shield(job)
        self._reading = None
        return pictures

    def _begin_reading(self) -> asyncio.Future[list[_Shown]]:
        loop = asyncio.get_running_loop()
        self._reading = loop.run_in_executor(None, self._reader.read, _READ_AHEAD)
        return self._reading

    def _fail(self, error: Exception) -> None:
        logger.error("A video file cannot be played any more", extra=failure_fields(error))
        self.track.end()
        if self.on_broken is not None:
            self.on_broken()


class _Reader:
    """Reads the pictures of a file, again from the beginning after the last one; one thread at a time."""

    def __init__(self, path: MediaPath, media_root: MediaPath | None) -> None:
        self._path = path
        self._root = media_root
        self._pass = _decode(path, media_root)
        self._next = next(self._pass, None)
        if self._next is None:
            raise MediaError(f"{os.fspath(path)!r} has no pictures in it: give a file with a video track.")

    def read(self, count: int) -> list[_Shown]:
        """Read `count` pictures; the file is opened anew at its end."""
        return [self._read_one() for _ in range(count)]

    def _read_one(self) -> _Shown:
        shown, self._next = self._next, None
        if shown is None:
            shown = next(self._pass, None)
        if shown is not None:
            return shown
        self._pass = _decode(self._path, self._root)
        shown = next(self._pass, None)
        if shown is None:
            raise MediaError(f"{os.fspath(self._path)!r} has no pictures in it any more.")
        return shown

    def close(self) -> None:
        """Close the file."""
        self._next = None
        self._pass.close()


def _decode(path: MediaPath, media_root: MediaPath | None) -> Generator[_Shown]:
    """Give every picture with its length; that of the last one is as usual at the file's rate."""
    with open_container(path, media_root=media_root) as container:
        if not container.streams.video:
            return
        stream = container.streams.video[0]
        rate = stream.average_rate or stream.guessed_rate
        usual = 1 / float(rate) if rate else 1 / _FALLBACK_FPS
        before: AvFrame | None = None
        alone = True
        packets = container.demux(stream)
        for picture in decode_tolerantly((packet.decode for packet in packets), os.fspath(path)):
            if before is not None:
                alone = False
                yield _Shown(before, _length(before, picture, usual))
            before = picture
        if before is not None:
            yield _Shown(before, 1.0 if alone else _within(usual))


def _length(picture: AvFrame, following: AvFrame, usual: Seconds) -> Seconds:
    """How long a picture is shown, by the time stamps; what they cannot say is as usual."""
    if picture.pts is None or following.pts is None or picture.time_base is None:
        return _within(usual)
    length = float((following.pts - picture.pts) * picture.time_base)
    return _within(length if length > 0 else usual)


def _within(length: Seconds) -> Seconds:
    return min(max(length, _SHORTEST), _LONGEST)
