"""For pytest: runs tests marked `virtual_time` on the virtual-time loop.

Put ``pytest_plugins = ["vision_agents.testing.pytest_plugin"]`` into the top `conftest.py`; pytest-asyncio
is needed.
"""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from vision_agents.testing.virtual_time import VirtualTimeLoop


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", "virtual_time: waiting takes no time")


def pytest_asyncio_loop_factories(
    config: pytest.Config,
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Choose the loop of a test by its mark."""
    if item.get_closest_marker("virtual_time"):
        return {"virtual": VirtualTimeLoop}
    return {"real": asyncio.new_event_loop}
