"""The documented numbers: names, first values, and averages that keep their weight on every way."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision_agents.core.observability.metrics import METRIC_NAMES, AgentMetrics, Average, Counter

DOCUMENTED = [
    "stt_latency_ms__avg",
    "stt_audio_duration_ms__total",
    "tts_latency_ms__avg",
    "tts_audio_duration_ms__total",
    "tts_characters__total",
    "llm_latency_ms__avg",
    "llm_time_to_first_token_ms__avg",
    "llm_input_tokens__total",
    "llm_output_tokens__total",
    "llm_tool_calls__total",
    "llm_tool_latency_ms__avg",
    "turn_duration_ms__avg",
    "turn_trailing_silence_ms__avg",
    "realtime_audio_input_bytes__total",
    "realtime_audio_output_bytes__total",
    "realtime_audio_input_duration_ms__total",
    "realtime_audio_output_duration_ms__total",
    "realtime_user_transcriptions__total",
    "realtime_agent_transcriptions__total",
    "vlm_inference_latency_ms__avg",
    "vlm_inferences__total",
    "vlm_input_tokens__total",
    "vlm_output_tokens__total",
    "video_frames_processed__total",
    "video_processing_latency_ms__avg",
]

latencies = st.lists(st.floats(min_value=0, max_value=1e6), max_size=20)


def with_latencies(samples: list[float]) -> AgentMetrics:
    metrics = AgentMetrics()
    for sample in samples:
        metrics.llm_latency_ms__avg.update(sample)
    return metrics


def test_the_names_are_the_25_documented_ones() -> None:
    assert list(METRIC_NAMES) == DOCUMENTED
    assert len(DOCUMENTED) == 25


def test_before_anything_happens_counters_are_0_and_averages_null() -> None:
    numbers = AgentMetrics().to_dict()
    assert list(numbers) == DOCUMENTED
    assert all(numbers[name] == 0 for name in DOCUMENTED if name.endswith("__total"))
    assert all(numbers[name] is None for name in DOCUMENTED if name.endswith("__avg"))


def test_each_agent_has_its_own_numbers() -> None:
    one, other = AgentMetrics(), AgentMetrics()
    one.tts_characters__total.inc(5)
    assert other.tts_characters__total.value == 0


def test_some_fields_may_be_asked_for() -> None:
    metrics = with_latencies([100.0, 200.0])
    assert metrics.to_dict(["llm_latency_ms__avg"]) == {"llm_latency_ms__avg": 150.0}
    with pytest.raises(ValueError, match="no metric 'llm_latency'"):
        metrics.to_dict(["llm_latency"])


@given(latencies, latencies)
def test_merging_is_the_same_as_having_measured_everything_in_one_place(
    mine: list[float], theirs: list[float]
) -> None:
    merged, whole = with_latencies(mine), with_latencies(mine + theirs)
    merged.merge(with_latencies(theirs))
    assert merged.llm_latency_ms__avg.weight == whole.llm_latency_ms__avg.weight
    assert merged.llm_latency_ms__avg.value == pytest.approx(whole.llm_latency_ms__avg.value)


@given(latencies, latencies)
def test_a_round_trip_through_json_keeps_the_weights(mine: list[float], theirs: list[float]) -> None:
    stored = json.loads(json.dumps(with_latencies(mine).to_weighted_dict()))
    restored, whole = AgentMetrics.from_dict(stored), with_latencies(mine + theirs)
    restored.merge(with_latencies(theirs))
    assert restored.llm_latency_ms__avg.weight == whole.llm_latency_ms__avg.weight
    assert restored.llm_latency_ms__avg.value == pytest.approx(whole.llm_latency_ms__avg.value)


def test_the_plain_form_is_read_too_and_unknown_names_are_skipped() -> None:
    metrics = AgentMetrics.from_dict(
        {"llm_latency_ms__avg": 120.0, "tts_characters__total": 7, "stt_latency_ms__avg": None, "new": 1}
    )
    assert metrics.llm_latency_ms__avg.value == 120.0
    assert metrics.llm_latency_ms__avg.weight == 1
    assert metrics.tts_characters__total.value == 7
    assert metrics.stt_latency_ms__avg.value is None


def test_counters_are_merged_by_adding() -> None:
    one, other = AgentMetrics(), AgentMetrics()
    one.llm_tool_calls__total.inc()
    other.llm_tool_calls__total.inc(2)
    one.merge(other)
    assert one.llm_tool_calls__total.value == 3


def test_a_counter_never_falls() -> None:
    with pytest.raises(ValueError, match="only grows"):
        Counter().inc(-1)


def test_an_average_needs_a_sample_to_stand_for() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        Average().update(1.0, weight=0)
