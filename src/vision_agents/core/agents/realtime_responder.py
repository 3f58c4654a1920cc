"""Makes answers with a realtime model: its audio into the utterance, its tools, its text to a synthesiser."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from vision_agents.core.agents.answer import Answer, Delivery
from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.agents.model_voice import AnswerVoice, ModelVoice, SynthesisedVoice
from vision_agents.core.agents.realtime_link import RealtimeLink, Response
from vision_agents.core.agents.speaker import Speaker
from vision_agents.core.agents.tool_rounds import ToolRounds
from vision_agents.core.errors import ProviderTimeout
from vision_agents.core.history.messages import FunctionCall
from vision_agents.core.llm.realtime import (
    ResponseAudio,
    ResponseDone,
    ResponseEvent,
    ResponseText,
    ResponseToolCall,
)
from vision_agents.core.observability.timeline import Mark
from vision_agents.core.observability.turn_record import ModelRequest
from vision_agents.core.speech.utterance import UtteranceHandle
from vision_agents.core.types.units import Seconds

_MAX_ROUNDS = 8
"""Times the model may ask for tools in one turn."""


@dataclass(slots=True)
class _Part:
    """A response and where in the utterance its audio begins."""

    response: Response
    begins: Seconds


class RealtimeResponder:
    """Makes answers from the model's responses, those it gives unasked included.

    Args:
        link: the connection.
        speaker: speaks the model's text; None where the model speaks.
        tools: runs what the model asks for.
        deadlines: how long the model may be silent.
    """

    def __init__(
        self, link: RealtimeLink, *, speaker: Speaker | None, tools: ToolRounds, deadlines: Deadlines
    ) -> None:
        self._link = link
        self._speaker = speaker
        self._tools = tools
        self._deadlines = deadlines
        self._clock = asyncio.get_running_loop().time
        self._attached: dict[str, Response] = {}
        self._parts: dict[str, list[_Part]] = {}
        self._making: set[str] = set()
        self._protected: set[str] = set()

    @property
    def audible(self) -> bool:
        """The model speaks where no synthesiser does."""
        return True

    @property
    def sees(self) -> bool:
        """No frames are handed to it."""
        return False

    @property
    def speculates(self) -> bool:
        """The model keeps the conversation itself, and would remember a question that was none."""
        return False

    @property
    def making(self) -> bool:
        """Whether the model is in the middle of an answer."""
        return bool(self._making)

    @property
    def protected(self) -> bool:
        """Whether an answer is being made that must not be interrupted: a model that hears would cut it."""
        return bool(self._protected)

    def attach(self, utterance: UtteranceHandle, response: Response) -> None:
        """Let an utterance be a response that the model gives by itself."""
        if utterance.done():
            self._link.interrupt(response)
            return
        self._attached[utterance.id] = response
        utterance.add_done_callback(self._forget)

    async def answer(
        self, answer: Answer, *, on_sentence: Callable[[], None], on_audio: Callable[[], None]
    ) -> None:
        """Make the whole answer; returns when its audio is ready, which is long before it was heard."""

        def heard() -> None:
            answer.timeline.mark(Mark.TTS_FIRST_AUDIO, self._clock())
            on_audio()

        answer.quiet.set()
        self._link.knows(answer.utterance.id)
        self._parts[answer.utterance.id] = []
        self._making.add(answer.utterance.id)
        if not answer.utterance.is_interruptible:
            self._protected.add(answer.utterance.id)
        answer.utterance.add_done_callback(self._tidy)
        try:
            await self._make(answer, on_sentence=on_sentence, on_audio=heard)
        finally:
            self._making.discard(answer.utterance.id)
            self._protected.discard(answer.utterance.id)

    async def _make(
        self, answer: Answer, *, on_sentence: Callable[[], None], on_audio: Callable[[], None]
    ) -> None:
        if self._speaker is None:
            voice = ModelVoice(answer.utterance.playout, on_sentence=on_sentence, on_audio=on_audio)
            await self._rounds(answer, voice)
            return
        spoken = self._speaker.voice(answer.utterance.playout, on_audio=on_audio, work=answer.work.syntheses)
        try:
            async with asyncio.TaskGroup() as group:
                delivery = Delivery(answer, spoken, group, on_sentence)
                await self._rounds(answer, SynthesisedVoice(answer.segmenter, delivery))
                delivery.close()
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None

    def abandon(self, answer: Answer) -> None:
        """Tell the model how much of its answer was heard."""
        for result in self._tools.abandon(answer):
            self._link.add(result)
        utterance, parts = answer.utterance, self._parts.pop(answer.utterance.id, [])
        ends = utterance.playout.produced
        for part in reversed(parts):
            played = max(0.0, utterance.played_seconds - part.begins)
            if not part.response.over or (utterance.interrupted and played < ends - part.begins):
                self._link.interrupt(part.response, played, utterance.spoken_text)
            ends = part.begins
        self._forget(utterance)

    def _forget(self, utterance: UtteranceHandle) -> None:
        """Give up what was attached to a turn that never ran."""
        if (waiting := self._attached.pop(utterance.id, None)) is not None:
            self._link.interrupt(waiting)

    def _tidy(self, utterance: UtteranceHandle) -> None:
        self._parts.pop(utterance.id, None)

    async def _rounds(self, answer: Answer, voice: AnswerVoice) -> None:
        response = self._attached.pop(answer.utterance.id, None)
        for _ in range(_MAX_ROUNDS):
            response = response or self._link.request(answer.turn_instructions)
            parts = self._parts[answer.utterance.id]
            parts.append(_Part(response, answer.utterance.playout.produced))
            calls = await self._follow(answer, response, voice)
            await voice.complete()
            if not calls:
                break
            answer.text += " " if answer.text else ""
            for call in calls:
                self._link.knows(f"call:{call.id}")
            for result in await self._tools.run(answer, calls):
                self._link.add(result)
            if answer.handed_over:
                break
            response = None
        voice.finish()

    async def _follow(self, answer: Answer, response: Response, voice: AnswerVoice) -> list[FunctionCall]:
        """Take one response to its end; gives the calls it asks for."""
        calls: list[FunctionCall] = []
        model = self._link.model
        request = ModelRequest(self._clock(), model.model or "", model.provider)
        answer.work.requests.append(request)
        while not isinstance(event := await self._next(response), ResponseDone):
            request.first_token = request.first_token or self._clock()
            answer.timeline.mark(Mark.LLM_FIRST_TOKEN, self._clock())
            match event:
                case ResponseAudio(pcm=pcm):
                    request.audio_bytes += pcm.samples.nbytes
                    request.audio_duration += pcm.duration
                    voice.audio(pcm)
                case ResponseText(text=text):
                    request.transcribed = True
                    answer.text += text
                    answer.tokens += 1
                    await voice.text(text)
                case ResponseToolCall(call=call):
                    calls.append(FunctionCall(call.id, call.name, call.arguments))
        if event.error is not None:
            raise event.error
        request.ended = self._clock()
        if event.usage is not None:
            request.input_tokens, request.output_tokens = event.usage.input_tokens, event.usage.output_tokens
        return calls

    async def _next(self, response: Response) -> ResponseEvent:
        limit = self._deadlines.model_silence
        try:
            async with asyncio.timeout(limit):
                return await response.events.get()
        except TimeoutError as error:
            raise ProviderTimeout(
                f"The realtime model gave nothing for {limit:g} s.",
                provider=self._link.model.provider,
                stage="llm",
                retryable=True,
            ) from error
