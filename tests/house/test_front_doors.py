"""The documented imports work, or say clearly why they do not."""

from __future__ import annotations

import importlib
from importlib.metadata import EntryPoint, EntryPoints
from types import ModuleType

import pytest

from vision_agents import core, plugins
from vision_agents.core import errors


def imported(statement: str) -> dict[str, object]:
    scope: dict[str, object] = {}
    exec(statement, scope)
    return scope


class TestCore:
    def test_the_documented_names_are_there(self) -> None:
        names = "Agent, AgentLauncher, AgentSession, Runner, ServeOptions, SessionRegistry, User"
        scope = imported(f"from vision_agents.core import {names}")

        assert {name: getattr(scope[name], "__name__", None) for name in names.split(", ")} == {
            name: name for name in names.split(", ")
        }

    def test_every_listed_name_resolves(self) -> None:
        assert [name for name in core.__all__ if not hasattr(core, name)] == []
        assert dir(core) == sorted(core.__all__)

    def test_every_error_is_listed(self) -> None:
        defined = {
            name
            for name, value in vars(errors).items()
            if isinstance(value, type) and issubclass(value, errors.VisionAgentsError)
        }

        assert defined <= set(core.__all__)

    def test_a_name_is_the_very_object_of_its_module(self) -> None:
        assert core.InvalidCallId is errors.InvalidCallId

    def test_an_unknown_name_is_an_import_error(self) -> None:
        with pytest.raises(ImportError, match="cannot import name 'Agnet'"):
            imported("from vision_agents.core import Agnet")


class TestPlugins:
    def test_the_embedded_models_are_a_plugin(self) -> None:
        assert imported("from vision_agents.plugins import embedded")["embedded"] is importlib.import_module(
            "vision_agents.plugins.embedded"
        )
        assert "embedded" in dir(plugins)

    @pytest.mark.parametrize("name", ["deepgram", "elevenlabs", "gemini", "getstream", "openai"])
    def test_a_plugin_of_a_later_release_says_so(self, name: str) -> None:
        with pytest.raises(
            ModuleNotFoundError,
            match=f"The plugin '{name}' is not part of this release: use one of .*embedded",
        ) as caught:
            imported(f"from vision_agents.plugins import {name}")

        assert caught.value.name == f"vision_agents.plugins.{name}"

    @pytest.mark.parametrize(
        ("statement", "plugin"),
        [
            ("from vision_agents.plugins import deepgram, elevenlabs, gemini, getstream", "deepgram"),
            ("from vision_agents.llm.gemini import Realtime", "gemini"),
        ],
    )
    def test_documented_imports_of_later_releases_say_so(self, statement: str, plugin: str) -> None:
        with pytest.raises(ModuleNotFoundError, match=f"'{plugin}' is not part of this release"):
            imported(statement)

    def test_an_unknown_plugin_lists_the_known_ones(self) -> None:
        with pytest.raises(errors.UnknownPlugin, match=r"no plugin named 'deepgrm': known are .*embedded"):
            imported("from vision_agents.plugins import deepgrm")

    def test_asking_for_a_private_name_finds_no_plugin(self) -> None:
        assert not hasattr(plugins, "__wrapped__")


class TestPluginsOfOtherPackages:
    @pytest.fixture(autouse=True)
    def offered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Another package offers `acme` through the entry-point group, and tries to take `embedded`."""
        points = EntryPoints(
            EntryPoint(name=name, value="json", group="vision_agents.plugins")
            for name in ("acme", "embedded")
        )

        def entry_points(*, group: str) -> EntryPoints:
            return points.select(group=group)

        monkeypatch.setattr("importlib.metadata.entry_points", entry_points)

    def test_are_imported_like_the_others(self) -> None:
        acme = imported("from vision_agents.plugins import acme")["acme"]

        assert isinstance(acme, ModuleType)
        assert acme.__name__ == "json"

    def test_are_listed(self) -> None:
        assert "acme" in dir(plugins)
        with pytest.raises(errors.UnknownPlugin, match=r"known are acme, .*embedded"):
            imported("from vision_agents.plugins import deepgrm")

    def test_do_not_replace_an_included_one(self) -> None:
        embedded = imported("from vision_agents.plugins import embedded")["embedded"]

        assert getattr(embedded, "__name__", "") == "vision_agents.plugins.embedded"
