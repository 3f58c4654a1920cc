"""What an application puts between the stages changes what is understood, answered and heard."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import numpy as np
import pytest

from vision_agents.core.agents.hooks import PipelineHooks
from vision_agents.core.agents.pipeline import Pipeline
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.errors import ConfigurationError
from vision_agents.core.events.event import Event
from vision_agents.core.llm.llm import LLMEvent, TextDelta
from vision_agents.core.stt.stt import Transcript
from vision_agents.core.tts.tts import SpeechChunk
from vision_agents.testing import Says, ScriptedCall, ScriptedLLM, scripted_call

pytestmark = pytest.mark.virtual_time


def pipeline_of(s: ScriptedCall) -> Pipeline:
    """The parts in use."""
    assert s.session.pipeline is not None
    return s.session.pipeline


async def test_stt_changes_what_was_understood() -> None:
    async with scripted_call(Says(text="Yes.", to="the code is hidden")) as s:

        @pipeline_of(s).on("stt")
        async def hide(heard: AsyncIterator[Transcript]) -> AsyncIterator[Transcript]:
            async for transcript in heard:
                yield replace(transcript, text=transcript.text.replace("1234", "hidden"))

        await s.caller.says("the code is 1234")
        await s.caller.hears("yes")
        await s.settles()
        assert s.said[0] == ("user", "the code is hidden")


async def test_llm_changes_what_is_said_and_hooks_follow_one_another() -> None:
    def swaps(old: str, new: str) -> Callable[[AsyncIterator[LLMEvent]], AsyncIterator[LLMEvent]]:
        async def swap(events: AsyncIterator[LLMEvent]) -> AsyncIterator[LLMEvent]:
            async for event in events:
                yield TextDelta(event.text.replace(old, new)) if isinstance(event, TextDelta) else event

        return swap

    async with scripted_call("It is damn cold.") as s:
        pipeline_of(s).on("llm")(swaps("damn", "darn"))
        pipeline_of(s).on("llm")(swaps("darn", "very"))
        await s.caller.says("how is it")
        await s.caller.hears("it is very cold")
        await s.settles()
        assert s.said[-1] == ("assistant", "It is very cold.")


async def test_tts_changes_what_is_heard() -> None:
    async with scripted_call("Hello.") as s:

        @pipeline_of(s).on("tts")
        async def quieter(chunks: AsyncIterator[SpeechChunk]) -> AsyncIterator[SpeechChunk]:
            async for chunk in chunks:
                yield SpeechChunk(PcmData((chunk.pcm.samples // 2).astype(np.int16), chunk.pcm.sample_rate))

        await s.caller.says("hi")
        await s.caller.hears("hello")
        assert max(int(np.abs(f.pcm.samples.astype(int)).max()) for f in s.caller.peer.heard) < 6000


async def test_an_interruption_stops_the_model_behind_a_hook() -> None:
    slow = Says(text="One two three four five six seven eight nine.", token=0.5)
    async with scripted_call(slow, "Fine.") as s:

        @pipeline_of(s).on("llm")
        async def same(events: AsyncIterator[LLMEvent]) -> AsyncIterator[LLMEvent]:
            async for event in events:
                yield event

        await s.caller.says("count")
        await s.caller.waits(2)
        await s.caller.says("stop it now")
        await s.caller.hears("fine")
        assert s.llm.abandoned == 1


async def test_observers_hear_of_the_turns_in_order() -> None:
    told: list[str] = []
    llm = ScriptedLLM(["Hello."])
    async with scripted_call() as s:
        pipeline = pipeline_of(s).replaced(llm=llm)

        @pipeline.on("user_turn_start")
        @pipeline.on("user_turn_end")
        @pipeline.on("agent_turn_start")
        async def note(event: Event) -> None:
            told.append(event.type)

        @pipeline.on("agent_turn_end")
        def note_end(event: Event) -> None:
            told.append(event.type)

        await s.session.change_pipeline(pipeline)
        await s.caller.says("hi")
        await s.caller.hears("hello")
        await s.settles()
        kinds = ["user_turn_started", "user_turn_ended", "agent_turn_started", "agent_turn_ended"]
        assert told == [f"agent.{kind}" for kind in kinds]


async def test_a_stage_without_a_hook_is_the_very_same_stream() -> None:
    stream = _nothing()
    assert PipelineHooks().through("llm", stream) is stream


def test_an_unknown_hook_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="user_turn_start"):
        Pipeline(llm=ScriptedLLM()).on("thinking")(print)


async def _nothing() -> AsyncIterator[LLMEvent]:
    return
    yield
