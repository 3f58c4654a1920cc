"""Providers, one folder each: ``from vision_agents.plugins import embedded``.

A package of its own offers a plugin through the entry-point group ``vision_agents.plugins``; its entry
point names a module. A plugin is imported when it is first asked for.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from vision_agents.core.errors import UnknownPlugin

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

_GROUP = "vision_agents.plugins"
_COMING = ("anthropic", "deepgram", "elevenlabs", "gemini", "getstream", "openai", "sip")
"""Documented plugins that a later release brings."""


def __getattr__(name: str) -> ModuleType:
    """Import the plugin `name`: one of this package's folders, else one that another package offers.

    Raises:
        ModuleNotFoundError: the plugin is documented, but not part of this release; or its SDK is missing.
        UnknownPlugin: there is no such plugin.
    """
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _included():
        return import_module(f"{__name__}.{name}")
    for point in _offered():
        if point.name == name:
            return point.load()
    if name in _COMING:
        raise ModuleNotFoundError(
            f"The plugin {name!r} is not part of this release: use one of {_known()}.",
            name=f"{__name__}.{name}",
        )
    raise UnknownPlugin(f"There is no plugin named {name!r}: known are {_known()}.")


def __dir__() -> list[str]:
    """List the plugins that can be imported."""
    return sorted({*_included(), *(point.name for point in _offered())})


def _included() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(__path__)]


def _offered() -> EntryPoints:
    from importlib.metadata import entry_points

    return entry_points(group=_GROUP)


def _known() -> str:
    return ", ".join(__dir__())
