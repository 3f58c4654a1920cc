"""The parts of a conversation, and what they add up to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypedDict, Unpack

from vision_agents.core.agents.context_window import ContextWindow
from vision_agents.core.agents.hooks import HookT, PipelineHooks
from vision_agents.core.agents.pipeline_mode import PipelineMode, Slots, mode_of
from vision_agents.core.errors import ConfigurationError
from vision_agents.core.llm.llm import LLM, LanguageModel
from vision_agents.core.llm.realtime import Realtime
from vision_agents.core.stt.stt import STT
from vision_agents.core.tts.tts import TTS
from vision_agents.core.turn_detection.turn_detector import TurnDetector
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.core.types.component import Component, ComponentInfo, overrides
from vision_agents.core.vad.energy import EnergyVAD
from vision_agents.core.vad.vad import VAD

_TURN_HANDLING = TurnHandling()


class Replacements(TypedDict, total=False):
    """Parts that take the places of others; None leaves a place empty."""

    llm: LanguageModel | None
    stt: STT | None
    tts: TTS | None
    vad: VAD | None
    turn_detection: TurnDetector | None


class Pipeline:
    """A cascade of voice activity, recogniser, turn detector, language model and synthesiser, or a realtime
    model that hears and speaks by itself, or one with a recogniser or a synthesiser of your own.

    Args:
        llm: answers; a `Realtime` model also hears where there is no stt, and speaks where there is no tts.
        stt: hears; without one the agent only speaks when it is asked to.
        tts: speaks; without one the answers stay text.
        vad: tells speech from silence. Left out, a recogniser that detects turns needs none, any other
            gets a simple loudness detector.
        turn_detection: hears whether a turn sounds finished; without one silence alone decides.
        turns: how patient and how easily interrupted the agent is.
        context_window: how much of a long call a text model is told; without one all of it.
    """

    def __init__(
        self,
        *,
        llm: LanguageModel | None = None,
        stt: STT | None = None,
        tts: TTS | None = None,
        vad: VAD | None = None,
        turn_detection: TurnDetector | None = None,
        turns: TurnHandling | None = None,
        context_window: ContextWindow | None = None,
    ) -> None:
        if stt is None and (vad or turn_detection):
            raise ConfigurationError("vad and turn_detection need an stt: it finds the words to answer.")
        if not (llm or stt or tts):
            raise ConfigurationError("A pipeline needs at least one of llm, stt and tts.")
        self.llm = llm if isinstance(llm, LLM) else None
        self.realtime = llm if isinstance(llm, Realtime) else None
        self.stt = stt
        self.tts = tts
        self.vad = vad if vad or stt is None or stt.profile.turn_detection else EnergyVAD()
        self.turn_detection = turn_detection
        self.turns = turns or _TURN_HANDLING
        self.hooks = PipelineHooks()
        self.context_window = context_window
        self.config = mode_of(Slots(self.llm, self.realtime, stt, tts, self.vad, turn_detection, turns))

    def on(self, name: str) -> Callable[[HookT], HookT]:
        """Decorate a hook: at ``stt``, ``llm`` or ``tts`` an async generator that takes a stream.

        At ``user_turn_start``, ``user_turn_end``, ``agent_turn_start`` and ``agent_turn_end`` it is a
        function, sync or async, that is called with the event.
        """

        def keep(hook: HookT) -> HookT:
            self.hooks.add(name, hook)
            return hook

        return keep

    @property
    def mode(self) -> PipelineMode:
        """What kind of pipeline the parts make."""
        return self.config.mode

    @property
    def model(self) -> LanguageModel | None:
        """What answers, text or speech."""
        return self.llm or self.realtime

    @property
    def components(self) -> tuple[Component, ...]:
        """Every part that is there."""
        slots = (self.llm, self.realtime, self.tts, self.stt, self.vad, self.turn_detection)
        return tuple([part for part in slots if part is not None])

    @property
    def hearing(self) -> tuple[object, ...]:
        """What a listener is made of: where it differs, others listen from then on."""
        return self.stt, self.vad, self.turn_detection, self.turns

    def describe(self) -> dict[str, ComponentInfo]:
        """Tell who provides each part that is there: ``stt``, ``llm`` or ``realtime``, ``tts``, ``vad``,
        ``eou``."""
        slots = {
            "stt": self.stt,
            "llm": self.llm,
            "realtime": self.realtime,
            "tts": self.tts,
            "vad": self.vad,
            "eou": self.turn_detection,
        }
        return {slot: part.describe() for slot, part in slots.items() if part is not None}

    async def start(self) -> None:
        """Get every part ready for one session, all at once; the first failure stops the others."""
        await self.start_parts(self.components)

    @staticmethod
    async def start_parts(parts: Sequence[Component]) -> None:
        """Get some parts ready, all at once; the first failure stops the others."""
        starts = [part.start for part in parts if overrides(part.start, Component.start)]
        if not starts:
            return
        try:
            async with asyncio.TaskGroup() as group:
                for start in starts:
                    group.create_task(start())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    def replaced(self, **parts: Unpack[Replacements]) -> Pipeline:
        """The same pipeline with other parts in the slots that are named; None empties a slot."""
        slots: Replacements = {
            "llm": self.model,
            "stt": self.stt,
            "tts": self.tts,
            "vad": self.vad,
            "turn_detection": self.turn_detection,
        }
        turns = None if self.config.mode in {PipelineMode.REALTIME, PipelineMode.HYBRID_TTS} else self.turns
        slots.update(parts)
        pipeline = Pipeline(**slots, turns=turns, context_window=self.context_window)
        pipeline.hooks = self.hooks
        return pipeline

    async def warmup(self) -> None:
        """Load every model, one after the other: their loading is bound by the same disk and processor."""
        for component in self.components:
            await component.warmup()
