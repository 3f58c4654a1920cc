"""What every test runs under: its event loop, and the check that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from xdist.remote import Producer  # pyright: ignore[reportMissingTypeStubs]
from xdist.scheduler import LoadScopeScheduling  # pyright: ignore[reportMissingTypeStubs]

from vision_agents.testing.leaks import LeakWatch, leaked_tasks

if TYPE_CHECKING:
    from tests.real_redis import RedisServer


_REAL_TIME = ("tests/e2e/", "tests/browser/", "tests/plugins/console/", "tests/examples/test_assistant.py")


class RealTimeTogether(LoadScopeScheduling):
    """Files go to the process that is free; what lives in real time, with models or a browser, to one."""

    def _split_scope(self, nodeid: str) -> str:
        return "real time" if nodeid.startswith(_REAL_TIME) else nodeid.split("::", 1)[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> RealTimeTogether:
    """Say how tests are given to processes."""
    return RealTimeTogether(config, log)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Take what is imported by now out of the garbage collections that each test ends with."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _nothing_leaks() -> Iterator[None]:
    """Fail a test that leaves threads, sockets, files or exceptions; the loop is closed by then."""
    watch = LeakWatch()
    yield
    if leaks := watch.close():
        pytest.fail("The test left something behind:\n" + "\n".join(leaks), pytrace=False)


@pytest.fixture(autouse=True)
def _no_task_is_left(request: pytest.FixtureRequest, _nothing_leaks: None) -> Iterator[None]:
    """Fail an async test that leaves tasks: after its own fixtures have ended, before its loop closes."""
    if not pytest_asyncio.is_async_test(request.node):
        yield
        return
    runner: asyncio.Runner = request.getfixturevalue("_function_scoped_runner")
    yield
    if leaks := leaked_tasks(runner.get_loop()):
        pytest.fail("The test left something behind:\n" + "\n".join(leaks), pytrace=False)


@pytest.fixture(scope="session")
def _redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    from tests.real_redis import RedisServer  # only where somebody asks for one

    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def redis_server(_redis_process: RedisServer) -> RedisServer:
    """Give a real, empty Redis server, which the test may kill, freeze and restart."""
    _redis_process.heal()
    return _redis_process
