"""The comparison's modules are scripts that find one another in their own folder."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PEERS = Path(__file__).parents[2] / "benchmarks" / "peers"


@pytest.fixture
def peers_module(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Import a module of `benchmarks/peers` by name; afterwards it is as if that had never happened."""
    before = set(sys.modules)
    monkeypatch.setattr("sys.path", [str(PEERS), *sys.path])
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if Path(getattr(sys.modules[name], "__file__", None) or ".").is_relative_to(PEERS):
            del sys.modules[name]
    logging.disable(logging.NOTSET)  # our adapter turns it off, as every adapter does
