"""The code in the documents is the code that the tests run."""

import re
import runpy
from pathlib import Path

import pytest

from vision_agents.core.launcher.registry.registry import SessionRegistry

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"(?:<!-- file: (?P<file>[^ ]+) -->\n)?```python\n(?P<code>.*?)```", re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_python_block_is_a_file(page: Path) -> None:
    for block in BLOCK.finditer(page.read_text()):
        assert block["file"], f"{page.name} has a Python block without a file: {block['code'][:60]!r}"
        code = (ROOT / block["file"]).read_text()
        assert block["code"] == code, f"{page.name} differs from {block['file']}"


def test_every_local_link_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"


def test_the_registry_on_redis_can_be_built() -> None:
    scope = runpy.run_path(str(ROOT / "docs" / "snippets" / "registry_on_redis.py"))

    assert isinstance(scope["registry"], SessionRegistry)
