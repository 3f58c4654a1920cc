# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tests.plugins.webrtc.media.browser import pitch, tone

from vision_agents.plugins.webrtc.media import libopus, opus
from vision_agents.plugins.webrtc.media.libopus import LibopusDecoder
from vision_agents.plugins.webrtc.media.opus import (
    SILENT_PACKET,
    OpusDecoder,
    OpusEncoder,
    RepeatingDecoder,
    Samples,
    opus_decoder,
)

DECODERS: list[Callable[[], OpusDecoder]] = [LibopusDecoder, RepeatingDecoder]


def packets(frames: int = 50) -> list[bytes]:
    encoder = OpusEncoder()
    return [encoder.encode(samples_of(pcm.samples)) for pcm in tone(440, frames)]


def samples_of(samples: object) -> Samples:
    return np.asarray(samples, np.int16)


def test_each_frame_gives_one_mono_packet_of_about_32_kbit_a_second() -> None:
    sizes = [len(packet) for packet in packets()]
    assert all(sizes)
    assert 20_000 < sum(sizes) * 8 < 40_000
    assert all(packet[0] & 0b100 == 0 for packet in packets(5))  # the bit that says stereo


@pytest.mark.parametrize("decoder", DECODERS)
def test_what_was_encoded_sounds_the_same(decoder: Callable[[], OpusDecoder]) -> None:
    decode = decoder().decode
    decoded = [samples for packet in packets() if (samples := decode(packet)) is not None]
    assert {len(samples) for samples in decoded} == {960}
    assert abs(pitch(list(decoded[5:])) - 440) < 5
    assert np.abs(np.concatenate(decoded[5:])).max() == pytest.approx(8000, rel=0.1)  # pyright: ignore[reportUnknownMemberType]


@pytest.mark.parametrize("decoder", DECODERS)
def test_the_silent_packet_is_silent_and_speech_after_it_begins_with_its_first_frame(
    decoder: Callable[[], OpusDecoder],
) -> None:
    encoder, one = OpusEncoder(), decoder()
    voice = [samples_of(pcm.samples) for pcm in tone(440, 20)]
    silence = np.zeros(960, np.int16)
    for samples in [*voice, *[silence] * 10]:
        one.decode(encoder.encode(samples))
    pause = [one.decode(SILENT_PACKET) for _ in range(50)]
    assert all(samples is not None and len(samples) == 960 and not samples.any() for samples in pause)
    again = [samples for frame in voice if (samples := one.decode(encoder.encode(frame))) is not None]
    assert np.abs(again[0]).max() > 6000
    assert np.abs(np.concatenate(again)).max() < 10_000  # no click


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_lost_packet_goes_on_sounding_and_many_fade_away(decoder: Callable[[], OpusDecoder]) -> None:
    one = decoder()
    for packet in packets():
        one.decode(packet)
    made = [one.conceal(960, None).copy() for _ in range(12)]
    assert {len(samples) for samples in made} == {960}
    assert np.abs(made[0]).max() > 3000
    assert np.abs(made[-1]).max() < np.abs(made[0]).max() / 3


@pytest.mark.parametrize("decoder", DECODERS)
def test_what_is_no_packet_is_told_and_does_no_harm(decoder: Callable[[], OpusDecoder]) -> None:
    one = decoder()
    assert one.decode(b"\xff\xff\xff") is None
    assert one.decode(packets(1)[0]) is not None


def test_without_a_library_to_call_lost_packets_are_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> str:
        raise OSError("no library")

    assert isinstance(opus_decoder(), LibopusDecoder)
    libopus._library.cache_clear()
    monkeypatch.setattr(libopus, "_path", missing)
    try:
        assert isinstance(opus.opus_decoder(), RepeatingDecoder)
    finally:
        libopus._library.cache_clear()
