"""Every kind of leak is planted, and found."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from vision_agents.testing.leaks import LeakWatch, leaked_tasks

ROOT = Path(__file__).parents[2]


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def unwatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep asyncio's complaints from the watch that this very test runs under."""
    monkeypatch.setattr(logging.getLogger("asyncio"), "handlers", [])


class TestLeakWatch:
    def test_a_clean_scene_leaves_nothing(self, tmp_path: Path) -> None:
        watch = LeakWatch()

        async def scene() -> None:
            await asyncio.to_thread((tmp_path / "note").write_text, "heard")

        asyncio.run(scene())

        assert watch.close() == []

    def test_finds_a_thread(self, release: threading.Event) -> None:
        watch = LeakWatch()
        thread = threading.Thread(target=release.wait, name="reader")
        thread.start()

        assert watch.close() == ["thread 'reader' is still running"]

        release.set()
        thread.join()

    def test_lets_an_ending_thread_end(self, release: threading.Event) -> None:
        watch = LeakWatch()
        threading.Thread(target=release.wait, name="reader").start()
        threading.Timer(0.05, release.set).start()

        assert watch.close() == []

    def test_allows_the_shared_workers_of_the_process(self, release: threading.Event) -> None:
        watch = LeakWatch()
        thread = threading.Thread(target=release.wait, name="vision-agents-inference_0")
        thread.start()

        assert watch.close() == []

        release.set()
        thread.join()

    def test_finds_a_socket(self) -> None:
        watch = LeakWatch()
        with socket.socket() as left_open:
            number = left_open.fileno()
            (leak,) = watch.close()

        assert leak.startswith(f"descriptor {number} is still open: socket:")

    def test_finds_a_file(self, tmp_path: Path) -> None:
        watch = LeakWatch()
        with (tmp_path / "call.wav").open("wb"):
            (leak,) = watch.close()

        assert leak.endswith("call.wav")

    def test_finds_a_file_that_took_the_number_of_another(self, tmp_path: Path) -> None:
        first = (tmp_path / "first").open("wb")
        watch = LeakWatch()
        number = first.fileno()
        first.close()
        with (tmp_path / "second").open("wb") as second:
            assert second.fileno() == number
            (leak,) = watch.close()

        assert leak.endswith("second")

    def test_finds_an_open_event_loop(self) -> None:
        watch = LeakWatch()
        loop = asyncio.new_event_loop()

        leaks = watch.close()

        assert sum("socket:" in leak for leak in leaks) == 2
        loop.close()

    @pytest.mark.usefixtures("unwatched")
    def test_finds_an_exception_that_no_one_retrieved(self) -> None:
        watch = LeakWatch()

        async def fail() -> None:
            raise ValueError("no such voice")

        async def scene() -> None:
            task = asyncio.get_running_loop().create_task(fail())
            await asyncio.wait([task])

        asyncio.run(scene())
        (leak,) = watch.close()

        assert "Task exception was never retrieved" in leak
        assert "no such voice" in leak

    @pytest.mark.usefixtures("unwatched")
    def test_finds_a_task_that_was_destroyed(self) -> None:
        watch = LeakWatch()
        loop = asyncio.new_event_loop()
        task = loop.create_task(asyncio.Event().wait())
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        del task
        with contextlib.suppress(ValueError):
            gc.collect()
        (leak,) = watch.close()

        assert "Task was destroyed but it is pending" in leak

    @pytest.mark.usefixtures("unwatched")
    def test_finds_a_callback_that_failed(self) -> None:
        watch = LeakWatch()

        async def scene() -> None:
            asyncio.get_running_loop().call_soon(lambda: 1 // 0)
            await asyncio.sleep(0)

        asyncio.run(scene())
        (leak,) = watch.close()

        assert "ZeroDivisionError" in leak


async def test_a_task_that_still_runs_is_found() -> None:
    loop = asyncio.get_running_loop()
    left = loop.create_task(asyncio.Event().wait(), name="listener")

    assert any(leak.startswith("task 'listener' has not ended") for leak in leaked_tasks(loop))

    left.cancel()
    await asyncio.wait([left])


PLANTED = """
import asyncio, socket, threading, warnings
import pytest

kept = []

async def test_leaves_task():
    kept.append(asyncio.get_running_loop().create_task(asyncio.Event().wait()))

@pytest.mark.virtual_time
async def test_leaves_task_in_virtual_time():
    kept.append(asyncio.get_running_loop().create_task(asyncio.Event().wait()))

async def test_leaves_exception():
    async def fail():
        raise ValueError
    await asyncio.wait([asyncio.get_running_loop().create_task(fail())])

def test_leaves_thread():
    thread = threading.Thread(target=threading.Event().wait, args=(1.5,))
    thread.start()

def test_leaves_socket():
    kept.append(socket.socket())

async def test_leaves_file(tmp_path):
    kept.append((tmp_path / "x").open("w"))

def test_leaves_exception_in_a_destructor():
    class Voice:
        def __del__(self):
            raise ValueError
    Voice()

@pytest.fixture
async def listener():
    task = asyncio.get_running_loop().create_task(asyncio.Event().wait())
    yield
    task.cancel()
    await asyncio.wait([task])

async def test_clean(listener):
    pass
"""


def test_a_test_of_this_project_that_leaks_fails(tmp_path: Path) -> None:
    tests = tmp_path / "tests"
    tests.mkdir()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copy(ROOT / "tests" / "conftest.py", tests)
    (tests / "test_planted.py").write_text(PLANTED)

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-rfE", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    guilty = set(re.findall(r"^(?:FAILED|ERROR) .*::(\w+)", run.stdout, re.MULTILINE))
    assert guilty == set(re.findall(r"def (test_leaves_\w+)", PLANTED)), run.stdout
    assert len(guilty) == 7
