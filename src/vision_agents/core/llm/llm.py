"""Port: a language model that answers in text and may call tools."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from vision_agents.core.functions.registry import FunctionRegistry, ToolFunctionT
from vision_agents.core.functions.schema import ToolSchema
from vision_agents.core.history.messages import HistoryItem
from vision_agents.core.types.component import Component
from vision_agents.core.video.frame import VideoFrame


@dataclass(frozen=True, slots=True)
class LLMProfile:
    """What a model can do."""

    tools: bool = True
    vision: bool = False


@dataclass(frozen=True, slots=True)
class LLMRequest:
    """Everything one answer depends on.

    Args:
        instructions: the persona; the same text turn after turn, so that prompt caches work.
        items: the conversation, oldest first; its last item is what to answer.
        tools: functions the model may call.
        turn_instructions: instructions for this answer only ("Greet the caller."), never the user's words.
        frames: pictures to look at for this answer, the newest one last; only where the profile says
            `vision`. ``core.video.encode`` makes JPEG of them.
    """

    instructions: str
    items: Sequence[HistoryItem]
    tools: Sequence[ToolSchema] = ()
    turn_instructions: str = ""
    frames: Sequence[VideoFrame] = ()


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the spoken answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a tool; the engine runs it and asks again with the result in `items`."""

    id: str
    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that one request cost."""

    input_tokens: int
    output_tokens: int


LLMEvent: TypeAlias = TextDelta | ToolCall | Usage


class LanguageModel(Component):
    """What a model of text and a model of speech have in common: the tools it may call."""

    def __init__(self) -> None:
        self.functions = FunctionRegistry()

    def register_function(
        self, name: str | None = None, *, description: str | None = None
    ) -> Callable[[ToolFunctionT], ToolFunctionT]:
        """Offer a function to the model; its name, signature and docstring make the schema."""
        return self.functions.register(name, description=description)


class LLM(LanguageModel, ABC):
    """A language model; its tools live in `functions`, which the agent shares."""

    profile: LLMProfile = LLMProfile()

    @abstractmethod
    def respond(self, request: LLMRequest) -> AsyncIterator[LLMEvent]:
        """Answer: pieces of text as they come, tool calls when they are complete, usage at the end.

        Closing the iterator stops the generation. Failures are `ProviderError`.
        """

    async def prepare(self, request: LLMRequest) -> None:
        """Process ahead what every request of a session begins with (instructions, tools); optional."""
