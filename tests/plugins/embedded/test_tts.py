"""The synthesiser's port on Hibari."""

import numpy as np
import pytest

from vision_agents.core.errors import ProviderError
from vision_agents.plugins.embedded import models
from vision_agents.plugins.embedded.shared import Shared
from vision_agents.plugins.embedded.tts import TTS


async def test_a_sentence_is_one_chunk_at_the_profiles_rate() -> None:
    tts = TTS()
    await tts.start()
    chunks = [chunk async for chunk in tts.synthesize("What is the weather in Paris?")]
    assert [chunk.pcm.sample_rate for chunk in chunks] == [tts.profile.sample_rate]
    assert 1.0 < chunks[0].pcm.duration < 2.5
    await tts.close()


async def test_a_very_long_text_comes_piece_by_piece_and_can_be_left() -> None:
    spoken = TTS().synthesize("word " * 600)
    first = await anext(spoken)
    assert first.pcm.duration < 60
    await spoken.aclose()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


@pytest.mark.parametrize("text", ["", "...", "\U0001f642"])
async def test_nothing_to_say_gives_no_chunk(text: str) -> None:
    assert [chunk async for chunk in TTS().synthesize(text)] == []


class Broken:
    def phonemes(self, text: str) -> list[str]:
        raise KeyError(text)

    def speak(self, phonemes: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        return np.zeros(0, np.float32)


async def test_a_failing_model_is_a_provider_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "hibari", Shared("broken", lambda _: Broken()))
    with pytest.raises(ProviderError) as failed:
        await anext(TTS().synthesize("Hello."))
    assert failed.value.stage == "tts"
