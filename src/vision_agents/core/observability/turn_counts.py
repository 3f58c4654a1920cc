"""What a scrape reads of the turns of all agents of a node."""

from __future__ import annotations

from collections.abc import Iterator

from vision_agents.core.observability.families import LabelledCounter, LabelledHistogram, MetricFamily
from vision_agents.core.observability.timeline import TurnTimeline
from vision_agents.core.observability.turn_record import ModelRequest, Synthesis, ToolRun, TurnRecord
from vision_agents.core.types.units import Seconds

_OUTCOMES = ("completed", "interrupted", "failed", "skipped", "discarded")
_STAGES = ("stt", "llm_first_token", "llm", "tool", "tts")
_DELAY_BOUNDS = (0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2, 3, 5, 8, 13, 30)
_STAGE_BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2, 5, 10, 30)


class TurnCounts:
    """Counts turns, how long their parts took and what they used; a `TurnReader`."""

    def __init__(self) -> None:
        self._user_turns = LabelledCounter("vision_agents_user_turns", "Turns of callers that have ended.")
        self._turns = LabelledCounter(
            "vision_agents_agent_turns", "Turns of agents, by outcome.", label="outcome", values=_OUTCOMES
        )
        self._delays = LabelledHistogram(
            "vision_agents_response_delay_seconds",
            "End of the caller's speech to the first audio of the answer.",
            bounds=_DELAY_BOUNDS,
        )
        self._latencies = LabelledHistogram(
            "vision_agents_stage_latency_seconds",
            "How long a part took, by part.",
            bounds=_STAGE_BOUNDS,
            label="stage",
            values=_STAGES,
        )
        self._tokens = LabelledCounter(
            "vision_agents_llm_tokens",
            "Tokens that language models read and wrote.",
            label="direction",
            values=("input", "output"),
        )
        self._tools = LabelledCounter(
            "vision_agents_tool_calls",
            "Tools that models called, by outcome.",
            label="outcome",
            values=("ok", "error", "interrupted"),
        )
        self._characters = LabelledCounter(
            "vision_agents_tts_characters", "Characters given to synthesisers."
        )
        self._errors = LabelledCounter(
            "vision_agents_provider_errors",
            "Parts that failed, by part.",
            label="stage",
            values=("stt", "llm", "tts"),
        )

    def on_user_turn(self, timeline: TurnTimeline) -> None:
        """Count a turn of a caller."""
        self._user_turns.add()
        if timeline.transcript_delay is not None:
            self._latencies.observe(timeline.transcript_delay, value="stt")

    def on_turn(self, record: TurnRecord) -> None:
        """Count a turn of an agent."""
        self._turns.add(value=record.outcome)
        if record.response_delay is not None:
            self._delays.observe(record.response_delay)
        for request in record.work.requests:
            self._count_request(request)
        for run in record.work.tools:
            self._count_tool(run)
        for synthesis in record.work.syntheses:
            self._count_synthesis(synthesis)

    def on_error(self, stage: str) -> None:
        """Count a part that failed."""
        self._errors.add(value=stage)

    def families(self) -> Iterator[MetricFamily]:
        """Tell the counts so far."""
        yield self._user_turns.family()
        yield self._turns.family()
        yield self._delays.family()
        yield self._latencies.family()
        yield self._tokens.family()
        yield self._tools.family()
        yield self._characters.family()
        yield self._errors.family()

    def _count_request(self, request: ModelRequest) -> None:
        self._tokens.add(request.input_tokens, value="input")
        self._tokens.add(request.output_tokens, value="output")
        self._measure("llm_first_token", request.began, request.first_token)
        self._measure("llm", request.began, request.ended)

    def _count_tool(self, run: ToolRun) -> None:
        failed = "error" if run.failed else "ok"
        self._tools.add(value="interrupted" if run.ended is None else failed)
        self._measure("tool", run.began, run.ended)

    def _count_synthesis(self, synthesis: Synthesis) -> None:
        self._characters.add(synthesis.characters)
        self._measure("tts", synthesis.began, synthesis.first_audio)

    def _measure(self, stage: str, began: Seconds, ended: Seconds | None) -> None:
        if ended is not None:
            self._latencies.observe(ended - began, value=stage)
