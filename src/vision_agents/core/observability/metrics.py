"""The documented numbers of one agent: what was counted, and averages that know how much they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias, cast

Number: TypeAlias = int | float


class Counter:
    """A number that only grows."""

    __slots__ = ("_value",)

    def __init__(self, value: Number = 0) -> None:
        self._value: Number = 0
        if value:  # most begin at nothing, and an agent has sixteen
            self.inc(value)

    @property
    def value(self) -> Number:
        """What was counted so far; 0 at first."""
        return self._value

    def inc(self, amount: Number = 1) -> None:
        """Count `amount` more; a negative amount is a `ValueError`."""
        if not amount >= 0:
            raise ValueError(f"A counter only grows: it cannot take {amount}.")
        self._value += amount

    def merge(self, other: Counter) -> None:
        """Add what another one has counted."""
        self._value += other.value


class Average:
    """A mean and the number of samples behind it, so that means of means stay right."""

    __slots__ = ("_total", "_weight")

    def __init__(self, value: float | None = None, *, weight: int = 1) -> None:
        self._total, self._weight = 0.0, 0
        if value is not None:
            self.update(value, weight=weight)

    @property
    def value(self) -> float | None:
        """The mean of all samples; None before the first."""
        return self._total / self._weight if self._weight else None

    @property
    def weight(self) -> int:
        """How many samples it stands for."""
        return self._weight

    def update(self, value: float, *, weight: int = 1) -> None:
        """Take a sample, or a mean that stands for `weight` samples; less than one is a `ValueError`."""
        if weight < 1:
            raise ValueError(f"A mean stands for at least one sample, not {weight}.")
        self._total += value * weight
        self._weight += weight

    def merge(self, other: Average) -> None:
        """Take all samples of another one."""
        self._total += other._total
        self._weight += other._weight


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentMetrics:
    """The 25 documented numbers of an agent; ``docs/metrics.md`` tells what each one measures.

    The object stays the same for the agent's life and its numbers grow.
    """

    stt_latency_ms__avg: Average = field(default_factory=Average)
    stt_audio_duration_ms__total: Counter = field(default_factory=Counter)
    tts_latency_ms__avg: Average = field(default_factory=Average)
    tts_audio_duration_ms__total: Counter = field(default_factory=Counter)
    tts_characters__total: Counter = field(default_factory=Counter)
    llm_latency_ms__avg: Average = field(default_factory=Average)
    llm_time_to_first_token_ms__avg: Average = field(default_factory=Average)
    llm_input_tokens__total: Counter = field(default_factory=Counter)
    llm_output_tokens__total: Counter = field(default_factory=Counter)
    llm_tool_calls__total: Counter = field(default_factory=Counter)
    llm_tool_latency_ms__avg: Average = field(default_factory=Average)
    turn_duration_ms__avg: Average = field(default_factory=Average)
    turn_trailing_silence_ms__avg: Average = field(default_factory=Average)
    realtime_audio_input_bytes__total: Counter = field(default_factory=Counter)
    realtime_audio_output_bytes__total: Counter = field(default_factory=Counter)
    realtime_audio_input_duration_ms__total: Counter = field(default_factory=Counter)
    realtime_audio_output_duration_ms__total: Counter = field(default_factory=Counter)
    realtime_user_transcriptions__total: Counter = field(default_factory=Counter)
    realtime_agent_transcriptions__total: Counter = field(default_factory=Counter)
    vlm_inference_latency_ms__avg: Average = field(default_factory=Average)
    vlm_inferences__total: Counter = field(default_factory=Counter)
    vlm_input_tokens__total: Counter = field(default_factory=Counter)
    vlm_output_tokens__total: Counter = field(default_factory=Counter)
    video_frames_processed__total: Counter = field(default_factory=Counter)
    video_processing_latency_ms__avg: Average = field(default_factory=Average)

    def merge(self, other: AgentMetrics) -> None:
        """Add the numbers of another agent; each sample of an average counts the same, whoever had it."""
        for name in METRIC_NAMES:
            getattr(self, name).merge(getattr(other, name))

    def to_dict(self, fields: Iterable[str] = ()) -> dict[str, Number | None]:
        """Give the numbers by name: those of `fields`, or all; an average without a sample is None.

        Raises:
            ValueError: a name that is not one of the 25.
        """
        return {name: getattr(self, name).value for name in _known(fields)}

    def to_weighted_dict(self, fields: Iterable[str] = ()) -> dict[str, Any]:
        """Give what `from_dict` needs to make equal metrics: an average is ``{"value", "weight"}``."""
        return {name: _weighted(getattr(self, name)) for name in _known(fields)}

    @classmethod
    def from_dict(cls, numbers: Mapping[str, Any]) -> AgentMetrics:
        """Read either form; what is missing has not been measured, and unknown names are skipped.

        An average that came without its weight stands for one sample.
        """
        metrics = cls()
        for name in METRIC_NAMES:
            _restore(getattr(metrics, name), numbers.get(name))
        return metrics


METRIC_NAMES = tuple(metric.name for metric in fields(AgentMetrics))
"""The documented names, in their documented order."""


def _known(names: Iterable[str]) -> tuple[str, ...]:
    asked = tuple(names)
    if unknown := [name for name in asked if name not in METRIC_NAMES]:
        raise ValueError(f"There is no metric {unknown[0]!r}: the names are {', '.join(METRIC_NAMES)}.")
    return asked or METRIC_NAMES


def _weighted(metric: Counter | Average) -> object:
    if isinstance(metric, Counter) or metric.value is None:
        return metric.value
    return {"value": metric.value, "weight": metric.weight}


def _restore(metric: Counter | Average, stored: Any) -> None:
    if stored is None:
        return
    if isinstance(metric, Counter):
        metric.inc(stored)
    elif isinstance(stored, dict):
        pair = cast("dict[str, Any]", stored)
        metric.update(pair["value"], weight=pair["weight"])
    else:
        metric.update(stored)


NOTHING_MEASURED: Mapping[str, Number | None] = AgentMetrics().to_dict()
"""What there is to tell before there is an agent."""
