"""A caller that plays a local audio file into a call."""

from __future__ import annotations

import asyncio
from collections import deque

from vision_agents.core.audio.chunk import Chunker
from vision_agents.core.audio.file import AudioFileReader
from vision_agents.core.audio.pacer import FRAME, Pacer
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.resample import Resampler
from vision_agents.core.edge.loopback import Edge, HeardFrame, LoopbackPeer, SeenFrame
from vision_agents.core.media.local_file import MediaPath
from vision_agents.core.types.people import Participant, User
from vision_agents.core.types.units import Seconds

_FRAMES_A_SECOND = round(1 / FRAME)
_FALLBACK_RATE = 48_000
_READ_AHEAD = 2 * _FRAMES_A_SECOND
"""Frames: two seconds outlast a slow disk, and are all that a long file takes of the memory."""


class FileCaller:
    """Joins a call on the loopback edge and plays a file in real time.

    20 ms frames leave on the grid of the loop's clock, at the file's own rate (48 kHz where 20 ms of it is
    not a whole number of samples). After the file it stays, silent, until `close`.

    Make it with `await FileCaller.open(path)`.
    """

    def __init__(self, reader: AudioFileReader) -> None:
        self._source = _FrameSource(reader)
        self._frames: deque[PcmData] = deque()
        self._loading: asyncio.Future[list[PcmData]] | None = None
        self._pacer = Pacer(self._next, self._send, on_error=self._fail)
        self._peer: LoopbackPeer | None = None
        self._answered = False
        self._failure: BaseException | None = None
        self.finished = asyncio.Event()
        """Set when the last frame was sent, or nothing more will be; `wait_finished` tells which."""

    @classmethod
    async def open(cls, path: MediaPath, *, media_root: MediaPath | None = None) -> FileCaller:
        """Open the file; raises `MediaError` as `AudioFileReader`."""
        return cls(await asyncio.to_thread(AudioFileReader, path, media_root=media_root))

    def join(
        self, edge: Edge, user: User, call_id: str | None = None, *, play_when_answered: bool = True
    ) -> None:
        """Go into a call, see `Edge.join_as`; what is said and shown to this caller is not kept.

        Plays as soon as somebody else is there, or only on `play` where `play_when_answered` is False.
        """
        self._load()
        on_joined = self._begin if play_when_answered else None
        self._peer = edge.join_as(user, call_id, on_audio=_ignore, on_video=_ignore, on_joined=on_joined)

    @property
    def peer(self) -> LoopbackPeer:
        """This side of the call."""
        assert self._peer is not None, "Join a call first."
        return self._peer

    def play(self) -> None:
        """Begin to play, once."""
        if not self._answered:
            self._answered = True
            # Not at once: the other side may be in the middle of joining.
            asyncio.get_running_loop().call_soon(self._pacer.kick)

    @property
    def ahead(self) -> Seconds:
        """How much was read and not played yet."""
        return len(self._frames) * FRAME

    async def wait_finished(self) -> None:
        """Return when the last frame was sent; raises what kept it from being sent, mostly `MediaError`."""
        await self.finished.wait()
        if self._failure is not None:
            raise self._failure

    async def close(self) -> None:
        """Leave the call and close the file."""
        self._pacer.stop()
        if self._peer is not None:
            self._peer.leave()
        if self._loading is not None:
            await asyncio.wait([self._loading])
        await asyncio.to_thread(self._source.close)
        self.finished.set()

    def _begin(self, _participant: Participant) -> None:
        self.play()

    def _next(self) -> PcmData | None:
        frame = self._frames.popleft() if self._frames else None
        if len(self._frames) < _READ_AHEAD // 2:
            self._load()
        return frame

    def _send(self, frame: PcmData) -> None:
        self.peer.send_audio(frame)
        self._finish_if_empty()

    def _load(self) -> None:
        if self._loading is None and not self._source.ended:
            loop = asyncio.get_running_loop()
            self._loading = loop.run_in_executor(None, self._source.read, _READ_AHEAD)
            self._loading.add_done_callback(self._loaded)

    def _loaded(self, job: asyncio.Future[list[PcmData]]) -> None:
        self._loading = None
        if job.cancelled():
            return
        if error := job.exception():
            self._fail(error)
            return
        self._frames.extend(job.result())
        if self._answered:
            self._pacer.kick()
            self._finish_if_empty()

    def _finish_if_empty(self) -> None:
        if not self._frames and self._loading is None and self._source.ended:
            self.finished.set()

    def _fail(self, error: BaseException) -> None:
        self._pacer.stop()
        self._failure = error
        self.finished.set()


class _FrameSource:
    """Cuts a file into frames; used by one thread at a time."""

    def __init__(self, reader: AudioFileReader) -> None:
        self._reader = reader
        whole = reader.sample_rate % _FRAMES_A_SECOND == 0
        rate = reader.sample_rate if whole else _FALLBACK_RATE
        self._resampler = Resampler(reader.sample_rate, rate)
        self._chunker = Chunker(rate // _FRAMES_A_SECOND)
        self.ended = False

    def read(self, count: int) -> list[PcmData]:
        """Read at least `count` frames, or what there is until the end; the last one is padded."""
        frames: list[PcmData] = []
        for piece in self._reader:
            frames += self._chunker.push(self._resampler.process(piece))
            if len(frames) >= count:
                return frames
        frames += self._chunker.push(self._resampler.flush())
        if rest := self._chunker.flush():
            frames.append(rest)
        self.ended = True
        return frames

    def close(self) -> None:
        """Close the file; nothing more can be read."""
        self.ended = True
        self._reader.close()


def _ignore(_frame: HeardFrame | SeenFrame) -> None:
    """Take what comes without keeping it."""
