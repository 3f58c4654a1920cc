"""What every exchangeable part of an agent has in common."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ComponentInfo:
    """Who provides a part and which model it runs."""

    provider: str
    model: str | None = None
    voice: str | None = None


class Component:
    """A model or service behind a port: warmed up once a process, started and closed once a session."""

    provider: str = "custom"
    model: str | None = None

    def describe(self) -> ComponentInfo:
        """Tell the provider and the model for metrics and traces."""
        return ComponentInfo(provider=self.provider, model=self.model)

    @property
    def warmup_key(self) -> Hashable:
        """What `warmup` loads: parts with equal keys are warmed up once for all of them.

        A part with settings that change what is loaded adds them.
        """
        return type(self), self.describe()

    async def warmup(self) -> None:
        """Load what is slow to load, so that the first turn is not; may be called more than once."""

    async def start(self) -> None:
        """Get ready for one session."""

    async def close(self) -> None:
        """Give back what `start` took; called once, also after a failed `start`."""


def overrides(method: Callable[..., object], default: Callable[..., object]) -> bool:
    """Tell whether a bound method is another than its port's `default`, which does nothing.

    Where it is not, a task of its own would only be made to end.
    """
    return getattr(method, "__func__", None) is not default
