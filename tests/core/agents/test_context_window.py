"""A long call stays within bounds: old turns become a summary, recent ones are kept."""

import pytest

from vision_agents.core.agents.context_window import ContextWindow
from vision_agents.core.errors import ProviderError
from vision_agents.core.history.messages import Message
from vision_agents.core.llm.llm import LLMRequest
from vision_agents.testing import Fails, Says, ScriptedCall, ScriptedLLM, scripted_call
from vision_agents.testing.scripted import Line

pytestmark = pytest.mark.virtual_time

SUMMARY = Says(text="They counted.", to="Summarise")


async def talk(
    s: ScriptedCall, window: ContextWindow, lines: list[Line | str], turns: int
) -> list[LLMRequest]:
    """Have so many turns; gives what the model was asked."""
    assert s.session.pipeline is not None
    llm = ScriptedLLM(lines)
    pipeline = s.session.pipeline.replaced(llm=llm)
    pipeline.context_window = window
    await s.session.change_pipeline(pipeline)
    for number in range(turns):
        await s.caller.says(f"question {number}")
        await s.caller.waits(3)
        await s.settles()
    llm.assert_done()
    return llm.requests


def texts(request: LLMRequest) -> list[str]:
    """What the model was told."""
    return [item.text for item in request.items if isinstance(item, Message)]


async def test_old_turns_become_a_summary() -> None:
    async with scripted_call() as s:
        window = ContextWindow(max_items=4, keep_turns=1)
        requests = await talk(s, window, ["A.", "B.", "C.", SUMMARY, "D."], 4)
        assert texts(requests[-1]) == [
            "Earlier in this call: They counted.",
            "question 2",
            "C.",
            "question 3",
        ]
        assert len(s.said) == 8


async def test_without_summarising_they_are_left_out() -> None:
    async with scripted_call() as s:
        window = ContextWindow(max_items=4, keep_turns=1, summarise=False)
        requests = await talk(s, window, ["A.", "B.", "C.", "D."], 4)
        assert texts(requests[-1]) == ["question 2", "C.", "question 3"]


async def test_tokens_count_too() -> None:
    async with scripted_call() as s:
        window = ContextWindow(max_tokens=3, keep_turns=1, summarise=False)
        requests = await talk(s, window, ["A.", "B.", "C."], 3)
        assert texts(requests[-1]) == ["question 1", "B.", "question 2"]


async def test_a_summary_that_fails_does_not_stop_the_call() -> None:
    broken = Fails(error=ProviderError("Down.", provider="scripted", stage="llm"), to="Summarise")
    async with scripted_call() as s:
        window = ContextWindow(max_items=4, keep_turns=1)
        requests = await talk(s, window, ["A.", "B.", "C.", broken, "D."], 4)
        assert texts(requests[-1]) == ["question 2", "C.", "question 3"]


def test_a_window_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="keep_turns"):
        ContextWindow(keep_turns=0)
