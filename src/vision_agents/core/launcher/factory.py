"""Calling the functions that make agents and bring them into calls."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakSet

from vision_agents.core.agents.agent import Agent
from vision_agents.core.errors import ConfigurationError
from vision_agents.core.launcher.warmth import Warmth
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.launcher")

_BLOCKED: Seconds = 0.25
"""A synchronous factory that takes longer is told of: meanwhile no other session is served."""


class UserFunction:
    """A function of the user, and which extra keywords it takes.

    Args:
        function: what is called.
        positional: how many arguments it gets by position.
    """

    def __init__(self, function: Callable[..., Any], *, positional: int = 0) -> None:
        self.function = function
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):  # some callables written in C tell nothing
            parameters = [inspect.Parameter("anything", inspect.Parameter.VAR_KEYWORD)]
        self._takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters)
        self._names = {p.name for p in parameters[positional:] if p.kind is p.POSITIONAL_OR_KEYWORD}
        self._names |= {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}

    def takes(self, keyword: str) -> bool:
        """Tell whether the function can be called with a keyword."""
        return self._takes_all or keyword in self._names

    def call(self, *arguments: object, keywords: Mapping[str, object]) -> Any:
        """Call the function, with those of the keywords that it takes."""
        return self.function(*arguments, **{k: v for k, v in keywords.items() if self.takes(k)})


class AgentFactory:
    """Makes agents with the user's function, sees to it that each is a new one, and warms them up."""

    def __init__(self, create_agent: Callable[..., Any]) -> None:
        self._create_agent = UserFunction(create_agent)
        self._warmth = Warmth()
        self._made: WeakSet[Agent] = WeakSet()

    def takes(self, keyword: str) -> bool:
        """Tell whether the user's function can be called with a keyword."""
        return self._create_agent.takes(keyword)

    async def make(self, keywords: Mapping[str, object]) -> Agent:
        """Make an agent.

        Raises:
            ConfigurationError: the function gave something else, or an agent that it gave before.
        """
        clock = asyncio.get_running_loop().time
        began = clock()
        agent: object = self._create_agent.call(keywords=keywords)
        if clock() - began > _BLOCKED:
            logger.warning(
                "create_agent blocked the event loop", extra={"blocked_ms": round((clock() - began) * 1000)}
            )
        if inspect.isawaitable(agent):
            agent = await agent
        if not isinstance(agent, Agent):
            raise ConfigurationError(f"create_agent must return an Agent, not {type(agent).__name__}.")
        if agent in self._made:
            raise ConfigurationError(
                "create_agent returned the same Agent twice: build a new one each time it is called."
            )
        self._made.add(agent)
        return agent

    async def warm(self, agent: Agent) -> None:
        """Load what the agent is made of, as far as nothing like it is loaded."""
        await self._warmth.warm(agent)
