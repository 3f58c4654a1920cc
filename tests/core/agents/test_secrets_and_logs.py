"""Whatever fails in a call, the log tells what it was and where, and nothing of what the error said."""

import logging

import pytest

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.job_context import JobContext
from vision_agents.core.agents.room_options import RoomOptions
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.events.agent import UserTurnEndedEvent
from vision_agents.core.speech.utterance import UtteranceHandle
from vision_agents.testing import Calls, Fails, Says, ScriptedLLM, ScriptedSTT, ScriptedTTS, scripted_call

pytestmark = pytest.mark.virtual_time

SECRET = "sk-planted-0123456789"


class KeyRefused(Exception):
    """What a vendor's package raises."""


def refuse(*_: object) -> None:
    raise KeyRefused(f"{SECRET} is not valid") from ConnectionError(SECRET)


def assert_told_without_words(caplog: pytest.LogCaptureFixture, *sentences: str) -> None:
    told = {record.getMessage(): vars(record) for record in caplog.records}
    assert set(sentences) <= set(told)
    for sentence in sentences:
        assert told[sentence]["error"] == "KeyRefused"
    assert all(record.exc_info is None for record in caplog.records)
    assert "planted" not in caplog.text + "".join(map(str, told.values()))


async def test_t67_tools_handlers_and_callbacks(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def look_up() -> str:
        """Look it up."""
        raise KeyRefused(SECRET)

    async def refuse_later(event: UserTurnEndedEvent) -> None:
        refuse()

    def refuse_at_once(event: UserTurnEndedEvent) -> None:
        refuse()

    def when_done(handle: UtteranceHandle) -> None:
        refuse()

    async with scripted_call(Calls(tool="look_up"), Says(text="It failed."), tools=[look_up]) as s:
        s.agent.events.on(UserTurnEndedEvent, refuse_at_once)
        s.agent.events.on(UserTurnEndedEvent, refuse_later)
        await s.caller.says("what is it")
        await s.caller.hears("it failed")
        handle = s.session.say("One.")
        handle.add_done_callback(when_done)
        await handle
        await s.settles()

    assert_told_without_words(
        caplog, "A tool failed", "An event handler failed", "A callback of an utterance failed"
    )


async def test_t67_providers(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    refusal = KeyRefused(SECRET)
    async with scripted_call(Fails(error=refusal)) as s:
        await s.caller.says("hello")
        await s.settles()
    async with scripted_call(tts=ScriptedTTS(fails=refusal)) as s:
        await s.session.say("One.")
    async with scripted_call(stt=ScriptedSTT(fails=refusal)) as s:
        await s.caller.says("hello")
        await s.settles()

    assert "A turn of the agent failed" in caplog.messages
    assert "The recogniser failed" in caplog.messages
    assert_told_without_words(caplog, "The recogniser failed")


class Refusing(Agent):
    """Its hooks fail."""

    async def on_exit(self) -> None:
        refuse()


async def test_t67_hooks_and_tasks(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    agent = Refusing(edge=Edge(), llm=ScriptedLLM(), tts=ScriptedTTS())

    async def refuse_later() -> None:
        refuse()

    with JobContext(room_options=RoomOptions(room_id="desk")).current() as job:
        job.add_shutdown_callback(refuse)
        session = AgentSession(agent)
        await session.start()
        await session.close()
    async with TaskScope("call") as scope:
        await scope.start(refuse_later(), name="speaker")

    assert_told_without_words(caplog, "on_exit failed", "A shutdown callback failed", "A task failed")
