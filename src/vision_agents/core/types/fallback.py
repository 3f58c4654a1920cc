"""Several providers for one part: the first one that works."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.types.component import Component, ComponentInfo
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.fallback")

PartT = TypeVar("PartT", bound=Component)
ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackRules:
    """When a provider that failed is asked again.

    Args:
        cooldown: it is left alone for this long.
        max_failures: after so many failures in a row it is not asked any more.
        patience: without a first sign of life for this long, the next one is asked.
    """

    cooldown: Seconds = 60.0
    max_failures: int = 3
    patience: Seconds = 8.0

    def __post_init__(self) -> None:
        """Refuse rules by which nobody would ever be asked."""
        if self.cooldown < 0 or self.max_failures < 1 or self.patience <= 0:
            raise ValueError("FallbackRules needs cooldown >= 0, max_failures >= 1 and patience > 0.")


@dataclass(eq=False, slots=True)
class Candidate(Generic[PartT]):
    """One provider and how it has done."""

    part: PartT
    failures: int = 0
    rests_until: Seconds = 0.0
    off: bool = False


class Fallback(Generic[PartT]):
    """An ordered list of providers, of which the first that is not resting is asked.

    Args:
        parts: the providers, the one that is wanted first.
        rules: when one that failed is asked again.
        switched: called with the provider that is active from now on.
    """

    def __init__(self, parts: Sequence[PartT], rules: FallbackRules | None = None) -> None:
        if len(parts) < 2:
            raise ConfigurationError("A fallback needs two providers at least.")
        self.rules = rules or FallbackRules()
        self.switched: Callable[[PartT], None] | None = None
        self._candidates = [Candidate(part) for part in parts]
        self._active = self._candidates[0]

    @property
    def parts(self) -> tuple[PartT, ...]:
        """All providers."""
        return tuple(candidate.part for candidate in self._candidates)

    @property
    def active(self) -> PartT:
        """The provider that answered last, or is asked next."""
        return self._active.part

    def order(self) -> Iterator[Candidate[PartT]]:
        """Give whom to ask, one after the other.

        Where all are resting, the one that has rested longest is asked: a try is better than silence.
        """
        now = asyncio.get_running_loop().time()
        ready = [one for one in self._candidates if not one.off and one.rests_until <= now]
        yield from ready
        if not ready:
            yield min(self._candidates, key=lambda one: (one.off, one.rests_until))

    def worked(self, candidate: Candidate[PartT]) -> None:
        """Note that a provider has answered."""
        candidate.failures, candidate.off = 0, False
        self._activate(candidate)

    def failed(self, candidate: Candidate[PartT], error: Exception) -> None:
        """Note that a provider has failed: it rests, or is off."""
        candidate.failures += 1
        candidate.rests_until = asyncio.get_running_loop().time() + self.rules.cooldown
        candidate.off = candidate.failures >= self.rules.max_failures
        logger.warning(
            "A provider failed",
            extra={"provider": candidate.part.provider, "error": type(error).__name__, "off": candidate.off},
        )
        following = next(iter(self.order()))
        if following is not candidate:
            self._activate(following)

    async def stream(self, begin: Callable[[PartT], AsyncIterator[ItemT]]) -> AsyncIterator[ItemT]:
        """Give the items of the first provider that has one; after its first item a failure is raised.

        One that gives nothing and does not fail has answered, too.
        """
        error: Exception | None = None
        for candidate in self.order():
            items = begin(candidate.part)
            try:
                async with asyncio.timeout(self.rules.patience):
                    first = await _first(items)
            except Exception as failure:  # noqa: BLE001 - whatever it raises, another one is asked
                error = failure
                self.failed(candidate, failure)
                await _close(items)
                continue
            self.worked(candidate)
            try:
                for item in first:
                    yield item
                async for item in items:
                    yield item
            except Exception as failure:
                self.failed(candidate, failure)
                raise
            finally:
                await _close(items)
            return
        assert error is not None
        raise error

    def describe(self) -> ComponentInfo:
        """Tell the active provider."""
        return self.active.describe()

    async def warmup(self) -> None:
        """Warm up every provider."""
        for part in self.parts:
            await part.warmup()

    async def start(self) -> None:
        """Start every provider; one that cannot start is off, and the last error is raised if none can."""
        outcomes = await asyncio.gather(*(part.start() for part in self.parts), return_exceptions=True)
        errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if len(errors) == len(outcomes):
            raise errors[-1]
        for candidate, outcome in zip(self._candidates, outcomes, strict=True):
            if isinstance(outcome, Exception):
                candidate.failures = self.rules.max_failures - 1
                self.failed(candidate, outcome)

    async def close(self) -> None:
        """Close every provider, whatever one of them raises."""
        for outcome in await asyncio.gather(*(part.close() for part in self.parts), return_exceptions=True):
            if isinstance(outcome, Exception):
                logger.warning("A provider failed to close", extra={"error": type(outcome).__name__})

    def _activate(self, candidate: Candidate[PartT]) -> None:
        if candidate is not self._active:
            self._active = candidate
            if self.switched is not None:
                self.switched(candidate.part)


async def _first(items: AsyncIterator[ItemT]) -> list[ItemT]:
    """Give the first item, if there is one."""
    try:
        return [await anext(items)]
    except StopAsyncIteration:
        return []


async def _close(items: AsyncIterator[ItemT]) -> None:
    if isinstance(items, AsyncGenerator):
        await items.aclose()
