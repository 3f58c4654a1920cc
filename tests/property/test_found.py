"""Scenes in which the state machine found a fault, as small as it made them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pytest
from tests.property.actions import (
    HangsUp,
    Interrupts,
    Leaves,
    Mumbles,
    Mutes,
    Nods,
    Presses,
    Reply,
    Say,
    SimpleResponse,
    Speaks,
    Waits,
)
from tests.property.parts import Model
from tests.property.steps import Scene, Step
from tests.property.test_engine import play

_MODEL_FAILS_WITH_A_FRAME_ON_ITS_WAY = Scene(
    (
        Step(Reply("queue", True), 3.0),
        Step(Speaks(0, 4, 0.5), 5.0),
        *(Step(SimpleResponse(), 0.1) for _ in range(2)),
        Step(Say(4, "queue", True), 0.1),
        *(Step(SimpleResponse(), 0.1) for _ in range(5)),
        Step(Presses(), 0.1),
        Step(Reply("queue", True), 0.1),
        *(Step(SimpleResponse(), 0.1) for _ in range(3)),
        Step(Waits(), 0.1),
        Step(Reply("queue", True), 0.1),
    ),
    speculates=True,
    manual=False,
    late=True,
    models=(Model.ANSWERS, Model.ANSWERS, Model.HANGS_HALFWAY),
    voices=(),
    ears=(),
)
"""The turn ended before its last frame was heard."""


def _scene(*steps: Step) -> Scene:
    """A call in which every part does its work."""
    return Scene(steps, speculates=True, manual=False, late=False, models=(), voices=(), ears=())


_ENDS_WITH_A_SENTENCE_ON_ITS_WAY = _scene(
    Step(Reply("queue", False), 0.02), Step(SimpleResponse(), 0.06), Step(HangsUp(), 0.0)
)
"""The synthesiser was asked for it when the call was over."""

_HELD_BY_ONE_AND_CUT_BY_THE_APPLICATION = _scene(
    Step(Say(4, "queue", True), 1.0),
    Step(Mumbles(0, 2.5), 1.0),
    Step(Interrupts(True), 5.0),
    Step(Say(4, "queue", True), 1.0),
    Step(Mumbles(1, 0.9), 5.0),
)
"""The next utterance, held by another speaker, was never released: the first one still counted."""

_A_PAUSE_AS_SHORT_AS_JITTER = _scene(
    Step(Speaks(0, 3, 0.1), 0.1), Step(Waits(), 0.4), Step(Mutes(0), 0.1), Step(Waits(), 0.0)
)
"""Three frames that were left out cannot be told from three that are late: two words were heard as one."""

_HOLDS_AND_LEAVES_AT_ONCE = _scene(
    Step(Speaks(1, 2, 0.5), 0.4),
    Step(Speaks(1, 1, 0.1), 0.0),
    Step(Reply("queue", False), 0.7),
    Step(Waits(), 0.1),
    Step(Nods(0), 0.0),
    Step(Leaves(1), 0.0),
    Step(Waits(), 0.0),
)
"""Held at the end of a word and let go in the same moment: the word is heard twice without a gap between."""


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(_HOLDS_AND_LEAVES_AT_ONCE, id="holds and leaves at once"),
        pytest.param(_MODEL_FAILS_WITH_A_FRAME_ON_ITS_WAY, id="model fails with a frame on its way"),
        pytest.param(_HELD_BY_ONE_AND_CUT_BY_THE_APPLICATION, id="held by one and cut by the application"),
        pytest.param(_A_PAUSE_AS_SHORT_AS_JITTER, id="a pause as short as jitter"),
        pytest.param(_ENDS_WITH_A_SENTENCE_ON_ITS_WAY, id="ends with a sentence on its way"),
    ],
)
def test_it_ends_well_now(scene: Scene) -> None:
    play(scene)


class _BusyPool(ThreadPoolExecutor):
    """Has no thread for anybody."""

    def submit(self, fn: Callable[..., object], /, *args: object, **kwargs: object) -> Future[object]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return Future()


def test_a_tool_that_is_cut_before_a_thread_takes_it_has_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vision_agents.testing.virtual_time.ThreadPoolExecutor", _BusyPool)
    at_once = [Step(Waits(), 0.0)] * 10
    scene = _scene(Step(Reply("queue", True), 0.05), *at_once, Step(Interrupts(True), 1.0))
    play(replace(scene, models=(Model.CALLS_THREADED,)))
