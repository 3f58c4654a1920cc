"""What the documented numbers say after conversations of which every length is known."""

from __future__ import annotations

import asyncio

import pytest
from tests.core.agents.scene_parts import MoodyVoice, calls, meanwhile, played_call, until

from vision_agents.core.events.agent import AgentTurnStartedEvent, TurnMetricsEvent, UserTurnEndedEvent
from vision_agents.core.llm.llm import Usage
from vision_agents.core.observability.metrics import METRIC_NAMES
from vision_agents.core.observability.timeline import TurnTimeline
from vision_agents.core.observability.turn_record import TurnRecord
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.testing import (
    Fails,
    Says,
    ScriptedRealtime,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    realtime_call,
    scripted_call,
)
from vision_agents.testing.tone_speech import speak

pytestmark = pytest.mark.virtual_time


def ms(value: float) -> object:
    """A time of a scene: the clock is exact, adding floats is not."""
    return pytest.approx(value, abs=1e-3)


def voice_ms(*sentences: str) -> object:
    """How long the scripted voice speaks these sentences."""
    spoken = sum(speak(text, sample_rate=24_000, pause=0.1).duration for text in sentences)
    return pytest.approx(spoken * 1000, abs=2)  # the resampler's tail


async def sunny() -> str:
    """Look at the sky."""
    await asyncio.sleep(0.5)
    return "sun"


class Readings:
    """A reader that keeps what it is told."""

    def __init__(self) -> None:
        self.user_turns: list[TurnTimeline] = []
        self.turns: list[TurnRecord] = []
        self.errors: list[str] = []

    def on_user_turn(self, timeline: TurnTimeline) -> None:
        self.user_turns.append(timeline)

    def on_turn(self, record: TurnRecord) -> None:
        self.turns.append(record)

    def on_error(self, stage: str) -> None:
        self.errors.append(stage)


async def test_an_agent_that_has_done_nothing_has_measured_nothing() -> None:
    async with played_call() as s:
        numbers = s.agent.metrics.to_dict()
    assert list(numbers) == list(METRIC_NAMES)
    assert {value for name, value in numbers.items() if name.endswith("__avg")} == {None}
    assert {value for name, value in numbers.items() if name.endswith("__total")} == {0}


async def test_a_question_with_a_tool_to_the_last_number() -> None:
    first = [0.2, "One moment. ", 0.1, calls("sunny"), Usage(100, 7)]
    second = [0.4, "It is sunny.", 0.2, Usage(130, 4)]
    async with played_call(first, second, tools=[sunny], stt=None, tts=ScriptedTTS(delay=0.07)) as s:
        await s.caller.says("how is the weather")
        await s.settles()
        [ended] = s.of(UserTurnEndedEvent)
        numbers = s.agent.metrics.to_dict()
    assert {name: value for name, value in numbers.items() if value} == {
        "stt_latency_ms__avg": ms(30),
        "stt_audio_duration_ms__total": ms(ended.duration_ms),
        "tts_latency_ms__avg": ms(70),
        "tts_audio_duration_ms__total": voice_ms("One moment.", "It is sunny."),
        "tts_characters__total": len("One moment.") + len("It is sunny."),
        "llm_latency_ms__avg": ms((300 + 600) / 2),
        "llm_time_to_first_token_ms__avg": ms((200 + 400) / 2),
        "llm_input_tokens__total": 230,
        "llm_output_tokens__total": 11,
        "llm_tool_calls__total": 1,
        "llm_tool_latency_ms__avg": ms(500),
        "turn_duration_ms__avg": ms(ended.duration_ms),
        "turn_trailing_silence_ms__avg": ms(ended.trailing_silence_ms),
    }


async def test_averages_are_over_all_turns() -> None:
    async with played_call([0.1, "One."], [0.3, "Two."], [0.8, "Three."]) as s:
        for word in ("one", "two", "three"):
            await s.caller.says(word)
            await s.settles()
        metrics = s.agent.metrics
    assert metrics.llm_latency_ms__avg.weight == 3
    assert metrics.llm_latency_ms__avg.value == ms(400)
    assert metrics.turn_duration_ms__avg.weight == 3


async def test_a_fixed_text_counts_at_the_voice_alone() -> None:
    async with played_call(tts=ScriptedTTS(delay=0.05)) as s:
        s.session.say("Hello. I am here.")
        await s.settles()
        numbers = s.agent.metrics.to_dict()
    assert {name: value for name, value in numbers.items() if value} == {
        "tts_latency_ms__avg": ms(50),
        "tts_audio_duration_ms__total": voice_ms("Hello.", "I am here."),
        "tts_characters__total": len("Hello.") + len("I am here."),
    }


async def test_an_answer_in_vain_cost_its_tokens_and_is_no_turn_of_the_caller() -> None:
    readings = Readings()
    async with scripted_call(
        Says(text="Sunny in Paris."),
        Says(text="Rainy."),
        detector=ScriptedTurnDetector(unfinished=["paris"]),
        turn_handling=TurnHandling(speculate=True),
    ) as s:
        s.agent.metrics_collector.add_reader(readings)
        await s.caller.says("the weather in paris")
        await s.caller.waits(0.8)
        await s.caller.says("or rather rome")
        await s.settles()
        metrics = s.agent.metrics
    assert [turn.outcome for turn in readings.turns] == ["discarded", "completed"]
    assert len(readings.user_turns) == 1
    assert metrics.turn_duration_ms__avg.weight == 1
    assert metrics.llm_output_tokens__total.value == 3 + 1


async def test_what_was_cut_has_no_latency_but_was_begun() -> None:
    async with played_call([0.1, "A long story begins here and ", 9.0, "never ends."]) as s:
        await s.caller.says("tell me")
        await until(lambda: s.llm.requests)
        await asyncio.sleep(0.5)
        s.session.interrupt()
        await s.settles()
        metrics = s.agent.metrics
    assert metrics.llm_latency_ms__avg.value is None
    assert metrics.llm_time_to_first_token_ms__avg.value == ms(100)


async def test_a_tool_that_was_cut_was_called_and_took_no_known_time() -> None:
    async def forever() -> str:
        """Look for ever."""
        await asyncio.sleep(1e6)
        return ""

    async with played_call([calls("forever")], tools=[forever]) as s:
        await s.caller.says("look")
        await until(lambda: s.session.agent_state == "thinking" and s.llm.requests)
        await asyncio.sleep(1)
        s.session.interrupt()
        await s.settles()
        metrics = s.agent.metrics
    assert metrics.llm_tool_calls__total.value == 1
    assert metrics.llm_tool_latency_ms__avg.value is None


async def test_a_recogniser_that_fails_is_told_of_and_counts_no_audio() -> None:
    readings = Readings()
    async with played_call(stt=None) as s:
        s.agent.metrics_collector.add_reader(readings)
    assert readings.errors == []
    async with scripted_call(stt=ScriptedSTT(fails=OSError("gone"))) as s:
        s.agent.metrics_collector.add_reader(readings)
        await s.caller.says("hello")
        await s.settles()
    assert readings.errors == ["stt"]
    assert s.agent.metrics.stt_latency_ms__avg.value is None
    assert s.agent.metrics.stt_audio_duration_ms__total.value == 0


@pytest.mark.parametrize(
    ("lines", "voice", "stage"),
    [
        ([Fails(error=OSError("gone"))], ScriptedTTS(), "llm"),
        (["Hello."], ScriptedTTS(fails=OSError("gone")), "tts"),
    ],
)
async def test_a_turn_that_fails_says_where(
    lines: list[Says | Fails | str], voice: ScriptedTTS, stage: str
) -> None:
    readings = Readings()
    async with scripted_call(*lines, tts=voice) as s:
        s.agent.metrics_collector.add_reader(readings)
        await s.caller.says("hello")
        await s.settles()
    assert readings.errors == [stage]
    assert [turn.outcome for turn in readings.turns] == ["failed"]
    assert readings.turns[0].error


async def test_the_event_of_a_turn_has_its_numbers_alone_and_the_true_delay() -> None:
    async with played_call([0.1, "One."], [0.3, "Two."]) as s:
        for word in ("one", "two"):
            await s.caller.says(word)
            await s.settles()
        first, second = s.of(TurnMetricsEvent)
        begun = s.of(AgentTurnStartedEvent)
    assert (first.metrics["llm_latency_ms__avg"], second.metrics["llm_latency_ms__avg"]) == (ms(100), ms(300))
    assert first.turn_id == begun[0].utterance_id
    assert first.outcome == "completed"
    assert list(second.metrics) == list(METRIC_NAMES)
    assert second.response_delay_ms is not None
    assert first.response_delay_ms is not None
    assert second.response_delay_ms - first.response_delay_ms == pytest.approx(200, abs=20)


async def test_defect_17_the_turn_that_the_closing_cuts_is_counted() -> None:
    async with played_call([0.1, "This is a long answer. It goes on.", Usage(5, 8)]) as s:
        await s.caller.says("hello")
        await until(lambda: s.of(AgentTurnStartedEvent))
        await s.session.close()
        numbers = s.agent.metrics.to_dict()
    assert numbers["llm_output_tokens__total"] == 8
    assert numbers["tts_characters__total"]


async def test_the_session_shows_the_same_numbers_during_and_after_it() -> None:
    async with played_call(["Yes."]) as s:
        await s.caller.says("hello")
        await s.settles()
        assert s.session.metrics is s.agent.metrics
    assert s.session.metrics.llm_latency_ms__avg.weight == 1


async def test_defect_19_agents_of_one_process_do_not_mix() -> None:
    async with played_call(["One."]) as one, played_call() as other:
        await one.caller.says("hello")
        await one.settles()
    assert one.agent.metrics.tts_characters__total.value == 4
    assert other.agent.metrics.tts_characters__total.value == 0


async def test_a_sentence_that_breaks_counts_what_was_made_of_it() -> None:
    voice = MoodyVoice(broken={"It breaks in the middle.": (0.3, OSError("gone"))})
    async with played_call(["It breaks in the middle."], tts=voice) as s:
        await s.caller.says("hello")
        await s.settles()
        metrics = s.agent.metrics
    assert metrics.tts_audio_duration_ms__total.value == pytest.approx(300, abs=2)


async def test_nobody_who_listens_no_event() -> None:
    async with played_call(["Yes."]) as s:
        s.agent.events.off(s.events.append)
        assert not s.agent.events.has_subscribers(TurnMetricsEvent)
        work = meanwhile(s.settles())
        await s.caller.says("hello")
        await work
    assert s.of(TurnMetricsEvent) == []


async def test_a_model_that_hears_and_speaks_counts_its_audio_and_both_sides_words() -> None:
    model = ScriptedRealtime(Says(text="we open at nine", to="when"))
    async with realtime_call(model) as call:
        began = asyncio.get_running_loop().time()
        await call.caller.says("when do you open")
        await call.caller.hears("we open at nine")
        await call.settles()
        passed = asyncio.get_running_loop().time() - began
        providers = call.session.providers
        assert {slot: info.provider for slot, info in providers.items()} == {"realtime": "scripted"}
    numbers = call.session.metrics.to_dict()
    made = speak("we open at nine", sample_rate=24_000, pause=0.1)
    assert numbers["realtime_audio_output_bytes__total"] == made.samples.nbytes
    assert numbers["realtime_audio_output_duration_ms__total"] == pytest.approx(made.duration * 1000)
    given = call.session.metrics.realtime_audio_input_duration_ms__total.value
    assert given == pytest.approx(passed * 1000, abs=100)
    assert numbers["realtime_audio_input_bytes__total"] == pytest.approx(given / 1000 * 16_000 * 2)
    assert numbers["realtime_user_transcriptions__total"] == 1
    assert numbers["realtime_agent_transcriptions__total"] == 1
    assert numbers["tts_characters__total"] == 0


async def test_a_model_whose_words_a_synthesiser_speaks_makes_no_audio() -> None:
    model = ScriptedRealtime(Says(text="we open at nine", to="when"))
    async with realtime_call(model, tts=ScriptedTTS()) as call:
        await call.caller.says("when do you open")
        await call.caller.hears("we open at nine")
        await call.settles()
        assert set(call.session.providers) == {"realtime", "tts"}
    numbers = call.session.metrics.to_dict()
    assert numbers["realtime_audio_output_bytes__total"] == 0
    assert numbers["realtime_agent_transcriptions__total"] == 0
    assert numbers["realtime_user_transcriptions__total"] == 1
    assert numbers["tts_characters__total"] == len("we open at nine")
