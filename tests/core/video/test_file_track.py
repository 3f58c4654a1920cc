"""A file plays as if it were a camera: round and round, at its own pace, and it leads nowhere else."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from tests.core.video.films import film, shade

from vision_agents.core.errors import MediaError
from vision_agents.core.video.encode import frame_to_png_bytes
from vision_agents.core.video.file_track import VideoFileTrack
from vision_agents.core.video.frame import RgbFrame, VideoFrame


def brightness(frame: VideoFrame) -> int:
    return int(frame.to_rgb()[24, 32, 0])


async def played(path: Path, seconds: float) -> list[tuple[float, VideoFrame]]:
    """What the file shows in so many seconds, with the time since the first picture."""
    seen: list[tuple[float, VideoFrame]] = []
    loop = asyncio.get_running_loop()
    file = await VideoFileTrack.open(path)
    file.track.watch(lambda frame: seen.append((loop.time(), frame)))
    file.start()
    await asyncio.sleep(seconds)
    await file.close()
    return [(at - seen[0][0], frame) for at, frame in seen]


@pytest.mark.virtual_time
async def test_it_plays_at_its_own_pace_and_again_from_the_beginning(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", (shade(value) for value in range(10, 250, 10)), fps=12)

    seen = await played(path, 5.95)

    assert [at for at, _ in seen] == pytest.approx([k / 12 for k in range(len(seen))], abs=0.002)
    assert len(seen) == pytest.approx(72, abs=1)
    shades = [brightness(frame) for _, frame in seen]
    assert shades[:24] == pytest.approx(list(range(10, 250, 10)), abs=6)
    assert shades[24:48] == shades[:24]
    first = seen[0][1]
    assert (first.width, first.height) == (64, 48)


@pytest.mark.slow
async def test_it_plays_in_real_time_without_blocking_the_loop(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", [shade(value, width=640, height=480) for value in range(0, 240, 8)])
    worst, loop = 0.0, asyncio.get_running_loop()

    async def beat() -> None:
        nonlocal worst
        while True:
            began = loop.time()
            await asyncio.sleep(0.005)
            worst = max(worst, loop.time() - began - 0.005)

    beating = loop.create_task(beat())
    seen = await played(path, 1.5)
    beating.cancel()

    assert len(seen) == pytest.approx(45, abs=4)
    assert worst < 0.05


@pytest.mark.virtual_time
async def test_time_stamps_are_followed(tmp_path: Path) -> None:
    shades = [shade(number * 50) for number in range(4)]
    path = film(tmp_path / "a.mkv", shades, fps=10, stamps=[0, 1, 11, 12])

    seen = await played(path, 1.25)

    assert [at for at, _ in seen][:4] == pytest.approx([0.0, 0.1, 1.1, 1.2], abs=0.01)


@pytest.mark.virtual_time
async def test_a_photograph_is_shown_all_the_time(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(frame_to_png_bytes(RgbFrame(shade(77), captured_at=0.0)))

    seen = await played(path, 4.5)

    assert [at for at, _ in seen] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert brightness(seen[-1][1]) == 77


@pytest.mark.virtual_time
async def test_a_file_that_goes_while_it_plays_ends_the_track(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = film(tmp_path / "a.mp4", (shade(value) for value in (10, 20, 30)))
    file = await VideoFileTrack.open(path)
    path.unlink()
    file.start()
    await asyncio.sleep(1)

    assert file.track.ended
    assert "cannot be played any more" in caplog.text
    await file.close()


@pytest.mark.virtual_time
async def test_closing_at_any_time_leaves_nothing(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", (shade(value) for value in range(0, 200, 10)))
    for after in (None, 0.0, 0.001, 0.01, 0.3):
        file = await VideoFileTrack.open(path)
        if after is not None:
            file.start()
            await asyncio.sleep(after)
        await file.close()
        await file.close()


@pytest.mark.virtual_time
async def test_sound_alone_is_refused(tmp_path: Path) -> None:
    from vision_agents.core.audio.pcm import PcmData
    from vision_agents.core.audio.wav import WavWriter

    writer = WavWriter(tmp_path / "a.wav", sample_rate=16_000)
    writer.write(PcmData.silence(0.1, 16_000).samples)
    writer.close()
    with pytest.raises(MediaError, match="has no pictures"):
        await VideoFileTrack.open(tmp_path / "a.wav")


class Bait:
    """A server that counts who asks it for something."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        writer.close()
        await writer.wait_closed()


async def test_t68_nothing_but_a_regular_file_inside_of_the_media_folder(tmp_path: Path) -> None:
    root = tmp_path / "media"
    root.mkdir()
    good = film(root / "good.mp4", [shade(1), shade(2)])
    secret = film(tmp_path / "secret.mp4", [shade(1), shade(2)])
    (root / "link.mp4").symlink_to(secret)
    (root / "folder").symlink_to(tmp_path)
    bait = Bait()
    server = await asyncio.start_server(bait, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}/a.mp4"
    playlists = {
        "list.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n",
        "list.ffconcat": f"ffconcat version 1.0\nfile {url}\n",
        "list.sdp": f"v=0\ns=-\nc=IN IP4 127.0.0.1\nm=video {port} RTP/AVP 26\n",
    }
    for name, text in playlists.items():
        (root / name).write_text(text)
    refused = [
        url,
        f"http:{url[5:]}",
        f"file:{good}",
        f"file://{good}",
        f"concat:{good}|{good}",
        f"subfile,,start,0,end,0,,:{good}",
        f"data:video/mp4;base64,{url}",
        "/dev/zero",
        "/dev/stdin",
        "/proc/self/environ",
        str(root),
        str(root / ".." / "secret.mp4"),
        str(root / "link.mp4"),
        str(root / "folder" / "secret.mp4"),
        str(secret),
        *(str(root / name) for name in playlists),
    ]
    if hasattr(os, "mkfifo"):
        os.mkfifo(root / "pipe")
        refused.append(str(root / "pipe"))

    for path in refused:
        with pytest.raises(MediaError):
            await VideoFileTrack.open(path, media_root=root)
    await (await VideoFileTrack.open(good, media_root=root)).close()

    server.close()
    await server.wait_closed()
    assert bait.asked == 0
