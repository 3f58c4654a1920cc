"""Every dependency, direct or transitive, has an exact version, and it is the one that is installed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
NAME = PROJECT["project"]["name"]


def pins() -> dict[str, str]:
    entries = [Requirement(entry) for entry in PROJECT["tool"]["uv"]["constraint-dependencies"]]
    return {canonicalize_name(entry.name): str(entry.specifier) for entry in entries}


def asked_for() -> list[Requirement]:
    """What the project names itself: dependencies, extras and groups."""
    project, groups = PROJECT["project"], PROJECT["dependency-groups"]
    lists = [project["dependencies"], *project["optional-dependencies"].values(), *groups.values()]
    return [Requirement(text) for texts in lists for text in texts]


def needed(requirement: Requirement, seen: set[str]) -> Iterator[str]:
    """Follow a requirement through what is installed here."""
    name = canonicalize_name(requirement.name)
    if name in seen:
        return
    seen.add(name)
    yield name
    try:
        inner = distribution(name).requires or []
    except PackageNotFoundError:
        return  # an extra that is not installed here
    for text in inner:
        requirement_of = Requirement(text)
        environments = [{"extra": extra} for extra in (requirement.extras or {""})]
        if requirement_of.marker is None or any(map(requirement_of.marker.evaluate, environments)):
            yield from needed(requirement_of, seen)


def test_every_dependency_is_pinned_exactly() -> None:
    seen: set[str] = set()
    wanted = {name for requirement in asked_for() for name in needed(requirement, seen)} - {NAME}
    pinned = pins()

    assert len(wanted) > 30
    assert wanted - pinned.keys() == set()
    assert [name for name, pin in pinned.items() if not re.fullmatch(r"==[\w.+]+", pin)] == []


def test_what_is_installed_is_what_is_pinned() -> None:
    different: dict[str, str] = {}
    for name, pin in pins().items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            continue  # for another system
        if f"=={installed}" != pin:
            different[name] = f"{installed} is installed, {pin} is pinned"

    assert different == {}


def test_the_project_does_not_pin_itself() -> None:
    assert NAME not in pins()
