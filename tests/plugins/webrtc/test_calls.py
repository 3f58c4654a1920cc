"""A person in a browser talks with an agent: real peer connections, the real application, scripted models."""

from __future__ import annotations

from tests.core.runner.http.parts import started
from tests.plugins.webrtc.parts import page, scripted_agent, server

from vision_agents.testing.scripted import Says


async def test_a_spoken_question_is_shown_and_answered_aloud() -> None:
    def agent():
        return scripted_agent([Says(to="is it sunny", text="Yes it is.")])

    async with server(agent) as (client, _), page(client, "lunch", name="Grace") as person:
        session_id = await started(client)
        await person.join()
        hello = await person.until_shown("hello")
        person.say("is it sunny")
        await person.until_shown("transcript", role="user", text="is it sunny", final=True)
        await person.until_shown("transcript", role="agent", final=True)

        assert hello["session_id"] == session_id
        assert hello["agent"] == {"id": "agent", "name": "Ada"}
        (said,) = person.shown("transcript", role="agent", final=True)
        assert said["text"] == "Yes it is."
        (turn,) = person.shown("turn")
        assert turn["turn_id"] == said["id"]
