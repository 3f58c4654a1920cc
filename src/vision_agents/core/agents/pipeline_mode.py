"""What the parts of a pipeline add up to, and which do not go together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.llm.llm import LLM
from vision_agents.core.llm.realtime import Realtime
from vision_agents.core.stt.stt import STT
from vision_agents.core.tts.tts import TTS
from vision_agents.core.turn_detection.turn_detector import TurnDetector
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.core.vad.vad import VAD


class PipelineMode(StrEnum):
    """Who hears, thinks and speaks."""

    CASCADE = "cascade"
    REALTIME = "realtime"
    """One model does all three."""
    HYBRID_STT = "hybrid_stt"
    """A recogniser hears; the model thinks and speaks."""
    HYBRID_TTS = "hybrid_tts"
    """The model hears and thinks; a synthesiser speaks."""


class PipelineParts(StrEnum):
    """Which parts are there, in more detail."""

    FULL_CASCADING = "full_cascading"
    PARTIAL_CASCADING = "partial_cascading"
    STT_LLM_ONLY = "stt_llm_only"
    LLM_TTS_ONLY = "llm_tts_only"
    STT_TTS_ONLY = "stt_tts_only"
    LLM_ONLY = "llm_only"
    STT_ONLY = "stt_only"
    TTS_ONLY = "tts_only"
    FULL_S2S = "full_s2s"
    HYBRID_STT = "hybrid_stt"
    HYBRID_TTS = "hybrid_tts"


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """What kind of pipeline the parts make."""

    mode: PipelineMode
    pipeline_mode: PipelineParts

    @property
    def is_realtime(self) -> bool:
        """Whether the model hears or speaks by itself."""
        return self.mode is not PipelineMode.CASCADE


@dataclass(frozen=True, slots=True)
class Slots:
    """The parts as they were given."""

    llm: LLM | None
    realtime: Realtime | None
    stt: STT | None
    tts: TTS | None
    vad: VAD | None
    turn_detection: TurnDetector | None
    turns: TurnHandling | None


def mode_of(slots: Slots) -> PipelineConfig:
    """Derive the mode; raises `ConfigurationError` where the parts cannot work together."""
    if slots.realtime is not None:
        return _realtime(slots.realtime, slots)
    return PipelineConfig(PipelineMode.CASCADE, _cascade(slots))


def _realtime(model: Realtime, slots: Slots) -> PipelineConfig:
    if slots.stt is None and slots.turns is not None:
        raise ConfigurationError("turn_handling has no effect here: a realtime model without an stt decides.")
    if slots.stt is not None and not model.profile.text_input:
        raise ConfigurationError("This realtime model cannot be asked in text: leave out the stt.")
    if slots.tts is not None and not model.profile.text_output:
        raise ConfigurationError("This realtime model cannot answer in text alone: leave out the tts.")
    if slots.stt is not None and slots.tts is not None:  # neither hears nor speaks: a model of text
        return PipelineConfig(PipelineMode.CASCADE, PipelineParts.LLM_ONLY)
    if slots.stt is not None:
        return PipelineConfig(PipelineMode.HYBRID_STT, PipelineParts.HYBRID_STT)
    if slots.tts is not None:
        return PipelineConfig(PipelineMode.HYBRID_TTS, PipelineParts.HYBRID_TTS)
    return PipelineConfig(PipelineMode.REALTIME, PipelineParts.FULL_S2S)


def _cascade(slots: Slots) -> PipelineParts:
    if slots.stt and slots.llm and slots.tts:
        complete = bool(slots.vad and slots.turn_detection)
        return PipelineParts.FULL_CASCADING if complete else PipelineParts.PARTIAL_CASCADING
    parts = (("stt", slots.stt), ("llm", slots.llm), ("tts", slots.tts))
    present = [name for name, part in parts if part is not None]
    return PipelineParts(f"{'_'.join(present)}_only")
