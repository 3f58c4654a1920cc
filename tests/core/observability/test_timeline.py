"""The marks of a turn are in order, and their spans add up."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision_agents.core.observability.timeline import Mark, TurnTimeline


def timeline(**seconds: float) -> TurnTimeline:
    marks = TurnTimeline()
    for name, at in seconds.items():
        marks.mark(Mark(name), at)
    return marks


def test_an_empty_timeline_tells_nothing() -> None:
    marks = TurnTimeline()
    assert (marks.marks_ms, marks.spans_ms, marks.response_delay) == ({}, {}, None)
    assert marks.get(Mark.SPEECH_END) is None


def test_the_first_time_counts() -> None:
    marks = timeline(llm_first_token=1.0)
    marks.mark(Mark.LLM_FIRST_TOKEN, 2.0)
    assert marks.get(Mark.LLM_FIRST_TOKEN) == 1.0


def test_marks_come_in_the_order_in_which_they_happened() -> None:
    marks = timeline(first_audio_played=1.5, speech_end=1.0, llm_first_token=1.1, end_of_turn=1.25)
    assert marks.marks_ms == {
        "speech_end": 1000.0,
        "llm_first_token": 1100.0,
        "end_of_turn": 1250.0,
        "first_audio_played": 1500.0,
    }
    assert list(marks.marks_ms) == ["speech_end", "llm_first_token", "end_of_turn", "first_audio_played"]


def test_marks_of_one_moment_keep_the_order_in_which_they_were_set() -> None:
    assert list(timeline(pause=1.0, end_of_turn=1.0, transcript_final=1.0).marks_ms) == [
        "pause",
        "end_of_turn",
        "transcript_final",
    ]


def test_a_span_is_the_time_between_neighbours() -> None:
    marks = timeline(speech_end=1.0, pause=1.12, end_of_turn=1.25)
    assert marks.spans_ms == {"speech_end..pause": 120.0, "pause..end_of_turn": 130.0}


def test_the_delay_is_what_the_caller_waits() -> None:
    assert timeline(speech_end=1.0, first_audio_played=1.5).response_delay == pytest.approx(0.5)
    assert timeline(first_audio_played=1.5).response_delay is None
    assert timeline(speech_end=1.0).response_delay is None


@given(st.dictionaries(st.sampled_from(Mark), st.floats(0, 1e5), min_size=2))
def test_spans_add_up_to_the_whole(times: dict[Mark, float]) -> None:
    marks = timeline(**times)
    spans = marks.spans_ms
    assert len(spans) == len(times) - 1
    assert all(span >= 0 for span in spans.values())
    whole = (max(times.values()) - min(times.values())) * 1000
    assert sum(spans.values()) == pytest.approx(whole, abs=0.001 * len(times))
    assert all(a <= b for a, b in pairwise(marks.marks_ms.values()))
