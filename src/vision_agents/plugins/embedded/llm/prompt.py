"""The messages that a model with or without tools is given. Pure, and the same bytes turn after turn.

A prompt grows only at its end, so that what the model has read once it need not read again: the examples
are the same for all agents, then come the tools and the persona, then the conversation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from vision_agents.core.history.messages import FunctionCall, FunctionResult, HistoryItem, Message, Role
from vision_agents.core.llm.llm import LLMRequest
from vision_agents.plugins.embedded.llm.examples import EXAMPLES
from vision_agents.plugins.embedded.llm.grammar import OPENING
from vision_agents.plugins.embedded.llm.shapes import Choice, Field, ToolShape

ChatRole: TypeAlias = Literal["system", "user", "assistant"]

_TASK = (
    "You are a voice assistant. Look things up and do things with functions; use the user's words as "
    "arguments. Talk with {key}. Write one JSON object."
)
_SPOKEN = "Your answer is spoken aloud: one or two short sentences, plain words, no lists, no code."
# What could be taken for one of the model's own marks, such as <|im_end|> or </s>.
_MARK = re.compile(r"<(?=[|/\w])")


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message in the form that chat models are trained on."""

    role: ChatRole
    content: str


def plain_prompt(request: LLMRequest, *, longest_item: int) -> tuple[ChatMessage, ...]:
    """A chat without tools.

    Args:
        longest_item: characters; what is longer, such as a tool's result, is cut.
    """
    system = ChatMessage("system", f"{_clean(request.instructions)}\n{_SPOKEN}".strip())
    turns = [_plain_turn(item, longest_item) for item in request.items]
    if request.turn_instructions:
        turns.append(ChatMessage("user", f"({_clean(request.turn_instructions)})"))
    return (system, *_alternating(turns))


def tool_prompt(
    request: LLMRequest, tools: Sequence[ToolShape], *, key: str, longest_item: int
) -> tuple[ChatMessage, ...]:
    """A chat whose answers are JSON objects; it ends with the beginning of the next one.

    Args:
        key: the key of an answer that only talks.
        longest_item: characters; what is longer, such as a tool's result, is cut.
    """
    turns = [_tool_turn(item, key, longest_item) for item in request.items]
    if request.turn_instructions:
        turns.append(ChatMessage("user", f"Instruction: {_clean(request.turn_instructions)}"))
    offered = _offered([_signature(tool) for tool in tools], key)
    if request.instructions:
        offered += f"\nAbout you: {' '.join(_clean(request.instructions).split())}"
    conversation = _alternating([ChatMessage("user", offered), *turns])
    return (*_introduction(key), *conversation, ChatMessage("assistant", OPENING))


def introduction_prompt() -> tuple[ChatMessage, ...]:
    """What every prompt with tools begins with, whichever they are."""
    return (*_introduction("reply"), ChatMessage("user", "Functions:"))


def _introduction(key: str) -> Iterator[ChatMessage]:
    yield ChatMessage("system", _TASK.format(key=key))
    for example in EXAMPLES:
        before = _offered(example.tools, key) + "\n"
        for said, answer in example.turns:
            yield ChatMessage("user", before + said)
            yield ChatMessage("assistant", answer.replace('"reply"', json.dumps(key)))
            before = ""


def _offered(signatures: Sequence[str], key: str) -> str:
    return "\n- ".join(["Functions:", *signatures, f"{key}(text): talk about anything else"])


def _signature(tool: ToolShape) -> str:
    arguments = ", ".join(_argument(field) for field in tool.arguments.fields)
    return f"{tool.name}({arguments}): {_clean(tool.description).rstrip('.')}"


def _argument(field: Field) -> str:
    name = field.name if field.required else f"{field.name}?"
    if isinstance(field.shape, Choice):
        return f"{name}: {'|'.join(map(str, field.shape.values))}"
    return name


def _plain_turn(item: HistoryItem, longest: int) -> ChatMessage:
    match item:
        case FunctionCall():
            return ChatMessage("assistant", f"({item.name} {_json(item.arguments)})")
        case FunctionResult():
            return ChatMessage("user", f"({item.name}: {_shortened(item.output, longest)})")
        case Message(role=Role.ASSISTANT, interrupted=True):
            return _cut_short(item.text)
        case Message(role=Role.ASSISTANT):
            return ChatMessage("assistant", _clean(item.text))
        case Message(role=Role.USER):
            return ChatMessage("user", _shortened(item.text, longest))
        case Message():
            return ChatMessage("user", f"({_shortened(item.text, longest)})")


def _tool_turn(item: HistoryItem, key: str, longest: int) -> ChatMessage:
    match item:
        case FunctionCall():
            return ChatMessage("assistant", _json({item.name: dict(item.arguments)}))
        case FunctionResult():
            label = "Error" if item.is_error else "Result"
            return ChatMessage("user", f"{label}: {_shortened(item.output, longest)}")
        case Message(role=Role.ASSISTANT, interrupted=True):
            return _cut_short(item.text)
        case Message(role=Role.ASSISTANT):
            return ChatMessage("assistant", _json({key: item.text}))
        case Message(role=Role.USER):
            return ChatMessage("user", f"User: {_shortened(item.text, longest)}")
        case Message():
            return ChatMessage("user", f"Instruction: {_shortened(item.text, longest)}")


def _cut_short(text: str) -> ChatMessage:
    """Told, not shown: a small model would cut its own next answer after the same words."""
    return ChatMessage("user", f"(You were interrupted after: {_clean(text)})")


def _alternating(turns: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Join neighbours of one role, as templates of chat models want it; the user has the last word."""
    joined: list[ChatMessage] = []
    for turn in turns:
        if joined and joined[-1].role == turn.role:
            joined[-1] = ChatMessage(turn.role, f"{joined[-1].content}\n{turn.content}")
        elif joined or turn.role == "user":
            joined.append(turn)
        else:
            joined += [ChatMessage("user", "(The call begins.)"), turn]
    if not joined or joined[-1].role == "assistant":
        joined.append(ChatMessage("user", "(Say the next thing.)"))
    return joined


def _json(value: object) -> str:
    return _clean(json.dumps(value, ensure_ascii=False))


def _shortened(text: str, longest: int) -> str:
    text = _clean(text.strip())
    return text if len(text) <= longest else text[:longest].rstrip() + " ..."


def _clean(text: str) -> str:
    """Defuse the model's own marks in words that come from outside."""
    return _MARK.sub("< ", text)
