"""Every import contract holds, and breaks on a planted bad import."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package's modules, for planting in."""
    tree = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", tree)
    source = ROOT / "src" / "vision_agents"
    for module in source.rglob("*.py"):
        copy = tree / "src" / "vision_agents" / module.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(module, copy)
    return tree


def check(tree: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", command, "--no-logo", "--no-cache", *options],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_package_keeps_every_contract(tree: Path) -> None:
    run = check(tree)

    assert run.returncode == 0, run.stdout
    assert "7 kept, 0 broken" in run.stdout


PLANTED: list[tuple[str, str, Mapping[str, str]]] = [
    ("package", "the core imports a plugin", {"core/agents/x.py": "import vision_agents.plugins.embedded"}),
    ("package", "a plugin imports a front door", {"plugins/embedded/x.py": "import vision_agents.edge"}),
    ("package", "the engine imports the test tools", {"core/aio/x.py": "import vision_agents.testing"}),
    ("package", "a front door imports the other one", {"llm/x.py": "import vision_agents.edge"}),
    ("package", "a package that has no row", {"helpers2/__init__.py": ""}),
    ("core", "types import an event", {"core/types/x.py": "from vision_agents.core.events import event"}),
    ("core", "a port imports its neighbour", {"core/stt/x.py": "from vision_agents.core.tts import tts"}),
    (
        "core",
        "an import inside a function counts",
        {"core/edge/x.py": "def f():\n    import vision_agents.core.agents"},
    ),
    ("core", "a package that has no row", {"core/misc/__init__.py": ""}),
    (
        "front-door",
        "own code uses the front door",
        {"core/agents/x.py": "from vision_agents.core import User"},
    ),
    (
        "islands",
        "a plugin imports another",
        {
            "plugins/other/__init__.py": "",
            "plugins/embedded/x.py": "import vision_agents.plugins.other",
        },
    ),
    (
        "plugins",
        "a plugin imports the engine",
        {"plugins/embedded/x.py": "import vision_agents.core.speech"},
    ),
    ("turns", "a decision imports asyncio", {"core/turns/x.py": "import asyncio"}),
    ("turns", "a decision imports audio", {"core/turns/x.py": "from vision_agents.core.audio import pcm"}),
    (
        "turns",
        "a decision sees a clock through types",
        {"core/types/x.py": "import time", "core/turns/x.py": "import vision_agents.core.types.x"},
    ),
    ("telephony", "a detector imports asyncio", {"core/telephony/x.py": "import asyncio"}),
    (
        "telephony",
        "a detector opens files through the audio package",
        {"core/telephony/x.py": "from vision_agents.core.audio import file"},
    ),
    ("core", "a detector imports its neighbour", {"core/telephony/x.py": "import vision_agents.core.turns"}),
]


@pytest.mark.parametrize(("contract", "why", "planted"), PLANTED, ids=[why for _, why, _ in PLANTED])
def test_a_contract_breaks_on_a_bad_import(
    tree: Path, contract: str, why: str, planted: Mapping[str, str]
) -> None:
    files = [tree / "src" / "vision_agents" / name for name in planted]
    created = [file.parent for file in files if not file.parent.exists()]
    try:
        for file, text in zip(files, planted.values(), strict=True):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text + "\n")
        run = check(tree, "--contract", contract)
    finally:
        for file in files:
            file.unlink()
        for folder in created:
            shutil.rmtree(folder)

    assert run.returncode == 1, f"{why}: {run.stdout}{run.stderr}"
    assert "0 kept, 1 broken" in run.stdout, run.stdout


def test_imports_for_type_checkers_do_not_count(tree: Path) -> None:
    planted = tree / "src" / "vision_agents" / "core" / "types" / "x.py"
    planted.write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import vision_agents.core.agents\n"
    )
    try:
        run = check(tree, "--contract", "core")
    finally:
        planted.unlink()

    assert run.returncode == 0, run.stdout
