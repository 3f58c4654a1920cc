"""Plain HTTP: slow, cut, wrong and right."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from vision_agents.plugins.embedded.weights.hub import fill_from_hub
from vision_agents.plugins.embedded.weights.job import FetchJob, FetchStopped, Progress, SourceFailed

if TYPE_CHECKING:
    from tests.plugins.embedded.weights.conftest import Hub, World


@pytest.fixture
def job(world: World) -> FetchJob:
    job = world.job(world.model(hub=True))
    job.folder.path.mkdir(parents=True)
    return job


def part(job: FetchJob) -> bytes:
    return job.folder.part(job.folder.model.files[0]).read_bytes()


def put(job: FetchJob, data: bytes) -> None:
    job.folder.part(job.folder.model.files[0]).write_bytes(data)


def fill(job: FetchJob, *, within_s: float = 5.0) -> None:
    fill_from_hub(job, job.folder.model.files[0], answer_within_s=within_s)


def test_the_file_arrives_and_progress_ends_at_all(job: FetchJob, world: World) -> None:
    fill(job)
    assert part(job) == world.data
    assert world.seen[-1] == Progress("tiny", len(world.data), len(world.data))
    assert [seen.done for seen in world.seen] == sorted({seen.done for seen in world.seen})


def test_a_cut_in_the_middle_is_gone_on_from(job: FetchJob, hub: Hub, world: World) -> None:
    hub.will(sent=1000)
    hub.will(sent=500)
    fill(job)
    assert part(job) == world.data
    assert hub.ranges == [None, "bytes=1000-", "bytes=1500-"]


def test_what_an_earlier_run_left_is_gone_on_from(job: FetchJob, hub: Hub, world: World) -> None:
    put(job, world.data[:3000])
    fill(job)
    assert part(job) == world.data
    assert hub.ranges == ["bytes=3000-"]


def test_more_than_there_should_be_is_thrown_away(job: FetchJob, hub: Hub, world: World) -> None:
    put(job, world.data + b"x")
    fill(job)
    assert part(job) == world.data
    assert hub.ranges == [None]


def test_a_connection_that_is_cut_again_and_again_is_given_up(job: FetchJob, hub: Hub) -> None:
    for _ in range(4):
        hub.will(sent=10)
    with pytest.raises(SourceFailed, match="cut 4 times"):
        fill(job)
    assert len(part(job)) == 40


def test_no_answer_in_time_is_given_up(job: FetchJob, hub: Hub) -> None:
    release = threading.Event()
    hub.will(hold=release)
    try:
        with pytest.raises(SourceFailed, match=r"did not answer within 0\.05 s"):
            fill(job, within_s=0.05)
    finally:
        release.set()
        for thread in threading.enumerate():
            if thread.name == "vision-agents-hub":
                thread.join()  # it closes the answer that came too late


def test_another_length_is_refused_before_it_is_downloaded(job: FetchJob, hub: Hub) -> None:
    hub.will(body=b"<html>Please log in to this network</html>")
    with pytest.raises(SourceFailed, match="another file"):
        fill(job)
    assert part(job) == b""


def test_an_error_status_is_told(job: FetchJob, hub: Hub) -> None:
    hub.will(status=404)
    with pytest.raises(SourceFailed, match="answered 404"):
        fill(job)


def test_nobody_there_is_told_without_the_address(job: FetchJob, world: World) -> None:
    world.hub.url = "http://127.0.0.1:1/tiny.bin"
    job = world.job(world.model(hub=True))
    with pytest.raises(SourceFailed, match="could not be reached") as failed:
        fill(job)
    assert "127.0.0.1" not in str(failed.value)


def test_a_stopped_job_ends_in_the_middle(job: FetchJob, hub: Hub) -> None:
    release = threading.Event()
    hub.will(hold=release, hold_at=1000)

    def stop(progress: Progress) -> None:
        job.stop.set()
        release.set()

    job.observe = stop
    with pytest.raises(FetchStopped):
        fill(job)
