"""From the records of turns and pictures to the documented numbers, and to everybody else who counts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Protocol

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.observability.metrics import AgentMetrics, Average, Number
from vision_agents.core.observability.timeline import TurnTimeline
from vision_agents.core.observability.turn_record import ModelRequest, Synthesis, ToolRun, TurnRecord
from vision_agents.core.types.units import Seconds


class TurnReader(Protocol):
    """Who is told of every turn, at once and on the event loop: it must be quick and must not raise."""

    def on_user_turn(self, timeline: TurnTimeline) -> None:
        """A participant's turn has ended; `timeline.speech` says how long it was."""

    def on_turn(self, record: TurnRecord) -> None:
        """A turn of the agent is over."""

    def on_error(self, stage: str) -> None:
        """A part failed: ``stt``, ``llm`` or ``tts``."""


class MetricsCollector:
    """Keeps an agent's numbers, and hands each record on to its readers."""

    def __init__(self) -> None:
        self._numbers: Mapping[str, Number | None] | None = None
        self._readers: list[TurnReader] = []

    @cached_property
    def metrics(self) -> AgentMetrics:
        """The numbers; twenty-five objects, made when somebody counts or asks."""
        return AgentMetrics()

    def add_reader(self, reader: TurnReader) -> None:
        """Let `reader` have what comes from now on."""
        self._readers.append(reader)

    def numbers(self) -> Mapping[str, Number | None]:
        """Give the numbers by name as of the last turn: the same object until another turn is over."""
        if self._numbers is None:
            self._numbers = self.metrics.to_dict()
        return self._numbers

    def on_user_turn(self, timeline: TurnTimeline) -> None:
        """Count a participant's turn, answered or not."""
        self._numbers = None
        metrics, speech = self.metrics, timeline.speech
        assert speech is not None
        metrics.turn_duration_ms__avg.update(speech.duration * 1000)
        metrics.turn_trailing_silence_ms__avg.update(speech.trailing_silence * 1000)
        if (delay := timeline.transcript_delay) is not None:
            metrics.stt_audio_duration_ms__total.inc(speech.duration * 1000)
            metrics.stt_latency_ms__avg.update(delay * 1000)
        for reader in self._readers:
            reader.on_user_turn(timeline)

    def on_turn(self, record: TurnRecord) -> None:
        """Count what the parts did for a turn."""
        self._numbers = None
        for request in record.work.requests:
            self._count_request(request)
        for run in record.work.tools:
            self._count_tool(run)
        for synthesis in record.work.syntheses:
            self._count_synthesis(synthesis)
        for reader in self._readers:
            reader.on_turn(record)

    def on_model_heard(self, pcm: PcmData) -> None:
        """Count audio that a speech-to-speech model was given; comes with each frame."""
        self.metrics.realtime_audio_input_bytes__total.inc(pcm.samples.nbytes)
        self.metrics.realtime_audio_input_duration_ms__total.inc(pcm.duration * 1000)

    def on_user_transcript(self) -> None:
        """Count a text of what the user said to a speech-to-speech model."""
        self._numbers = None
        self.metrics.realtime_user_transcriptions__total.inc()

    def on_frame(self, took: Seconds) -> None:
        """Count a picture that a processor has worked on."""
        self._numbers = None
        self.metrics.video_frames_processed__total.inc()
        self.metrics.video_processing_latency_ms__avg.update(took * 1000)

    def on_error(self, stage: str) -> None:
        """Tell the readers that a part failed."""
        for reader in self._readers:
            reader.on_error(stage)

    def _count_request(self, request: ModelRequest) -> None:
        metrics = self.metrics
        _measure(metrics.llm_latency_ms__avg, request.began, request.ended)
        _measure(metrics.llm_time_to_first_token_ms__avg, request.began, request.first_token)
        metrics.llm_input_tokens__total.inc(request.input_tokens)
        metrics.llm_output_tokens__total.inc(request.output_tokens)
        metrics.realtime_audio_output_bytes__total.inc(request.audio_bytes)
        metrics.realtime_audio_output_duration_ms__total.inc(request.audio_duration * 1000)
        metrics.realtime_agent_transcriptions__total.inc(request.transcribed and request.audio_bytes > 0)
        if request.frames:
            _measure(metrics.vlm_inference_latency_ms__avg, request.began, request.ended)
            metrics.vlm_inferences__total.inc()
            metrics.vlm_input_tokens__total.inc(request.input_tokens)
            metrics.vlm_output_tokens__total.inc(request.output_tokens)

    def _count_tool(self, run: ToolRun) -> None:
        self.metrics.llm_tool_calls__total.inc()
        _measure(self.metrics.llm_tool_latency_ms__avg, run.began, run.ended)

    def _count_synthesis(self, synthesis: Synthesis) -> None:
        metrics = self.metrics
        _measure(metrics.tts_latency_ms__avg, synthesis.began, synthesis.first_audio)
        metrics.tts_audio_duration_ms__total.inc(synthesis.audio_duration * 1000)
        metrics.tts_characters__total.inc(synthesis.characters)


def _measure(average: Average, began: Seconds, ended: Seconds | None) -> None:
    if ended is not None:
        average.update((ended - began) * 1000)
