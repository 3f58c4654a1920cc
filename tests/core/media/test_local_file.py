"""A media file is a regular file of this machine, and nothing in it leads anywhere else."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.wav import WavWriter
from vision_agents.core.errors import MediaError
from vision_agents.core.media.local_file import MediaPath, open_container, open_media_file


def wav(path: Path) -> Path:
    writer = WavWriter(path, sample_rate=16_000)
    writer.write(PcmData(np.ones(1600, np.int16), 16_000).samples)
    writer.close()
    return path


def refusal(path: MediaPath, media_root: MediaPath | None = None) -> str:
    with pytest.raises(MediaError) as info, open_container(path, media_root=media_root):
        pytest.fail("It was opened.")
    message = str(info.value)
    assert "\n" not in message
    return message


def test_a_regular_file_is_opened(tmp_path: Path) -> None:
    with open_media_file(wav(tmp_path / "a.wav")) as file:
        assert file.read(4) == b"RIFF"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "no.wav") == f"There is no file '{tmp_path}/no.wav': check the path."


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert "is not a regular file" in refusal(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert "is not a regular file" in refusal(tmp_path / "pipe")


def test_a_device_is_refused() -> None:
    assert "is not a regular file" in refusal("/dev/zero")


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = wav(tmp_path / "a.wav")

    def refuse(*_: object) -> int:  # permissions do not stop root
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", refuse)

    assert refusal(path) == f"{str(path)!r} cannot be opened: permission denied."


@pytest.mark.parametrize("path", ["http://127.0.0.1:9/a.wav", "file:///etc/hostname", "concat:a.wav|b.wav"])
def test_an_address_is_taken_for_a_name_of_a_file(path: str) -> None:
    assert "There is no file" in refusal(path)


def test_a_name_with_a_null_byte_is_refused() -> None:
    assert "cannot be opened" in refusal("a\0.wav")


def test_what_is_no_media_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "junk.mp3"
    path.write_bytes(np.random.default_rng(1).bytes(50_000))

    assert "cannot be read as media" in refusal(path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()

    assert "damaged or of an unknown kind" in refusal(tmp_path / "empty.wav")


def test_a_playlist_leads_nowhere(tmp_path: Path) -> None:
    wav(tmp_path / "a.wav")
    playlist = tmp_path / "list.txt"
    playlist.write_text("ffconcat version 1.0\nfile a.wav\n")

    assert "cannot be read as media" in refusal(playlist)


def test_the_media_folder_confines(tmp_path: Path) -> None:
    root = tmp_path / "media"
    root.mkdir()
    inside, outside = wav(root / "a.wav"), wav(tmp_path / "secret.wav")
    (root / "link.wav").symlink_to(outside)

    with open_media_file(inside, media_root=root) as file:
        assert file.read(4) == b"RIFF"
    for path in (outside, root / ".." / "secret.wav", root / "link.wav"):
        assert "is outside of the media folder" in refusal(path, root)


def test_without_a_media_folder_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "link.wav").symlink_to(wav(tmp_path / "a.wav"))

    with open_container(tmp_path / "link.wav") as container:
        assert container.streams.audio[0].rate == 16_000


def test_without_pyav_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)

    assert "pip install 'open-vision-agents[embedded]'" in refusal(wav(tmp_path / "a.wav"))
