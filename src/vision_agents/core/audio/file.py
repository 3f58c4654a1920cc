"""Reading the sound of a local media file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Generator, Iterator
from types import TracebackType

import numpy as np

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.errors import MediaError
from vision_agents.core.media.local_file import MediaPath, decode_tolerantly, open_container


class AudioFileReader:
    """Iterates over the first audio track of a file, as mono int16 pieces at the file's own rate.

    Opening and reading block: do it in a thread, one at a time. Memory stays bounded however long the
    file is. Single packets that cannot be decoded are left out.

    Raises:
        MediaError: the file cannot be opened, has no sound or is damaged; also while iterating.
    """

    def __init__(self, path: MediaPath, *, media_root: MediaPath | None = None) -> None:
        self._pieces = _decode_file(path, media_root)
        self._first = next(self._pieces, None)
        if self._first is None:
            raise MediaError(f"{os.fspath(path)!r} has no sound in it: give a file with an audio track.")
        self._sample_rate = self._first.sample_rate

    @property
    def sample_rate(self) -> int:
        """Of all pieces, in Hz."""
        return self._sample_rate

    def __iter__(self) -> Iterator[PcmData]:
        """Go on from where reading stopped."""
        return self

    def __next__(self) -> PcmData:
        """Read the next piece, of a few to a few hundred milliseconds."""
        first, self._first = self._first, None
        return first or next(self._pieces)

    def close(self) -> None:
        """Close the file; nothing more is read."""
        self._first = None
        self._pieces.close()

    def __enter__(self) -> AudioFileReader:
        """Return the reader."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()


def read_audio(path: MediaPath, *, media_root: MediaPath | None = None) -> PcmData:
    """Read a whole file as mono int16 at its own rate; blocks, raises `MediaError` as `AudioFileReader`."""
    with AudioFileReader(path, media_root=media_root) as reader:
        return PcmData(np.concatenate([piece.samples for piece in reader]), reader.sample_rate)


async def load_audio(path: MediaPath, *, media_root: MediaPath | None = None) -> PcmData:
    """Do `read_audio` in a thread."""
    return await asyncio.to_thread(read_audio, path, media_root=media_root)


def _decode_file(path: MediaPath, media_root: MediaPath | None) -> Generator[PcmData]:
    with open_container(path, media_root=media_root) as container:
        from av import AudioResampler

        if not container.streams.audio:
            return
        packets = container.demux(container.streams.audio[0])
        rate, kind, mixer = 0, ("", "", 0), AudioResampler()
        for frame in decode_tolerantly((packet.decode for packet in packets), os.fspath(path)):
            # The rate of the first frame: what the container says may be half of it.
            rate = rate or frame.sample_rate
            if kind != (kind := (frame.format.name, frame.layout.name, frame.sample_rate)):
                mixer = AudioResampler(format="s16", layout="mono", rate=rate)
            for mono in mixer.resample(frame):
                yield PcmData(mono.to_ndarray().reshape(-1).view(np.int16), rate)
