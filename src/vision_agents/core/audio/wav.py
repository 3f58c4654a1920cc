"""Writing a WAV file that is valid at every moment."""

from __future__ import annotations

import os
import stat
import struct
from pathlib import Path

from vision_agents.core.audio.pcm import Samples
from vision_agents.core.errors import MediaError
from vision_agents.core.media.local_file import MediaPath, explain

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_MAX_BYTES = 2**32 - 1 - _HEADER.size
_SAMPLE_BYTES = 2


class WavWriter:
    """Writes 16-bit samples; the header is brought up to date by every `write`. Blocks: use it in a thread.

    Args:
        path: of the file; one that exists is overwritten, unless it is not a regular file.
        sample_rate: in Hz.
        channels: 1 or 2.

    Raises:
        MediaError: the file cannot be written, the disk is full, or the file has reached 4 GiB.
    """

    def __init__(self, path: MediaPath, *, sample_rate: int, channels: int = 1) -> None:
        self._name = os.fspath(path)
        self._sample_rate = sample_rate
        self._channels = channels
        self._bytes = 0
        try:
            if Path(self._name).exists() and not stat.S_ISREG(Path(self._name).stat().st_mode):
                raise MediaError(f"{self._name!r} is not a regular file: give the path of a new WAV file.")
            # Unbuffered: an error belongs to the write that caused it, and the file is valid without a close.
            self._file = open(self._name, "wb", buffering=0)  # noqa: SIM115, PTH123 - closed by `close`
        except (OSError, ValueError) as error:
            raise self._failure(error) from error
        try:
            self._write(self._header())
        except BaseException:
            self._file.close()
            raise

    def write(self, samples: Samples) -> None:
        """Append int16 samples of the shape ``(n,)`` or ``(n, channels)``."""
        data = memoryview(samples.tobytes())
        if self._bytes + len(data) > _MAX_BYTES:
            raise MediaError(f"{self._name!r} has reached 4 GiB, the most a WAV file holds.")
        try:
            self._write(data)
        except MediaError:
            self._file.truncate(_HEADER.size + self._bytes)
            raise
        self._bytes += len(data)
        self._file.seek(0)
        self._write(self._header())
        self._file.seek(0, os.SEEK_END)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _header(self) -> bytes:
        block = self._channels * _SAMPLE_BYTES
        rate = self._sample_rate
        return _HEADER.pack(
            *(b"RIFF", _HEADER.size - 8 + self._bytes, b"WAVE", b"fmt ", 16),
            *(1, self._channels, rate, rate * block, block, _SAMPLE_BYTES * 8),
            *(b"data", self._bytes),
        )

    def _write(self, data: bytes | memoryview) -> None:
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            raise self._failure(error) from error

    def _failure(self, error: OSError | ValueError) -> MediaError:
        return MediaError(f"{self._name!r} cannot be written: {explain(error)}.")
