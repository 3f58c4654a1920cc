"""A call with the person at this terminal, whatever edge the agent has."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from vision_agents.core.agents.session import AgentSession
from vision_agents.core.edge.transport import EdgeTransport
from vision_agents.core.errors import ConfigurationError
from vision_agents.core.events.bus import EventBus

_PLUGIN = "vision_agents.plugins.console"
"""Found by name, as any plugin is: the core is built without plugins, and must be usable without this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalOptions:
    """How the person at this terminal takes part.

    Args:
        audio: False for text mode: no microphone and no loudspeaker.
        input_device: number or part of the name of the microphone; None for the system's.
        output_device: the same for the loudspeaker.
    """

    audio: bool = True
    input_device: str | None = None
    output_device: str | None = None

    def __post_init__(self) -> None:
        """Refuse a device that would not be used."""
        if not self.audio and (self.input_device or self.output_device):
            raise ConfigurationError("Text mode uses no device: leave the devices out, or --no-audio.")


class TerminalEdge(Protocol):
    """What the plugin's edge does beside carrying the call."""

    async def converse(self, session: AgentSession) -> None:
        """Show the conversation, and take what is typed, until it is cancelled."""

    async def start(self) -> None:
        """Open the devices."""

    async def close(self) -> None:
        """Give the devices back."""


class TerminalCall:
    """Brings the person at this terminal into the agent's call.

    Args:
        options: how they take part.

    Raises:
        ConfigurationError: the plugin is not installed.
    """

    def __init__(self, options: TerminalOptions) -> None:
        try:
            plugin = import_module(_PLUGIN)
        except ModuleNotFoundError as error:
            raise ConfigurationError(str(error)) from error
        self._terminal: TerminalEdge = plugin.Edge(
            audio=options.audio, input_device=options.input_device, output_device=options.output_device
        )

    @property
    def edge(self) -> EdgeTransport:
        """The agent must join through this one."""
        return cast("EdgeTransport", self._terminal)

    async def open(self) -> None:
        """Open the devices before any model is loaded; raises what cannot work."""
        await self._terminal.start()

    async def close(self) -> None:
        """Give the devices back, also where no agent has joined."""
        await self._terminal.close()

    def attach(self, events: EventBus) -> None:
        """Nothing to wait for: the person is there before the agent."""

    async def make(self, session: AgentSession) -> None:
        """Talk until the call is over."""
        await self._terminal.converse(session)
