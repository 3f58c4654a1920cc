"""What a turn cost, as it happens, and what the agent has used so far."""

import pytest

from vision_agents.core.events.agent import TurnMetricsEvent
from vision_agents.testing import scripted_call


@pytest.mark.virtual_time
async def test_each_turn_tells_what_it_cost() -> None:
    """One question, one answer."""
    async with scripted_call("It is sunny in Paris.") as call:
        turns: list[TurnMetricsEvent] = []

        @call.agent.subscribe
        def on_turn(event: TurnMetricsEvent) -> None:
            turns.append(event)

        await call.caller.says("What is the weather in Paris?")
        await call.settles()

        [turn] = turns
        assert turn.outcome == "completed"
        assert turn.response_delay_ms is not None
        assert turn.metrics["tts_characters__total"] == 21
        assert call.agent.metrics.to_dict(["llm_output_tokens__total"]) == {"llm_output_tokens__total": 5}
        assert call.session.providers["llm"].provider == "scripted"
