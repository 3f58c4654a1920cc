"""A WAV file is valid after every write, and errors are one sentence."""

import resource
import wave
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from vision_agents.core.audio import wav
from vision_agents.core.audio.wav import WavWriter
from vision_agents.core.errors import MediaError


def read(path: Path) -> tuple[int, int, int, bytes]:
    with wave.open(str(path), "rb") as file:
        frames = file.readframes(file.getnframes())
        return file.getnchannels(), file.getsampwidth(), file.getframerate(), frames


@contextmanager
def files_of_at_most(size: int) -> Generator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_it_can_be_read_after_every_write(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    writer = WavWriter(path, sample_rate=24_000)
    assert read(path) == (1, 2, 24_000, b"")

    for count in (1, 2, 3):
        writer.write(np.full(100, count, np.int16))
        assert len(read(path)[3]) == 200 * count

    writer.close()
    assert read(path)[3] == np.repeat([1, 2, 3], 100).astype("<i2").tobytes()


def test_channels_are_interleaved(tmp_path: Path) -> None:
    samples = np.array([[1, -1], [2, -2], [3, -3]], np.int16)

    writer = WavWriter(tmp_path / "a.wav", sample_rate=8000, channels=2)
    writer.write(samples)
    writer.close()

    assert read(tmp_path / "a.wav") == (2, 2, 8000, samples.tobytes())


def test_a_file_that_exists_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"x" * 1000)

    WavWriter(path, sample_rate=8000).close()

    assert read(path)[3] == b""


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("no/such/folder/a.wav", "no such file or directory"),
        ("", "is not a regular file"),
        ("/dev/full", "is not a regular file"),
        ("a\0.wav", "cannot be written"),
    ],
)
def test_a_path_that_cannot_be_written_is_named(tmp_path: Path, path: str, words: str) -> None:
    with pytest.raises(MediaError, match=words):
        WavWriter(tmp_path / path, sample_rate=8000)


def test_a_disk_that_is_full_from_the_start_is_noticed_at_once(tmp_path: Path) -> None:
    with files_of_at_most(10), pytest.raises(MediaError, match=r"a\.wav' cannot be written: file too large"):
        WavWriter(tmp_path / "a.wav", sample_rate=8000)


def test_when_the_disk_is_full_what_was_written_stays_readable(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with files_of_at_most(10_000):
        writer = WavWriter(path, sample_rate=8000)
        writer.write(np.ones(4000, np.int16))
        with pytest.raises(MediaError, match="cannot be written"):
            writer.write(np.ones(4000, np.int16))
        writer.close()

    assert len(read(path)[3]) == 8000
    assert path.stat().st_size == 8044


def test_a_file_does_not_grow_beyond_what_its_header_can_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wav, "_MAX_BYTES", 1000)
    writer = WavWriter(tmp_path / "a.wav", sample_rate=8000)
    writer.write(np.ones(500, np.int16))

    with pytest.raises(MediaError, match="has reached 4 GiB"):
        writer.write(np.ones(1, np.int16))

    writer.close()
