"""A provider fails, and the next one goes on; it is asked again after a rest, or not any more."""

import asyncio

import pytest

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.errors import ConfigurationError, ProviderError
from vision_agents.core.events.plugin import LLMErrorEvent
from vision_agents.core.llm.fallback import FallbackLLM
from vision_agents.core.llm.llm import LLMRequest, TextDelta
from vision_agents.core.stt.fallback import FallbackSTT
from vision_agents.core.stt.stt import STTProfile, Transcript
from vision_agents.core.tts.fallback import FallbackTTS
from vision_agents.core.types.fallback import FallbackRules
from vision_agents.testing import (
    Fails,
    Says,
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTTS,
    scripted_call,
    speak,
)
from vision_agents.testing.scripted import Line

pytestmark = pytest.mark.virtual_time

DOWN = ProviderError("Down.", provider="first", stage="llm", retryable=True)
REQUEST = LLMRequest("Be brief.", ())


class First(ScriptedLLM):
    """The wanted one."""

    provider = "first"
    model = "big"


class Second(ScriptedLLM):
    """The other one."""

    provider = "second"
    model = "small"


class SecondVoice(ScriptedTTS):
    """The other voice."""

    provider = "second"


class SecondEar(ScriptedSTT):
    """The other recogniser."""

    provider = "second"


class WideEar(ScriptedSTT):
    """Hears another rate."""

    profile = STTProfile(sample_rate=24_000)


async def words(llm: FallbackLLM) -> str:
    """What the model answers."""
    return "".join([event.text async for event in llm.respond(REQUEST) if isinstance(event, TextDelta)])


def models(*first: Line | str, then: tuple[str, ...] = ()) -> tuple[First, Second]:
    """Two models with their lines."""
    return First(first), Second(then)


async def test_the_next_answers_and_is_told_as_the_provider() -> None:
    llm = FallbackLLM(*models(Fails(error=DOWN), then=("Hello.",)))
    assert await words(llm) == "Hello."
    assert (llm.describe().provider, llm.describe().model, llm.provider) == ("second", "small", "second")


async def test_the_first_is_asked_again_after_its_rest() -> None:
    llm = FallbackLLM(*models(Fails(error=DOWN), "Back.", then=("One.", "Two.")))
    assert [await words(llm), await words(llm)] == ["One.", "Two."]
    await asyncio.sleep(60)
    assert await words(llm) == "Back."
    assert llm.provider == "first"


async def test_after_three_failures_it_is_off() -> None:
    fails = Fails(error=DOWN)
    llm = FallbackLLM(*models(fails, fails, fails, "Never.", then=("1", "2", "3", "4")))
    answers: list[str] = []
    for _ in range(4):
        answers.append(await words(llm))
        await asyncio.sleep(61)
    assert answers == ["1", "2", "3", "4"]


async def test_where_all_rest_a_try_is_better_than_silence() -> None:
    llm = FallbackLLM(First([Fails(error=DOWN), "Back."]), Second([Fails(error=DOWN)]))
    with pytest.raises(ProviderError, match="Down"):
        await words(llm)
    assert await words(llm) == "Back."


async def test_one_that_hangs_is_replaced() -> None:
    llm = FallbackLLM(
        *models(Says(text="Late.", first_token=100), then=("Hello.",)), rules=FallbackRules(patience=2)
    )
    started = asyncio.get_running_loop().time()
    assert await words(llm) == "Hello."
    assert asyncio.get_running_loop().time() - started < 3


async def test_after_the_first_word_the_failure_is_raised() -> None:
    class Breaks(First):
        async def respond(self, request: LLMRequest):  # type: ignore[no-untyped-def]
            yield TextDelta("Hel")
            raise DOWN

    llm = FallbackLLM(Breaks(), Second(["Hello."]))
    with pytest.raises(ProviderError, match="Down"):
        await words(llm)


async def test_in_a_call_nobody_notices() -> None:
    voice = FallbackTTS(ScriptedTTS(fails=DOWN), SecondVoice())
    ear = FallbackSTT(ScriptedSTT(fails=DOWN), SecondEar())
    async with scripted_call(Says(text="Sunny. Very.", to="how is the weather")) as s:
        await s.session.change_component(
            tts=voice, stt=ear, llm=FallbackLLM(First([Fails(error=DOWN)] * 2), s.llm)
        )
        await s.caller.waits(1)
        await s.caller.says("how is the weather")
        await s.caller.hears("sunny very")
        assert not s.of(LLMErrorEvent)
        assert {slot: s.session.providers[slot].provider for slot in ("stt", "llm", "tts")} == {
            "stt": "second",
            "llm": "scripted",
            "tts": "second",
        }


async def test_the_next_recogniser_hears_the_turn_from_its_beginning() -> None:
    stream = FallbackSTT(ScriptedSTT(fails=DOWN), SecondEar()).open(lambda _: None)
    stream.push(PcmData.silence(0.2, 16_000))
    stream.speech_started()
    stream.push(speak("all of it"))
    assert (await stream.flush()).text == "all of it"
    stream.reset()
    assert (await stream.flush()) == Transcript("")
    await stream.close()


def test_what_cannot_stand_behind_one_another_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="two providers"):
        FallbackLLM(ScriptedLLM())
    with pytest.raises(ConfigurationError, match="sample rate"):
        FallbackSTT(ScriptedSTT(), WideEar())
    with pytest.raises(ValueError, match="max_failures"):
        FallbackRules(max_failures=0)


async def test_one_that_cannot_start_is_off_and_the_other_serves() -> None:
    class Broken(First):
        async def start(self) -> None:
            raise DOWN

    llm = FallbackLLM(Broken(), Second(["Hello."]))
    await llm.start()
    assert await words(llm) == "Hello."
    await llm.close()
