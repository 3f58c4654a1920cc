"""The page where a person joins the call of a run: served on this machine, and opened in a browser."""

from __future__ import annotations

import logging
import os
import sys
import threading
import webbrowser
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from vision_agents.core.agents.agent import Agent
from vision_agents.core.edge.http import HttpFiles, HttpRoute
from vision_agents.core.edge.transport import Call
from vision_agents.core.errors import ConfigurationError
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.runner.screen import Screen

if TYPE_CHECKING:
    from fastapi import FastAPI

    from vision_agents.core.runner.options import ServeOptions

logger = logging.getLogger("vision_agents.runner")

_HOST = "127.0.0.1"
_HOSTS = (_HOST, "localhost")


class CallPages:
    """Serves what the agent's edge contributes to HTTP, for one run.

    Args:
        launcher: runs the session.
        options: gives the settings of the server; left out, the environment's.
        screen: shows the address.
        opens: whether to open a browser, too.
    """

    def __init__(
        self,
        launcher: AgentLauncher,
        options: Callable[[], ServeOptions] | None,
        screen: Screen,
        *,
        opens: bool,
    ) -> None:
        self._launcher = launcher
        self._given = options
        self._options: ServeOptions | None = None
        self._screen = screen
        self._opens = opens
        self._routes: Sequence[HttpRoute | HttpFiles] = ()

    def take(self, agent: Agent) -> None:
        """Look at what an agent's edge contributes.

        Raises:
            ConfigurationError: there is something to serve, and the environment asks for the impossible.
        """
        try:
            edge = agent.edge
        except ConfigurationError:  # an agent without one joins calls in its own way
            return
        self._routes = type(edge).http_routes()
        if self._routes:
            from vision_agents.core.runner.options import options_from_environment

            self._options = _for_this_machine((self._given or options_from_environment)())

    @property
    def wanted(self) -> bool:
        """Whether there is anything to serve."""
        return bool(self._routes)

    @asynccontextmanager
    async def serving(self, call: Call) -> AsyncGenerator[None]:
        """Serve for the length of the block, where there is something to serve; tells where."""
        if not self.wanted:
            yield
            return
        from vision_agents.core.runner.http.listening import listening

        assert self._options is not None
        async with listening(self._app(self._options), self._options, host=_HOST) as url:
            self._show(url, call)
            yield

    def _app(self, options: ServeOptions) -> FastAPI:
        from vision_agents.core.runner.http.app import build_app
        from vision_agents.core.runner.http.edge_routes import add_routes
        from vision_agents.core.runner.http.state import state_of_app

        app = build_app(self._launcher, options)
        add_routes(app, self._routes)
        state_of_app(app).bound_to_loopback = True
        return app

    def _show(self, url: str, call: Call) -> None:
        for route in self._routes:
            if isinstance(route, HttpFiles) and route.call_in_page:
                page = f"{url}{route.path}{route.call_in_page.format(call_id=call.id)}"
                self._screen.show_page(page)
                if self._opens:
                    open_in_browser(page)


def _for_this_machine(options: ServeOptions) -> ServeOptions:
    """Keep out what pages of other origins could do: nobody but this page is meant to be here."""
    return options.model_copy(
        update={
            "fast_api": None,
            "allowed_hosts": _HOSTS,
            "cors_allow_origins": (),
            "cors_allow_credentials": False,
        }
    )


def open_in_browser(url: str) -> None:
    """Open a page in the person's browser, without waiting; nothing happens where there is none."""
    if _has_windows():
        # Not a thread of the event loop's: the end of the run must not wait for a browser.
        threading.Thread(target=_open, args=[url], name="vision-agents-browser", daemon=True).start()


def _has_windows() -> bool:
    """Tell whether there is a desktop: a browser of the terminal would take the terminal away."""
    return sys.platform in {"darwin", "win32"} or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )


def _open(url: str) -> None:
    try:
        opened = webbrowser.open(url)
    except webbrowser.Error:
        opened = False
    if not opened:
        logger.debug("No browser could be opened")
