"""Playing seeds."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass
from unittest import mock

from tests.simulation.processes import ProcessLoop
from tests.simulation.scenario import LIFE, Scenario, deterministic_ids

from vision_agents.core.types import ids


@dataclass(frozen=True)
class Outcome:
    """What became of one seed."""

    seed: int
    failures: tuple[str, ...]
    story: tuple[str, ...]
    most_in_call: int
    sessions: int


def play(seed: int, *, life: float = LIFE) -> Outcome:
    """Play one seed; the same seed gives the same story."""

    async def main() -> Outcome:
        scenario = Scenario(seed, life=life)
        try:
            await scenario.play()
        finally:
            await scenario.clear()
        return Outcome(
            seed,
            tuple(scenario.checks.failures),
            tuple(scenario.story),
            scenario.checks.most_in_call,
            scenario.started,
        )

    random.seed(seed)
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            mock.patch.object(ids.uuid, "uuid4", deterministic_ids(random.Random(seed))),
            asyncio.Runner(loop_factory=ProcessLoop) as runner,
        ):
            return runner.run(main())
    finally:
        logging.disable(disabled)
