"""Scripted models follow their script, fail beyond it, and tell what of it was not used."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.errors import ProviderError
from vision_agents.core.history.messages import FunctionResult, HistoryItem, Message, Role
from vision_agents.core.llm.llm import LLMEvent, LLMRequest, TextDelta, ToolCall, Usage
from vision_agents.core.stt.stt import STTEvent, STTStream
from vision_agents.core.tts.tts import SpeechChunk
from vision_agents.testing import (
    Calls,
    Fails,
    Says,
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    ScriptedVAD,
)
from vision_agents.testing.tone_speech import mumble, read_speech, speak

pytestmark = pytest.mark.virtual_time


def asked(text: str) -> LLMRequest:
    return LLMRequest("Be brief.", [Message(Role.USER, text)])


async def answer(llm: ScriptedLLM, request: LLMRequest) -> list[tuple[float, LLMEvent]]:
    """What the model gives, and when."""
    clock = asyncio.get_running_loop().time
    began = clock()
    return [(round(clock() - began, 3), event) async for event in llm.respond(request)]


class TestLLM:
    """A language model with a script."""

    async def test_it_says_its_line_word_by_word(self) -> None:
        llm = ScriptedLLM([Says(text="It is noon.", first_token=0.5, token=0.1)])
        assert await answer(llm, asked("what time is it")) == [
            (0.5, TextDelta("It")),
            (0.6, TextDelta(" is")),
            (0.7, TextDelta(" noon.")),
            (0.8, Usage(0, 3)),
        ]
        llm.assert_done()

    async def test_lines_come_in_their_order(self) -> None:
        llm = ScriptedLLM(["One.", "Two."])
        texts = [await answer(llm, asked("count")) for _ in range(2)]
        assert [events[0][1] for events in texts] == [TextDelta("One."), TextDelta("Two.")]
        assert [request.instructions for request in llm.requests] == ["Be brief."] * 2

    async def test_it_calls_a_tool(self) -> None:
        llm = ScriptedLLM([Calls(tool="look", arguments={"where": "here"}, first_token=0.2)])
        [(at, call)] = await answer(llm, asked("where is it"))
        assert isinstance(call, ToolCall)
        assert (at, call.name, call.arguments) == (0.2, "look", {"where": "here"})
        assert call.id

    async def test_it_says_nothing_where_its_line_is_empty(self) -> None:
        llm = ScriptedLLM([Says(text="", first_token=0.1)])
        assert await answer(llm, asked("hm")) == [(0.1, Usage(0, 0))]

    async def test_it_raises_what_it_was_told_to(self) -> None:
        llm = ScriptedLLM([Fails(error=OSError("gone"))])
        with pytest.raises(OSError, match="gone"):
            await answer(llm, asked("hello"))
        llm.assert_done()

    @pytest.mark.parametrize(
        ("item", "expected"),
        [
            (Message(Role.USER, "the weather in paris"), "weather"),
            (FunctionResult("call_1", "get_weather", "sunny and 72°F"), "72°F"),
        ],
    )
    async def test_it_expects_what_its_line_says(self, item: HistoryItem, expected: str) -> None:
        llm = ScriptedLLM([Says(text="Yes.", to=expected)])
        assert await answer(llm, LLMRequest("", [item]))
        llm.assert_done()

    async def test_instructions_of_the_turn_are_what_it_is_asked(self) -> None:
        llm = ScriptedLLM([Says(text="Hello.", to="Greet the caller.")])
        assert await answer(llm, LLMRequest("", [], turn_instructions="Greet the caller."))

    async def test_a_question_that_does_not_fit_fails_and_is_remembered(self) -> None:
        llm = ScriptedLLM([Says(text="Yes.", to="paris")])
        with pytest.raises(ProviderError, match="no line for 'about rome'"):
            await answer(llm, asked("about rome"))
        with pytest.raises(AssertionError, match="about rome"):
            llm.assert_done()

    async def test_a_question_beyond_the_script_fails(self) -> None:
        llm = ScriptedLLM()
        with pytest.raises(ProviderError):
            await answer(llm, asked("hello"))
        with pytest.raises(AssertionError, match="beyond its script"):
            llm.assert_done()

    async def test_lines_that_were_not_used_are_told(self) -> None:
        with pytest.raises(AssertionError, match=r"not used.*Never said"):
            ScriptedLLM(["Never said."]).assert_done()

    async def test_a_stuck_answer_never_ends_and_counts_as_abandoned_when_left(self) -> None:
        llm = ScriptedLLM([Says(text="Well", stuck=True), "Fine."])
        events = llm.respond(asked("hello"))
        assert await anext(events) == TextDelta("Well")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(events), 3600)
        await answer(llm, asked("hello"))
        assert llm.abandoned == 1


async def transcribe(stream: STTStream, *pieces: PcmData) -> str:
    stream.reset()
    stream.speech_started()
    for pcm in pieces:
        stream.push(pcm)
    return (await stream.flush()).text


class TestSTT:
    """A recogniser of tone speech."""

    async def test_it_reads_what_was_said_after_its_delay(self) -> None:
        stream = ScriptedSTT(delay=0.25).open(ignore)
        assert await transcribe(stream, speak("hello", pause=0.1), speak("there")) == "hello there"
        assert asyncio.get_running_loop().time() == 0.25

    async def test_it_hears_no_words_in_a_mumble(self) -> None:
        assert await transcribe(ScriptedSTT().open(ignore), mumble(1)) == ""

    async def test_it_fails_when_it_was_told_to(self) -> None:
        with pytest.raises(OSError, match="gone"):
            await transcribe(ScriptedSTT(fails=OSError("gone")).open(ignore), speak("hello"))


def ignore(event: STTEvent) -> None: ...


async def collect(chunks: AsyncIterator[SpeechChunk]) -> tuple[list[float], list[PcmData]]:
    """When the pieces came, and the pieces."""
    times: list[float] = []
    pieces: list[PcmData] = []
    async for chunk in chunks:
        times.append(round(asyncio.get_running_loop().time(), 3))
        pieces.append(chunk.pcm)
    return times, pieces


class TestTTS:
    """A synthesiser of tone speech."""

    async def test_it_speaks_in_pieces_after_its_delay(self) -> None:
        tts = ScriptedTTS(delay=0.2, piece=0.1)
        times, pieces = await collect(tts.synthesize("Hello there."))
        assert set(times) == {0.2}
        assert {piece.sample_rate for piece in pieces} == {tts.profile.sample_rate}
        assert all(piece.duration == pytest.approx(0.1) for piece in pieces[:-1])
        joined = PcmData(np.concatenate([piece.samples for piece in pieces]), pieces[0].sample_rate)
        assert read_speech(joined) == "hello there"
        assert tts.sentences == ["Hello there."]

    async def test_it_is_silent_where_it_was_told_to_be(self) -> None:
        tts = ScriptedTTS(silent=["Silent."])
        assert (await collect(tts.synthesize("Silent.")))[1] == []
        assert (await collect(tts.synthesize("Loud.")))[1]
        assert tts.sentences == ["Silent.", "Loud."]

    async def test_it_fails_when_it_was_told_to(self) -> None:
        with pytest.raises(OSError, match="gone"):
            await collect(ScriptedTTS(fails=OSError("gone")).synthesize("Hello."))


class TestVAD:
    """A detector that hears a voice in everything that is loud."""

    @pytest.mark.parametrize(
        ("pcm", "voiced"),
        [
            (speak("aaaaaaaaaa"), True),
            (mumble(0.5), True),
            (PcmData(np.zeros(4096, np.int16), 16_000), False),
            (PcmData(np.full(4096, 100, np.int16), 16_000), False),
        ],
    )
    async def test_loud_is_voice(self, pcm: PcmData, voiced: bool) -> None:
        stream = ScriptedVAD().open()
        window = pcm.to_float32().samples[:512].astype(np.float32)
        assert (stream.process(window) > 0.5) == voiced
        stream.reset()
        assert (stream.process(window) > 0.5) == voiced


class TestTurnDetector:
    """A detector that knows the words after which a speaker goes on."""

    async def test_without_such_words_every_pause_is_an_end(self) -> None:
        assert await ScriptedTurnDetector().predict(speak("my number is", pause=0.2)) > 0.5

    async def test_it_waits_after_the_words_it_was_given(self) -> None:
        detector = ScriptedTurnDetector(unfinished=["is", "AND"], delay=0.3)
        assert await detector.predict(speak("my number is", pause=0.2)) < 0.5
        assert await detector.predict(speak("this and", pause=0.2)) < 0.5
        assert await detector.predict(speak("my number is five", pause=0.2)) > 0.5
        assert asyncio.get_running_loop().time() == pytest.approx(0.9)
