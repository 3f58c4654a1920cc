"""Words out of real speech, nothing out of noise, the same alone and in company."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest

from vision_agents.plugins.embedded.engines.hibari import HibariVoice
from vision_agents.plugins.embedded.engines.moonshine import Heard, Moonshine
from vision_agents.plugins.embedded.engines.tokens import Vocabulary

if TYPE_CHECKING:
    from tests.plugins.embedded.conftest import Recording

QUESTIONS = {"paris": "what is the weather in paris", "tokyo": "what about the weather in tokyo"}
CLIPS = [f"{question}_{voice}" for question in QUESTIONS for voice in ("hibari", "espeak", "flite")]
NOISE = np.random.default_rng(0).standard_normal(80_000).astype(np.float32)


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def hear(moonshine: Moonshine, samples: npt.NDArray[np.float32]) -> Heard:
    return moonshine.transcribe([samples])[0]


@pytest.mark.parametrize("clip", CLIPS)
def test_a_question_is_understood_in_three_voices(
    moonshine: Moonshine, recording: Recording, clip: str
) -> None:
    heard = hear(moonshine, recording(clip))
    said = QUESTIONS[clip.split("_", maxsplit=1)[0]].split()
    assert len(words(heard.text)) == len(said)
    wrong = sum(one != other for one, other in zip(words(heard.text), said, strict=True))
    assert wrong <= ("espeak" in clip)
    assert 0.6 < heard.confidence <= 1


def test_in_company_every_clip_gives_the_words_it_gives_alone(
    moonshine: Moonshine, recording: Recording
) -> None:
    clips = [recording(clip) for clip in CLIPS]
    together = moonshine.transcribe([*clips, np.zeros(100_000, np.float32)])
    assert [heard.text for heard in together] == [*(hear(moonshine, clip).text for clip in clips), ""]


@pytest.mark.parametrize("loudness", [0.0, 0.001, 0.01, 0.1])
@pytest.mark.parametrize("seconds", [0.5, 2, 5])
def test_noise_and_silence_give_no_words(moonshine: Moonshine, loudness: float, seconds: float) -> None:
    assert hear(moonshine, loudness * NOISE[: int(seconds * 16_000)]).text == ""


def test_letters_that_are_not_english_are_made_up() -> None:
    thai = Stuck(letters=[3])
    vocabulary = Vocabulary([b"", b"<s>", b"</s>", "ต".encode(), b" caf\xc3\xa9", b"", b"", b""])
    silence = [np.zeros(16_000, np.float32)]
    assert Moonshine(thai, thai, vocabulary).transcribe(silence)[0].text == ""
    french = Stuck(letters=[4])
    assert Moonshine(french, french, vocabulary).transcribe(silence)[0].text == "café"


def test_a_click_gives_no_words(moonshine: Moonshine) -> None:
    click = np.zeros(16_000, np.float32)
    click[8000:8010] = 0.8
    assert hear(moonshine, click).text == ""


def test_a_spoken_you_is_kept(moonshine: Moonshine, hibari: HibariVoice) -> None:
    spoken = np.concatenate([hibari.speak(phonemes) for phonemes in hibari.phonemes("You?")])
    times = np.arange(0, len(spoken), 1.5)
    assert words(
        hear(moonshine, np.interp(times, np.arange(len(spoken)), spoken).astype(np.float32)).text
    ) == ["you"]


@pytest.mark.parametrize("samples", [0, 1, 500, 3999])
def test_a_scrap_of_audio_is_no_error(moonshine: Moonshine, samples: int) -> None:
    assert hear(moonshine, np.zeros(samples, np.float32)).text == ""


class Stuck:
    """An encoder and a decoder that say the same tokens for ever, or once where there is only one."""

    def __init__(self, letters: Sequence[int] = (3, 4, 5)) -> None:
        self.letters = letters
        self.steps = 0

    def run(self, outputs: Sequence[str] | None, feeds: Mapping[str, Any], /) -> list[npt.NDArray[Any]]:
        if outputs is None:
            return [np.zeros((1, 4, 288), np.float32)]
        logits = np.zeros((len(feeds["input_ids"]), 1, 8), np.float32)
        token = self.letters[self.steps % len(self.letters)]
        logits[:, 0, token if self.steps == 0 or len(self.letters) > 1 else 2] = 20
        self.steps += 1
        return [logits, *(np.zeros((1, 8, 1, 36), np.float32) for _ in outputs[1:])]


def test_a_decoder_that_turns_in_circles_is_stopped_and_gives_no_words() -> None:
    stuck = Stuck()
    vocabulary = Vocabulary([b"", b"<s>", b"</s>", b" the", b" first", b" is", b"", b""])
    heard = Moonshine(stuck, stuck, vocabulary).transcribe([np.zeros(5 * 16_000, np.float32)])
    assert heard[0].text == ""
    assert stuck.steps == 35
