"""Files and functions stay small, modules have names that mean something, nothing names a machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (".ci", "benchmarks", "deploy", "docs", "examples", "src", "tests")
GENERATED = {"uv.lock", ".git"}

# Put together at run time: this file is searched too.
HOSTS = [
    ".".join(name)
    for name in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("anaconda", "org"))
]
INDEX_HOSTS = re.compile("|".join(map(re.escape, HOSTS)))
MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(?:root|home|work|opt|Users)/[\w.-]+")


def project_files() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from (
            path
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and not {"__pycache__", ".hypothesis"} & set(path.parts)
        )
    yield from (path for path in ROOT.iterdir() if path.is_file() and path.name not in GENERATED)


def modules() -> list[Path]:
    return [path for path in project_files() if path.suffix == ".py"]


def package_modules() -> list[Path]:
    return [path for path in modules() if path.is_relative_to(ROOT / "src")]


def texts() -> Iterator[tuple[Path, str]]:
    for path in project_files():
        try:
            yield path.relative_to(ROOT), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def function_lengths() -> list[tuple[int, str]]:
    """Lines of every function of the package, signature and docstring included."""
    found: list[tuple[int, str]] = []
    for path in package_modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                found.append((lines, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"))
    return found


def test_there_is_something_to_check() -> None:
    assert len(package_modules()) > 50
    assert len(function_lengths()) > 200


def test_files_stay_under_400_lines() -> None:
    sources = [path for path in project_files() if path.suffix in {".py", ".js", ".css", ".html"}]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources}

    assert {name: lines for name, lines in lengths.items() if lines >= 400} == {}


def test_nine_functions_in_ten_stay_under_25_lines() -> None:
    lengths = sorted(function_lengths(), reverse=True)
    long = [entry for entry in lengths if entry[0] >= 25]

    assert len(long) <= len(lengths) // 10, long


def test_no_module_has_a_name_that_means_nothing() -> None:
    meaningless = {"utils", "helpers", "base", "common", "manager", "util", "helper", "misc"}

    assert [path for path in modules() if {*path.relative_to(ROOT).parts, path.stem} & meaningless] == []


def test_every_package_is_a_regular_one() -> None:
    folders = {path.parent for path in package_modules() if path.parent != ROOT / "src"}

    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_the_log_gets_no_texts_of_foreign_errors() -> None:
    """They may hold keys and spoken words: `failure_fields` tells what may be told. A command may crash."""
    told = re.compile(r"\.exception\(\s*[\"']|exc_info=")
    crash = ROOT / "src" / "vision_agents" / "core" / "runner" / "command_line.py"

    assert [path for path in package_modules() if path != crash and told.search(path.read_text())] == []


@pytest.mark.parametrize("pattern", [INDEX_HOSTS, MACHINE_PATHS], ids=["index hosts", "paths of a machine"])
def test_no_file_names_where_it_was_made(pattern: re.Pattern[str]) -> None:
    found = [f"{name}: {match.group()}" for name, text in texts() for match in pattern.finditer(text)]

    assert found == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (INDEX_HOSTS, f"https://files.{HOSTS[1]}/x.whl"),
        (INDEX_HOSTS, f"index-url = https://{HOSTS[0]}/simple"),
        (MACHINE_PATHS, "cache=" + "/".join(("", "home", "someone", ".cache"))),
        (MACHINE_PATHS, "'" + "/".join(("", "root", ".venv", "bin"))),
    ],
)
def test_the_patterns_find_what_they_look_for(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)
