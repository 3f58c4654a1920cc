"""A turn always gets to its end: no click, no lost report and no other decision keeps it waiting."""

import pytest
from tests.core.turns.scene import Scene, about, kinds

from vision_agents.core.turns.decisions import EndedBy, Hold, Release, TurnDropped, TurnEnded
from vision_agents.core.turns.observations import Floor, ReportedEnd, ReportedStart, Silence

GRAIN = 1e-6
"""Silence is marked this much after a deadline, as the listener does: sums of lengths are not exact."""


def wait_for_deadlines(scene: Scene) -> None:
    """Mark silence at each deadline, as a line that sends nothing does."""
    at = scene.at
    for _ in range(10):
        due = scene.machine.deadline
        if due is None:
            return
        assert due > at, "A deadline must lie ahead, or the waiting never ends."
        at = due + GRAIN
        scene.decisions += scene.machine.observe(Silence(at=at))
    pytest.fail("The machine kept asking to be woken.")


def test_a_click_in_a_pause_before_the_line_falls_silent_does_not_keep_the_turn_open() -> None:
    scene = Scene()
    scene.speaks(0.6)
    scene.is_silent(0.3)
    scene.understood("hello there")
    scene.speaks(0.03)
    wait_for_deadlines(scene)
    assert [ended.text for ended in scene.of(TurnEnded)] == ["hello there"]
    assert not scene.machine.pending


def test_after_a_hold_that_the_application_ended_the_next_utterance_is_held_again() -> None:
    scene = Scene()
    scene.floor(Floor.SPEAKING)
    scene.speaks(0.6)
    assert len(scene.of(Hold)) == 1
    scene.floor(Floor.FREE)
    scene.is_silent(0.15)
    scene.understood("hello there")
    scene.is_silent(1)
    assert [ended.text for ended in scene.of(TurnEnded)] == ["hello there"]
    scene.floor(Floor.SPEAKING)
    assert Hold in kinds(scene.speaks(0.6))


@pytest.mark.parametrize("text", ["...", "?!", " - "])
def test_a_transcript_of_marks_alone_is_no_turn(text: str) -> None:
    scene = Scene()
    scene.speaks(0.6)
    scene.is_silent(0.15)
    scene.understood(text)
    scene.is_silent(3)
    assert scene.of(TurnEnded) == []
    assert len(scene.of(TurnDropped)) == 1


class TestAReportedTurn:
    """A recogniser tells where turns begin and end; nobody measures silence."""

    def test_a_start_without_an_end_lets_the_held_voice_go_on(self) -> None:
        scene = Scene()
        scene.floor(Floor.SPEAKING)
        assert Hold in kinds(scene.tell(ReportedStart(at=3.0)))
        due = scene.machine.deadline
        assert due is not None
        assert due > 3.0
        assert scene.machine.observe(Silence(at=due - 0.01)) == []
        assert Release in kinds(scene.machine.observe(Silence(at=due + GRAIN)))

    def test_it_ends_where_it_was_reported_to_end(self) -> None:
        scene = Scene()
        scene.tell(ReportedStart(at=3.0))
        scene.tell(ReportedEnd(at=5.0, text="hello there"))
        ended = scene.last(TurnEnded)
        assert (ended.speech_start, ended.speech_end) == (about(3.0), about(5.0))
        assert ended.by is EndedBy.RECOGNISER

    def test_an_end_without_a_start_and_without_words_is_nothing(self) -> None:
        assert Scene().tell(ReportedEnd(at=5.0, text="")) == []
