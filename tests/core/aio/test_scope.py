"""Tasks end with their scope, and a failing one is heard of."""

import asyncio
import logging

import pytest

from vision_agents.core.aio.scope import TaskScope

pytestmark = pytest.mark.virtual_time


async def test_leaving_the_scope_ends_its_tasks_and_waits_for_their_last_words() -> None:
    said: list[str] = []

    async def speak() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(2)
            said.append("goodbye")

    async with TaskScope("call") as scope:
        scope.start(speak(), name="speaker")
        await asyncio.sleep(1)

    assert said == ["goodbye"]
    assert asyncio.get_running_loop().time() == 3.0


async def test_a_scope_whose_body_fails_ends_its_tasks_too() -> None:
    scope = TaskScope("call")
    listener = scope.start(asyncio.sleep(100), name="listener")

    async def speak() -> None:
        async with scope:
            raise ValueError("no such voice")

    with pytest.raises(ValueError, match="no such voice"):
        await speak()

    assert listener.cancelled()
    assert scope.closed


async def test_a_failing_task_goes_to_its_handler_and_the_others_go_on() -> None:
    errors: list[Exception] = []
    heard: list[str] = []

    async def fail() -> None:
        raise ValueError("no such voice")

    async def listen() -> None:
        await asyncio.sleep(1)
        heard.append("hello")

    async with TaskScope("call") as scope:
        scope.start(fail(), name="speaker", on_error=errors.append)
        await scope.start(listen(), name="listener")

    assert [str(error) for error in errors] == ["no such voice"]
    assert heard == ["hello"]


async def test_a_failing_task_without_a_handler_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ValueError("no such voice")

    with caplog.at_level(logging.ERROR, logger="vision_agents"):
        async with TaskScope("call") as scope:
            await scope.start(fail(), name="speaker")

    (record,) = caplog.records
    assert (record.getMessage(), vars(record)["scope"], vars(record)["task"]) == (
        "A task failed",
        "call",
        "speaker",
    )
    assert vars(record)["error"] == "ValueError"
    assert vars(record)["where"].endswith(" fail") or " fail <" in vars(record)["where"]
    assert record.exc_info is None


async def test_the_tasks_name_tells_its_scope() -> None:
    async with TaskScope("call") as scope:
        assert scope.start(asyncio.sleep(0), name="speaker").get_name() == "call:speaker"


@pytest.mark.filterwarnings("error")
async def test_a_task_that_is_ended_before_its_first_step_leaves_no_warning() -> None:
    began: list[bool] = []

    async def speak() -> None:
        began.append(True)

    async with TaskScope("call") as scope:
        scope.start(speak(), name="speaker")

    assert not began


async def test_a_closed_scope_takes_nothing_new() -> None:
    scope = TaskScope("call")
    await scope.close()

    with pytest.raises(RuntimeError, match="Scope call is closed: speaker cannot start"):
        scope.start(asyncio.sleep(1), name="speaker")


async def test_a_child_may_close_its_own_scope() -> None:
    scope = TaskScope("call")
    ended: list[str] = []

    async def hang_up() -> None:
        await scope.close()
        ended.append("hung up")

    sibling = scope.start(asyncio.sleep(100), name="listener")
    await scope.start(hang_up(), name="control")

    assert ended == ["hung up"]
    assert sibling.cancelled()


async def test_an_ended_task_is_forgotten() -> None:
    async with TaskScope("call") as scope:
        await scope.start(asyncio.sleep(5), name="pause")
        await scope.close()

    assert asyncio.get_running_loop().time() == 5.0
