"""Model calls off the loop, batched when they pile up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence

import pytest

from vision_agents.core.errors import ProviderError
from vision_agents.plugins.embedded.inference import Batcher, InferencePool


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[InferencePool]:
    """A pool with one thread, which the batchers use."""
    pool = InferencePool(1)
    monkeypatch.setattr("vision_agents.plugins.embedded.inference.pool", pool)
    yield pool
    pool.close()


async def test_work_runs_in_another_thread(pool: InferencePool) -> None:
    assert await pool.run(threading.get_ident, stage="stt") != threading.get_ident()


async def test_a_failure_tells_the_stage_and_the_cause(pool: InferencePool) -> None:
    with pytest.raises(ProviderError) as failed:
        await pool.run(lambda: 1 // 0, stage="tts")
    assert (failed.value.provider, failed.value.stage) == ("embedded", "tts")
    assert isinstance(failed.value.__cause__, ZeroDivisionError)


async def test_a_closed_pool_has_no_threads_and_works_again_when_asked(pool: InferencePool) -> None:
    worker = await pool.run(threading.current_thread, stage="stt")
    pool.close()
    assert not worker.is_alive()
    assert await pool.run(lambda: "again", stage="stt") == "again"


class Model:
    """Doubles numbers, slowly where it is held, and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.busy = threading.Event()
        self.free = threading.Event()

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.batches.append(list(numbers))
        if 0 in numbers:
            self.busy.set()
            self.free.wait(30)
        if -1 in numbers:
            raise ValueError("a number below zero")
        return [2 * number for number in numbers]


async def occupy(batcher: Batcher[int, int], model: Model) -> asyncio.Future[int]:
    first = batcher.submit(0)
    await asyncio.to_thread(model.busy.wait, 30)
    return first


async def test_what_piles_up_while_the_model_is_busy_is_one_batch(pool: InferencePool) -> None:
    model = Model()
    batcher = Batcher[int, int](model, stage="stt", largest=3)
    first = await occupy(batcher, model)
    later = [batcher.submit(number) for number in (1, 2, 3, 4)]
    model.free.set()
    assert await asyncio.gather(first, *later) == [0, 2, 4, 6, 8]
    assert model.batches == [[0], [1, 2, 3], [4]]


async def test_one_alone_waits_for_no_company(pool: InferencePool) -> None:
    model = Model()
    assert await Batcher[int, int](model, stage="stt").submit(4) == 8


async def test_who_no_longer_waits_is_left_out(pool: InferencePool) -> None:
    model = Model()
    batcher = Batcher[int, int](model, stage="stt")
    first = await occupy(batcher, model)
    gone, stays = batcher.submit(1), batcher.submit(2)
    gone.cancel()
    await asyncio.sleep(0)
    model.free.set()
    assert await asyncio.gather(first, stays) == [0, 4]
    assert model.batches == [[0], [2]]


async def test_a_failed_batch_fails_for_all_in_it_and_for_nobody_else(pool: InferencePool) -> None:
    model = Model()
    batcher = Batcher[int, int](model, stage="stt")
    first = await occupy(batcher, model)
    bad = [batcher.submit(-1), batcher.submit(5)]
    model.free.set()
    outcomes = await asyncio.gather(first, *bad, return_exceptions=True)
    assert outcomes[0] == 0
    assert all(isinstance(outcome, ProviderError) for outcome in outcomes[1:])
    assert await batcher.submit(5) == 10


@pytest.mark.virtual_time
async def test_virtual_time_stands_still_while_a_batch_runs(pool: InferencePool) -> None:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(5):
        assert await Batcher[int, int](Model(), stage="stt").submit(4) == 8
    assert loop.time() == 0
