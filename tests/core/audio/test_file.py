"""Files of many kinds become mono sound at their own rate."""

import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from vision_agents.core.audio.file import AudioFileReader, load_audio, read_audio
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.wav import WavWriter
from vision_agents.core.errors import MediaError


def tone(seconds: float, rate: int, frequency: float = 440.0) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    at = np.arange(round(seconds * rate)) / rate
    return (12_000 * np.sin(2 * np.pi * frequency * at)).astype(np.int16)


def encode(path: Path, codec: str, *, rate: int, layout: str = "mono", seconds: float = 1.0) -> Path:
    samples = tone(seconds, rate)
    packed = np.repeat(samples, 2) if layout == "stereo" else samples
    container: Any
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(packed[None, :], format="s16", layout=layout)
        frame.sample_rate = rate
        resampler = av.AudioResampler(stream.codec_context.format, layout, rate, stream.frame_size or 1024)
        for part in [*resampler.resample(frame), *resampler.resample(None), None]:
            container.mux(stream.encode(part))
    return path


def write_wav(path: Path, seconds: float, rate: int = 48_000) -> Path:
    writer = WavWriter(path, sample_rate=rate)
    writer.write(tone(seconds, rate))
    writer.close()
    return path


def pitch(pcm: PcmData) -> float:
    middle = pcm.samples[len(pcm) // 4 : -len(pcm) // 4].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    return float(spectrum.argmax()) * pcm.sample_rate / len(middle)


@pytest.mark.parametrize(
    ("name", "codec", "rate", "layout"),
    [
        ("a.wav", "pcm_s16le", 8000, "mono"),
        ("b.wav", "pcm_s24le", 44_100, "stereo"),
        ("c.wav", "pcm_f32le", 16_000, "mono"),
        ("d.wav", "pcm_mulaw", 8000, "mono"),
        ("e.flac", "flac", 22_050, "stereo"),
        ("f.mp3", "libmp3lame", 44_100, "stereo"),
        ("g.ogg", "libopus", 48_000, "mono"),
        ("h.m4a", "aac", 48_000, "stereo"),
        ("i.webm", "libopus", 48_000, "stereo"),
    ],
)
def test_a_file_of_any_kind_is_read(tmp_path: Path, name: str, codec: str, rate: int, layout: str) -> None:
    pcm = read_audio(encode(tmp_path / name, codec, rate=rate, layout=layout))

    assert (pcm.sample_rate, pcm.channels, pcm.format) == (rate, 1, "s16")
    assert pcm.duration == pytest.approx(1.0, abs=0.06)
    assert pitch(pcm) == pytest.approx(440, abs=3)
    assert np.abs(pcm.samples).max() == pytest.approx(12_000, rel=0.1)


def test_a_plain_wav_is_read_to_the_bit(tmp_path: Path) -> None:
    pcm = read_audio(write_wav(tmp_path / "a.wav", 0.5))

    np.testing.assert_array_equal(pcm.samples, tone(0.5, 48_000))


async def test_it_can_be_read_without_holding_up_the_loop(tmp_path: Path) -> None:
    assert (await load_audio(write_wav(tmp_path / "a.wav", 0.5))).duration == 0.5


def test_the_media_folder_is_kept_to(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()

    with pytest.raises(MediaError, match="outside of the media folder"):
        read_audio(write_wav(tmp_path / "a.wav", 0.1), media_root=tmp_path / "media")


def test_a_long_file_is_read_in_small_pieces(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "long.wav", 120)  # 11.5 MB
    with AudioFileReader(path) as reader:
        tracemalloc.start()
        samples = sum(len(piece) for piece in reader)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert samples == 120 * 48_000
    assert peak < 500_000


def test_reading_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with AudioFileReader(write_wav(tmp_path / "a.wav", 1)) as reader:
        first = next(reader)
        rest = list(reader)

    joined = np.concatenate([piece.samples for piece in (first, *rest)])
    np.testing.assert_array_equal(joined, tone(1, 48_000))


def test_a_closed_reader_is_at_its_end(tmp_path: Path) -> None:
    reader = AudioFileReader(write_wav(tmp_path / "a.wav", 1))

    reader.close()

    assert list(reader) == []


def test_a_file_without_a_sample_is_refused(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", 0)

    with pytest.raises(MediaError, match="has no sound in it"):
        read_audio(path)


def test_a_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello\n" * 100)

    with pytest.raises(MediaError, match=r"a\.txt"):
        read_audio(tmp_path / "a.txt")


def test_a_video_without_sound_is_refused(tmp_path: Path) -> None:
    container: Any
    with av.open(tmp_path / "a.mp4", "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        container.mux([*stream.encode(frame), *stream.encode(None)])

    with pytest.raises(MediaError, match="has no sound in it"):
        read_audio(tmp_path / "a.mp4")


def test_a_scratch_is_left_out(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.flac", "flac", rate=16_000, seconds=10)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 600] = np.random.default_rng(2).bytes(600)
    path.write_bytes(data)

    pcm = read_audio(path)

    assert 9 < pcm.duration <= 10
    assert pitch(PcmData(pcm.samples[:64_000], 16_000)) == pytest.approx(440, abs=3)


def test_a_file_that_is_damaged_all_over_is_refused(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.m4a", "aac", rate=48_000, seconds=10)
    data = bytearray(path.read_bytes())
    begin = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4 if data.index(b"moov") > begin else len(data)
    data[begin:end] = np.random.default_rng(2).bytes(end - begin)
    path.write_bytes(data)

    with pytest.raises(MediaError, match=r"a\.m4a"):
        read_audio(path)


def test_libav_keeps_quiet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = encode(tmp_path / "a.mp3", "libmp3lame", rate=44_100)
    data = bytearray(path.read_bytes())
    data[2000:4000] = np.random.default_rng(2).bytes(2000)
    path.write_bytes(data)
    capfd.readouterr()

    read_audio(path)

    assert capfd.readouterr() == ("", "")


def test_without_pyav_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_wav(tmp_path / "a.wav", 0.1)
    monkeypatch.setitem(sys.modules, "av", None)

    with pytest.raises(MediaError, match=r"pip install 'open-vision-agents\[embedded\]'"):
        read_audio(path)


def test_pyav_is_loaded_only_when_a_file_is_opened() -> None:
    code = (
        "import sys, vision_agents.core.audio.file, vision_agents.core.edge.file_caller;"
        "sys.exit('av' in sys.modules)"
    )

    subprocess.run([sys.executable, "-c", code], check=True)
