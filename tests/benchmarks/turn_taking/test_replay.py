"""The replay does what the real listener does on the real models."""

from pathlib import Path

import pytest
from benchmarks.turn_taking.corpus import corpus
from benchmarks.turn_taking.ear import Ear, Models
from benchmarks.turn_taking.live import hear
from benchmarks.turn_taking.replay import Latency, Replay

from vision_agents.core.turns.settings import TurnHandling
from vision_agents.plugins.embedded.inference import pool

FRAME_OR_TWO = 0.05


@pytest.fixture(scope="module")
def models() -> Models:
    """Load one before leaks are watched: the runtime keeps a file of its own open from then on."""
    loaded = Models()
    assert loaded.silero
    return loaded


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_replay_of_a_call_ends_the_same_turns_at_the_same_times(tmp_path: Path, models: Models) -> None:
    call = next(corpus(tmp_path))
    live = hear(call, TurnHandling(), latency=Latency())
    pool.close()
    replay = Replay(call, Ear(call, tmp_path, models), TurnHandling(), detector=True, latency=Latency()).run()
    assert [end.text for end in replay] == [end.text for end in live]
    assert [end.at for end in replay] == pytest.approx([end.at for end in live], abs=FRAME_OR_TWO)
