"""Makes answers: history to the language model, tools, sentences."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from vision_agents.core.agents.answer import Answer, Delivery
from vision_agents.core.agents.context_window import ContextKeeper
from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.agents.hooks import PipelineHooks
from vision_agents.core.agents.speaker import Speaker
from vision_agents.core.agents.tool_rounds import ToolRounds
from vision_agents.core.aio.patience import Patient
from vision_agents.core.errors import ProviderError, ProviderTimeout
from vision_agents.core.events.agent import AgentTurnEndedEvent
from vision_agents.core.events.bus import EventBus
from vision_agents.core.events.plugin import LLMResponseFinalEvent
from vision_agents.core.history.conversation import Conversation
from vision_agents.core.history.messages import FunctionCall, HistoryItem, Message, Role
from vision_agents.core.llm.llm import LLM, LLMRequest, TextDelta, ToolCall, Usage
from vision_agents.core.observability.timeline import Mark
from vision_agents.core.observability.turn_record import ModelRequest
from vision_agents.core.video.frame import VideoFrame

_MAX_ROUNDS = 8
"""Times the model may ask for tools in one turn."""


class Responder:
    """Makes answers, one at a time.

    Args:
        llm: writes them and asks for tools.
        speaker: speaks them; without one they stay text.
        tools: runs what the model asks for.
        history: what the model is told; tool calls and results are added here.
        frames: gives what a model that sees is shown.
        instructions: the persona.
        events: where events go.
        deadlines: how long the model may be silent.
        hooks: may change what the model says.
        context: keeps what the model is told within bounds.
    """

    def __init__(
        self,
        *,
        llm: LLM,
        speaker: Speaker | None,
        tools: ToolRounds,
        history: Conversation,
        frames: Callable[[], Sequence[VideoFrame]],
        instructions: str,
        events: EventBus,
        deadlines: Deadlines,
        hooks: PipelineHooks,
        context: ContextKeeper,
    ) -> None:
        self._context = context
        self._hooks = hooks
        self._llm = llm
        self._speaker = speaker
        self._tools = tools
        self._history = history
        self._frames = frames
        self._instructions = instructions
        self._events = events
        self._deadlines = deadlines
        self._clock = asyncio.get_running_loop().time

    @property
    def sees(self) -> bool:
        """Whether the model can look at frames."""
        return self._llm.profile.vision

    @property
    def audible(self) -> bool:
        """Whether answers are heard."""
        return self._speaker is not None

    @property
    def speculates(self) -> bool:
        """An answer may be begun before the turn is over."""
        return True

    async def answer(
        self, answer: Answer, *, on_sentence: Callable[[], None], on_audio: Callable[[], None]
    ) -> None:
        """Make the whole answer; returns when its audio is ready, which is long before it was heard.

        `on_sentence` is called with each sentence, `on_audio` whenever there is more to play.
        """
        answer.begins_at = len(self._history) + (not answer.committed.is_set())
        answer.quiet.set()
        if self._speaker is None:
            await self._think(answer, None)
            await self._put_down(answer)
            return

        def heard() -> None:
            answer.timeline.mark(Mark.TTS_FIRST_AUDIO, self._clock())
            on_audio()

        work = answer.work.syntheses
        voice = self._speaker.voice(answer.utterance.playout, on_audio=heard, work=work)
        try:
            async with asyncio.TaskGroup() as group:
                delivery = Delivery(answer, voice, group, on_sentence)
                await self._think(answer, delivery)
                delivery.close()
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _put_down(self, answer: Answer) -> None:
        """End an answer that nobody speaks."""
        if answer.text:
            await answer.committed.wait()
            self._history.add(Message(Role.ASSISTANT, answer.text))
            self._events.emit(AgentTurnEndedEvent, utterance_id=answer.utterance.id, text=answer.text)

    async def _think(self, answer: Answer, delivery: Delivery | None) -> None:
        async def send(complete: list[str]) -> None:
            for sentence in complete:
                answer.timeline.mark(Mark.FIRST_SENTENCE, self._clock())
                if delivery is not None:
                    await delivery.send(sentence)

        for _ in range(_MAX_ROUNDS):
            calls = await self._ask(answer, send)
            await send(answer.segmenter.flush())
            if not calls:
                break
            answer.text += " " if answer.text else ""
            await self._tools.run(answer, calls)
            if answer.handed_over:
                break
        self._context.look()

    async def _ask(self, answer: Answer, send: Callable[[list[str]], Awaitable[None]]) -> list[FunctionCall]:
        """One request to the model: sends each sentence when it is complete, gives the calls it asks for."""
        calls: list[FunctionCall] = []
        begin = len(answer.text)
        asked = self._request(answer)
        request = ModelRequest(
            self._clock(), self._llm.model or "", self._llm.provider, frames=len(asked.frames)
        )
        answer.work.requests.append(request)
        stream = self._hooks.through("llm", self._llm.respond(asked))
        patience = self._deadlines.model_silence
        async with Patient(stream, patience=patience, too_slow=self._too_slow) as events:
            async for event in events:
                if request.first_token is None and not isinstance(event, Usage):
                    request.first_token = self._clock()
                match event:
                    case TextDelta(text=text):
                        if sentences := self._write(answer, text):
                            await send(sentences)
                    case ToolCall():
                        calls.append(FunctionCall(event.id, event.name, event.arguments))
                    case Usage():
                        request.input_tokens, request.output_tokens = event.input_tokens, event.output_tokens
        request.ended = self._clock()
        self._tell(request, answer.text[begin:])
        return calls

    def _tell(self, request: ModelRequest, text: str) -> None:
        self._events.emit(
            LLMResponseFinalEvent,
            text=text,
            plugin_name=self._llm.provider,
            model=self._llm.model,
            input_tokens=request.input_tokens,
            output_tokens=request.output_tokens,
        )

    def _write(self, answer: Answer, text: str) -> list[str]:
        """Add to the answer; gives the sentences that are complete now."""
        if not answer.tokens:
            answer.timeline.mark(Mark.LLM_FIRST_TOKEN, self._clock())
        answer.text += text
        answer.tokens += 1
        return answer.segmenter.push(text)

    def _request(self, answer: Answer) -> LLMRequest:
        return LLMRequest(
            instructions=self._instructions,
            items=self._items(answer),
            tools=self._tools.schemas,
            turn_instructions=answer.turn_instructions,
            frames=answer.frames or (self._frames() if self.sees else ()),
        )

    def _items(self, answer: Answer) -> tuple[HistoryItem, ...]:
        """The history, with what this answer has said so far before the tools it called."""
        items: tuple[HistoryItem, ...] = self._history.context
        if answer.question is not None and not answer.committed.is_set():
            items = (*items, answer.question)
        if not answer.text:
            return items
        said = Message(Role.ASSISTANT, answer.text)
        begin = self._history.place_in_context(answer.begins_at)
        return (*items[:begin], said, *items[begin:])

    def abandon(self, answer: Answer) -> None:
        """Close the record of tools that are not waited for."""
        self._tools.abandon(answer)

    def _too_slow(self) -> ProviderError:
        return ProviderTimeout(
            f"The language model gave nothing for {self._deadlines.model_silence:g} s.",
            provider=self._llm.provider,
            stage="llm",
            retryable=True,
        )
