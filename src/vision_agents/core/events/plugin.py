"""Events of the parts: transport, recogniser, model, synthesiser, tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.events.agent import CallInfo
from vision_agents.core.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginEvent(Event):
    """An event that a provider causes."""

    plugin_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioReceivedEvent(PluginEvent):
    """A piece of audio of one participant arrived; published only where somebody subscribes."""

    type: ClassVar[str] = "plugin.edge.audio_received"
    frequent: ClassVar[bool] = True
    pcm_data: PcmData


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioStreamEnabledEvent(PluginEvent):
    """The first audio of a participant has arrived."""

    type: ClassVar[str] = "plugin.edge.audio_stream_enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEndedEvent(PluginEvent):
    """The call is over."""

    type: ClassVar[str] = "plugin.edge.call_ended"
    call: CallInfo
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantJoinedEvent(PluginEvent):
    """Somebody joined the call."""

    type: ClassVar[str] = "plugin.edge.participant_joined"
    call: CallInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantLeftEvent(PluginEvent):
    """Somebody left the call."""

    type: ClassVar[str] = "plugin.edge.participant_left"
    call: CallInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantReconnectingEvent(PluginEvent):
    """Somebody cannot be reached at the moment; they come back, or leave."""

    type: ClassVar[str] = "plugin.edge.participant_reconnecting"
    call: CallInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantReconnectedEvent(PluginEvent):
    """Somebody who could not be reached is back."""

    type: ClassVar[str] = "plugin.edge.participant_reconnected"
    call: CallInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMResponseFinalEvent(PluginEvent):
    """The model has answered in full; `text` is what it wrote, heard or not."""

    type: ClassVar[str] = "plugin.llm_response_final"
    text: str
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolStartEvent(PluginEvent):
    """A tool begins to run."""

    type: ClassVar[str] = "plugin.llm.tool.start"
    tool_name: str
    arguments: Mapping[str, object]
    tool_call_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolEndEvent(PluginEvent):
    """A tool has ended, well or not."""

    type: ClassVar[str] = "plugin.llm.tool.end"
    tool_name: str
    success: bool
    result: str | None = None
    error: str | None = None
    tool_call_id: str = ""
    execution_time_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEvent(PluginEvent):
    """A provider failed; the session goes on where it can."""

    error_message: str
    is_recoverable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMErrorEvent(ErrorEvent):
    """The language model failed."""

    type: ClassVar[str] = "plugin.llm_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class STTErrorEvent(ErrorEvent):
    """The recogniser failed."""

    type: ClassVar[str] = "plugin.stt_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class TTSErrorEvent(ErrorEvent):
    """The synthesiser failed."""

    type: ClassVar[str] = "plugin.tts_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class MCPErrorEvent(ErrorEvent):
    """A server of tools cannot be used; the session goes on without its tools."""

    type: ClassVar[str] = "plugin.mcp_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class TTSSynthesisStartEvent(PluginEvent):
    """A sentence goes to the synthesiser."""

    type: ClassVar[str] = "plugin.tts_synthesis_start"
    text: str
    synthesis_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TTSSynthesisCompleteEvent(PluginEvent):
    """A sentence has been synthesised."""

    type: ClassVar[str] = "plugin.tts_synthesis_complete"
    text: str
    synthesis_id: str = ""
    synthesis_time_ms: float = 0.0
    audio_duration_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoProcessorDetectionEvent(PluginEvent):
    """A processor has found something in a picture: `detection_count` of it, in `inference_time_ms`."""

    type: ClassVar[str] = "plugin.video_processor.detection"
    model_id: str | None = None
    inference_time_ms: float | None = None
    detection_count: int = 0
