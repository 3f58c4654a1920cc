"""The conversation engine under everything that callers, applications and providers may do, in any order.

The default run plays about 5,000 steps. ``just campaign-engine`` plays 100,000, or as many as ENGINE_STEPS
says, from a new seed each time; it prints the seed and the shortest scene where something is wrong.
"""

from __future__ import annotations

import logging
import os

import pytest
from hypothesis import HealthCheck, given, settings
from tests.property.checks import check
from tests.property.stage import Complaints, Stage
from tests.property.steps import Scene, scenes

from vision_agents.testing import run_virtual

_DEFAULT = 5_000
STEPS = int(os.environ.get("ENGINE_STEPS", _DEFAULT))
_STEPS_A_SCENE = 20


def play(scene: Scene) -> None:
    """Play one scene and look at everything that came of it."""
    stage = Stage(scene)
    engine = logging.getLogger("vision_agents")
    complaints = Complaints(stage.record)
    for part in ("aio", "host", "events"):
        engine.getChild(part).addHandler(complaints)
    try:
        run_virtual(stage.plays())
    finally:
        for part in ("aio", "host", "events"):
            engine.getChild(part).removeHandler(complaints)
    check(stage)


@pytest.mark.timeout(max(600, STEPS // 10))
def test_whatever_happens_ends_well() -> None:
    steps = 0

    @settings(
        max_examples=STEPS // _STEPS_A_SCENE + 1,
        derandomize=STEPS == _DEFAULT,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        print_blob=True,
    )
    @given(scene=scenes())
    def any_scene(scene: Scene) -> None:
        nonlocal steps
        steps += len(scene.steps)
        play(scene)

    any_scene()
    assert steps >= STEPS * 0.9
