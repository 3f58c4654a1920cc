"""Keys as sound, and sound as keys."""

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.telephony.dtmf_decoder import DigitBegan, DtmfDecoder
from vision_agents.core.telephony.dtmf_tones import dtmf_tones


def test_keys_are_sounded_and_heard() -> None:
    """A decoder takes pieces of any length, at any rate."""
    line = dtmf_tones("4711#", sample_rate=16_000)
    decoder = DtmfDecoder()
    heard = [*decoder.push(line), *decoder.push(PcmData.silence(0.1, 16_000))]
    assert [event.digit for event in heard if isinstance(event, DigitBegan)] == ["4", "7", "1", "1", "#"]
