"""Keeps what the model is told of a long call within bounds: old turns become a summary."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.history.conversation import Conversation
from vision_agents.core.history.messages import FunctionCall, FunctionResult, HistoryItem, Message, Role
from vision_agents.core.llm.llm import LLM, LLMRequest, TextDelta

logger = logging.getLogger("vision_agents.context")

_SUMMARISE = (
    "Summarise the conversation so far for somebody who goes on with it: names, numbers, what was asked, "
    "answered, agreed and left open. A few plain sentences, nothing else."
)
_LETTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextWindow:
    """How much of the conversation the model is told.

    Args:
        max_items: messages, tool calls and results.
        max_tokens: of their text, estimated at four letters each.
        keep_turns: the user's last turns, and what followed them, are always kept as they are.
        summarise: what is left out becomes a summary by the model; else it is left out.
    """

    max_items: int = 60
    max_tokens: int = 6000
    keep_turns: int = 3
    summarise: bool = True

    def __post_init__(self) -> None:
        """Refuse a window in which nothing could be said."""
        if min(self.max_items, self.max_tokens, self.keep_turns) < 1:
            raise ValueError("ContextWindow needs max_items, max_tokens and keep_turns >= 1.")


class ContextKeeper:
    """Looks at the history after each answer; summarising happens beside the conversation.

    Args:
        window: the bounds; None for none.
        llm: writes the summary.
        history: what is kept within them.
        scope: holds the task that summarises.
    """

    def __init__(
        self, window: ContextWindow | None, *, llm: LLM, history: Conversation, scope: TaskScope
    ) -> None:
        self._window = window
        self._llm = llm
        self._history = history
        self._scope = scope
        self._busy = False

    def look(self) -> None:
        """Begin to shorten the context where it is too long."""
        window = self._window
        if window is None or self._busy or self._scope.closed:
            return
        items = self._history.context
        if len(items) <= window.max_items and sum(map(_tokens, items)) <= window.max_tokens:
            return
        turns = [place for place, item in enumerate(items) if _is_user(item)]
        if len(turns) <= window.keep_turns or not (cut := turns[-window.keep_turns]):
            return
        old, first_kept = items[:cut], items[cut]
        if not window.summarise:
            self._history.shorten(first_kept, summary=None)
            return
        self._busy = True
        self._scope.start(self._summarise(old, first_kept), name="summary")

    async def _summarise(self, old: tuple[HistoryItem, ...], first_kept: HistoryItem) -> None:
        text = ""
        try:
            request = LLMRequest(instructions=_SUMMARISE, items=old, turn_instructions=_SUMMARISE)
            async for event in self._llm.respond(request):
                if isinstance(event, TextDelta):
                    text += event.text
        except Exception as error:  # noqa: BLE001 - the conversation goes on without a summary
            logger.warning("The conversation was not summarised", extra={"error": type(error).__name__})
        finally:
            self._busy = False
        summary = Message(Role.SYSTEM, f"Earlier in this call: {text.strip()}") if text.strip() else None
        self._history.shorten(first_kept, summary=summary)


def _is_user(item: HistoryItem) -> bool:
    return isinstance(item, Message) and item.role is Role.USER


def _tokens(item: HistoryItem) -> int:
    match item:
        case Message(text=text) | FunctionResult(output=text):
            return len(text) // _LETTERS_PER_TOKEN
        case FunctionCall():
            return len(str(item.arguments)) // _LETTERS_PER_TOKEN
