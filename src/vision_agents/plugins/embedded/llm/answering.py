"""How one request becomes an answer: which prompt, which grammar, and which calls are let through."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from vision_agents.core.history.messages import FunctionCall, FunctionResult, HistoryItem, Message, Role
from vision_agents.core.llm.llm import LLMEvent, LLMRequest, TextDelta, ToolCall, Usage
from vision_agents.core.types.ids import new_id
from vision_agents.plugins.embedded.llm.grammar import OPENING, answer_grammar, reply_key
from vision_agents.plugins.embedded.llm.grounding import grounded, same_call, words_of
from vision_agents.plugins.embedded.llm.prompt import ChatMessage, plain_prompt, tool_prompt
from vision_agents.plugins.embedded.llm.reply_stream import AnswerReader, WrittenCall
from vision_agents.plugins.embedded.llm.runtime import Writing, Written
from vision_agents.plugins.embedded.llm.settings import LLMSettings
from vision_agents.plugins.embedded.llm.shapes import ToolShape, tool_shape

# How far back the words of a call's arguments may have been said.
_RECENT_ITEMS = 8
# Small models would rather talk than call. Measured, with `grounding` behind it, on benchmarks/tools: from
# 0 to -1 the share of right choices grows; below that, talk turns into calls.
_REPLY_BIAS = -1.0
# Of English and JSON a token has more; the engine's own limit backs this guess.
_CHARACTERS_PER_TOKEN = 3


class Writer(Protocol):
    """What writes: `Engine`, or a script in tests."""

    def write(self, writing: Writing) -> AsyncGenerator[str | Written, None]:
        """Give the pieces of text as they come, then what they cost."""
        ...


def prompt_of(request: LLMRequest, settings: LLMSettings) -> tuple[ChatMessage, ...]:
    """The messages for a request, with tools or without."""
    # A long result must leave room for the conversation.
    longest = settings.context_size
    if not request.tools:
        return plain_prompt(request, longest_item=longest)
    tools = [tool_shape(tool) for tool in request.tools]
    return tool_prompt(request, tools, key=reply_key(tools), longest_item=longest)


def fitting(request: LLMRequest, settings: LLMSettings) -> LLMRequest:
    """The request, without the older part of its conversation if that is probably too long."""
    room = (settings.context_size - settings.max_tokens) * _CHARACTERS_PER_TOKEN
    while sum(len(message.content) for message in prompt_of(request, settings)) > room:
        shorter = forgetting(request)
        if shorter is None:
            break
        request = shorter
    return request


def forgetting(request: LLMRequest) -> LLMRequest | None:
    """The request without the older half of its conversation; None if only the last question is left."""
    asked = [number for number, item in enumerate(request.items) if _is_question(item) and number > 0]
    if not asked:
        return None
    later = [number for number in asked if number >= len(request.items) // 2]
    return replace(request, items=tuple(request.items[(later or asked[-1:])[0] :]))


async def answer(
    writer: Writer, request: LLMRequest, settings: LLMSettings
) -> AsyncGenerator[LLMEvent, None]:
    """Write the answer to a request.

    Raises:
        ContextFull: the prompt is too long; nothing has been given by then.
    """
    writing = Writing(
        messages=prompt_of(request, settings),
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        seed=settings.seed,
    )
    events = (
        _ToolAnswer(writer, request, settings).events(writing) if request.tools else _plain(writer, writing)
    )
    async with aclosing(events):
        async for event in events:
            yield event


async def _plain(writer: Writer, writing: Writing) -> AsyncGenerator[LLMEvent, None]:
    async with aclosing(writer.write(writing)) as pieces:
        async for piece in pieces:
            yield _usage([piece]) if isinstance(piece, Written) else TextDelta(piece)


class _ToolAnswer:
    """An answer that may be a call: attempts until the model writes one that is let through, or talks."""

    def __init__(self, writer: Writer, request: LLMRequest, settings: LLMSettings) -> None:
        self._writer = writer
        self._tools = [tool_shape(tool) for tool in request.tools]
        self._key = reply_key(self._tools)
        self._words = _recent_words(request) if settings.check_arguments else None
        self._made = _calls_of_this_turn(request.items)
        self._costs: list[Written] = []

    async def events(self, writing: Writing) -> AsyncGenerator[LLMEvent, None]:
        offered: Sequence[ToolShape] | None = self._tools
        while offered is not None:
            reader = AnswerReader(self._key, opening=OPENING)
            call: WrittenCall | None = None
            grammar = answer_grammar(offered, key=self._key)
            attempt = replace(writing, grammar=grammar, biases=((self._key, _REPLY_BIAS),))
            async with aclosing(self._writer.write(attempt)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Written):
                        self._costs.append(piece)
                    elif said := reader.feed(piece):
                        yield TextDelta(said)
                    elif call is None and (call := self._admitted(reader.call)) is not None:
                        yield ToolCall(new_id("fc"), call.name, call.arguments)
            offered = None if call or reader.talks or not offered else self._left(offered, reader.call)
        yield _usage(self._costs)

    def _admitted(self, written: WrittenCall | None) -> WrittenCall | None:
        """The call as it may be made, or None: it was made already or its arguments come from nowhere."""
        if written is None or self._is_repeated(written):
            return None
        if self._words is None:
            return written
        tool = next(tool for tool in self._tools if tool.name == written.name)
        call = grounded(written, tool, self._words)
        return None if call is None or self._is_repeated(call) else call

    def _is_repeated(self, call: WrittenCall) -> bool:
        return any(same_call(call, made.name, made.arguments) for made in self._made)

    def _left(self, offered: Sequence[ToolShape], refused: WrittenCall | None) -> Sequence[ToolShape]:
        """What the next attempt may call: nothing more after a repeated or an endless call."""
        if refused is None or any(made.name == refused.name for made in self._made):
            return ()
        return [tool for tool in offered if tool.name != refused.name]


def _calls_of_this_turn(items: Sequence[HistoryItem]) -> list[FunctionCall]:
    calls: list[FunctionCall] = []
    for item in items:
        if _is_question(item):
            calls.clear()
        elif isinstance(item, FunctionCall):
            calls.append(item)
    return calls


def _is_question(item: HistoryItem) -> bool:
    return isinstance(item, Message) and item.role is Role.USER


def _recent_words(request: LLMRequest) -> frozenset[str]:
    texts = [request.instructions, request.turn_instructions]
    for item in request.items[-_RECENT_ITEMS:]:
        match item:
            case Message():
                texts.append(item.text)
            case FunctionResult():
                texts.append(item.output)
            case FunctionCall():
                texts.append(str(dict(item.arguments)))
    return words_of(texts)


def _usage(costs: Iterable[Written]) -> Usage:
    all_costs = list(costs)
    return Usage(
        input_tokens=sum(cost.prompt_tokens for cost in all_costs),
        output_tokens=sum(cost.output_tokens for cost in all_costs),
    )
