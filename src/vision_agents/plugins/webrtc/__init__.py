"""Calls in the browser: the page talks to this process directly, and nobody else is asked."""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vision_agents.plugins.webrtc.edge import Edge

__all__ = ["Edge"]

_MODULES = {"Edge": "edge"}

for _package in ("aiortc", "av"):
    if find_spec(_package) is None:
        raise ModuleNotFoundError(
            f"Calls in the browser need {_package}: run `pip install 'open-vision-agents[webrtc]'`.",
            name=_package,
        )


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
