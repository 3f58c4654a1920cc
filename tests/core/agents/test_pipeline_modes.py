"""The parts decide what kind of pipeline it is; what cannot work together is refused."""

import pytest

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.pipeline import Pipeline
from vision_agents.core.agents.pipeline_mode import PipelineMode
from vision_agents.core.errors import ConfigurationError
from vision_agents.core.llm.realtime import RealtimeProfile
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.testing import (
    ScriptedLLM,
    ScriptedRealtime,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    ScriptedVAD,
)


def parts(names: str) -> Pipeline:
    """A pipeline of the parts that are named."""
    make = {
        "llm": ScriptedLLM,
        "realtime": ScriptedRealtime,
        "stt": ScriptedSTT,
        "tts": ScriptedTTS,
        "vad": ScriptedVAD,
        "turn_detection": ScriptedTurnDetector,
    }
    made = {name: make[name]() for name in names.split()}
    if "realtime" in made:
        made["llm"] = made.pop("realtime")
    return Pipeline(**made)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("names", "mode", "detail"),
    [
        ("stt llm tts vad turn_detection", "cascade", "full_cascading"),
        ("stt llm tts", "cascade", "partial_cascading"),
        ("stt llm", "cascade", "stt_llm_only"),
        ("llm tts", "cascade", "llm_tts_only"),
        ("stt tts", "cascade", "stt_tts_only"),
        ("llm", "cascade", "llm_only"),
        ("stt", "cascade", "stt_only"),
        ("tts", "cascade", "tts_only"),
        ("realtime", "realtime", "full_s2s"),
        ("realtime stt", "hybrid_stt", "hybrid_stt"),
        ("realtime tts", "hybrid_tts", "hybrid_tts"),
        ("realtime stt tts", "cascade", "llm_only"),
    ],
)
def test_the_mode_follows_from_the_parts(names: str, mode: str, detail: str) -> None:
    pipeline = parts(names)
    assert pipeline.mode.value == mode
    assert pipeline.config.pipeline_mode.value == detail
    assert pipeline.config.is_realtime == (pipeline.mode is not PipelineMode.CASCADE)


def test_a_realtime_model_has_its_own_slot() -> None:
    pipeline = parts("realtime")
    assert pipeline.llm is None
    assert pipeline.describe()["realtime"].provider == "scripted"


def test_tools_are_registered_on_a_realtime_model_too() -> None:
    agent = Agent("Be brief.", llm=ScriptedRealtime())

    @agent.llm.register_function(description="Tell the time.")
    async def clock() -> str:
        return "noon"

    assert "clock" in agent.functions


@pytest.mark.parametrize(
    ("profile", "names", "message"),
    [
        (RealtimeProfile(text_input=False), "stt", "leave out the stt"),
        (RealtimeProfile(text_output=False), "tts", "leave out the tts"),
    ],
)
def test_what_the_model_cannot_do_is_refused(profile: RealtimeProfile, names: str, message: str) -> None:
    model = ScriptedRealtime(profile=profile)
    part = {"stt": ScriptedSTT(), "tts": ScriptedTTS()}[names]
    with pytest.raises(ConfigurationError, match=message):
        Pipeline(llm=model, **{names: part})  # type: ignore[arg-type]


def test_a_vad_beside_a_model_that_hears_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="need an stt"):
        Pipeline(llm=ScriptedRealtime(), vad=ScriptedVAD())


def test_turn_handling_beside_a_model_that_hears_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no effect"):
        Pipeline(llm=ScriptedRealtime(), turns=TurnHandling())


def test_no_profile_without_a_rate() -> None:
    with pytest.raises(ValueError, match="input_rate"):
        RealtimeProfile(input_rate=0)
