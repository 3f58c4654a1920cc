"""Speaking to a user who says nothing."""

import asyncio
import functools

import pytest
from tests.core.agents.scene_parts import meanwhile, now
from tests.core.agents.session.hooked import Hooked, joined

from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.events.agent import ExceptionEvent
from vision_agents.core.speech.utterance import UtteranceState
from vision_agents.core.types.status import CloseReason, Reason
from vision_agents.testing import Calls, Says, scripted_call

pytestmark = pytest.mark.virtual_time


async def greet(session: AgentSession) -> None:
    await session.say("Hello.")


@pytest.mark.parametrize("defect", [False, True], ids=["w1", "defect_07"])
async def test_w1_defect_07_fifteen_seconds_after_the_greeting_there_is_one_call(defect: bool) -> None:
    fired: list[float] = []
    agent = Hooked(on_enter=greet)
    session = AgentSession(agent, wake_up=15)
    session.on_wake_up = lambda: fired.append(now())
    async with joined(agent) as (_, caller):
        greeted = caller.heard[-1].end
        await caller.waits(25)
    assert fired == [pytest.approx(greeted + 15, abs=0.1)]


@pytest.mark.parametrize("defect", [False, True], ids=["w2", "defect_08"])
async def test_w2_defect_08_it_fires_again_after_a_call_that_says_nothing(defect: bool) -> None:
    attempts: list[int] = []

    async def count(attempt: int) -> None:
        attempts.append(attempt)

    async with scripted_call() as s:
        s.session.wake_up, s.session.on_wake_up = 10, count
        await s.caller.waits(35)
    assert attempts == [1, 2, 3]


async def test_w3_whatever_is_callable_is_called_and_awaited() -> None:
    async with scripted_call(Says(text="Hello there.", to="still there")) as s:
        s.session.wake_up = 10
        s.session.on_wake_up = lambda: s.session.reply("Ask if they are still there.")
        await s.caller.hears("hello there")
        s.session.on_wake_up = functools.partial(s.session.say, "Anybody?")
        await s.caller.hears("anybody")


async def test_w4_a_long_tool_is_not_silence_and_the_time_starts_after_its_answer() -> None:
    fired: list[float] = []

    async def slow() -> str:
        """Take long."""
        await asyncio.sleep(90)
        return "done"

    agent = Hooked(
        Calls(tool="slow"), Says(text="All done.", to="done"), tools=[slow], deadlines=Deadlines(tool=100)
    )
    async with joined(agent) as (session, caller):
        session.wake_up, session.on_wake_up = 15, lambda: fired.append(now())
        await caller.says("do it")
        await caller.hears("all done", within=120)
        assert fired == []
        await caller.waits(20)
        assert fired == [pytest.approx(caller.heard[-1].end + 15, abs=0.1)]


async def test_w5_the_timer_comes_back_after_a_reply_that_was_cut_unheard() -> None:
    fired: list[float] = []
    async with scripted_call(Says(text="Never heard.", first_token=5)) as s:
        s.session.wake_up, s.session.on_wake_up = 10, lambda: fired.append(now())
        reply = meanwhile(s.session.reply("Say something."))
        await s.caller.waits(3)
        cut = now()
        s.session.interrupt()
        assert (await reply).state is UtteranceState.INTERRUPTED
        await s.caller.waits(12)
        assert fired == [pytest.approx(cut + 10, abs=0.01)]


async def test_words_begin_the_silence_anew_and_noise_only_stops_it_meanwhile() -> None:
    fired: list[float] = []
    async with scripted_call("Fine.") as s:
        s.session.wake_up, s.session.on_wake_up = 10, lambda: fired.append(now())
        began = now()
        await s.caller.waits(5)
        await s.caller.mumbles(0.4)
        await s.caller.waits(8)
        assert fired == [pytest.approx(began + 10, abs=2.5)]
        assert fired[0] > began + 10.3
        fired.clear()
        await s.caller.says("how are you")
        await s.caller.hears("fine")
        await s.settles()
        answered = s.caller.heard[-1].end
        await s.caller.waits(10)
        assert fired == [pytest.approx(answered + 10, abs=0.1)]


async def test_after_the_last_attempt_the_session_ends_because_the_user_is_silent() -> None:
    async with scripted_call() as s:
        s.session.wake_up, s.session.on_wake_up = 10, lambda: s.session.say("Hello?")
        s.session.max_wake_ups = 2
        await s.agent.finish()
        assert [stretch.text for stretch in s.caller.heard] == ["hello", "hello"]
        assert s.session.close_reason == CloseReason(Reason.USER_SILENT)


async def test_a_goodbye_is_heard_when_it_gives_up() -> None:
    async def goodbye(session: AgentSession) -> None:
        session.say("Goodbye then.")

    agent = Hooked(on_exit=goodbye)
    async with joined(agent) as (session, caller):
        session.wake_up, session.on_wake_up, session.max_wake_ups = 5, (lambda: None), 1
        await agent.finish()
        await session.wait()
        assert caller.heard_text == "goodbye then"


async def test_it_may_be_set_changed_and_switched_off_while_the_call_goes_on() -> None:
    fired: list[float] = []
    async with scripted_call() as s:
        await s.caller.waits(8)
        s.session.on_wake_up = lambda: fired.append(now())
        await s.caller.waits(8)
        assert fired == []
        s.session.wake_up = 10
        await s.caller.waits(10.5)
        assert len(fired) == 1
        s.session.wake_up = 3
        await s.caller.waits(4)
        assert len(fired) == 2
        s.session.wake_up = None
        await s.caller.waits(60)
        assert len(fired) == 2


async def test_nobody_is_woken_where_nobody_is() -> None:
    fired: list[float] = []
    agent = Hooked()
    session = AgentSession(agent, wake_up=5, call_id="scene")
    session.on_wake_up = lambda: fired.append(now())
    await session.start()
    await asyncio.sleep(30)
    assert fired == []
    await agent.close()


async def test_a_call_that_fails_is_told_of_and_the_next_one_comes() -> None:
    def fails(attempt: int) -> None:
        attempts.append(attempt)
        raise ZeroDivisionError

    attempts: list[int] = []
    async with scripted_call() as s:
        s.session.wake_up, s.session.on_wake_up = 10, fails
        await s.caller.waits(25)
        assert attempts == [1, 2]
        assert [type(e.error) for e in s.of(ExceptionEvent)] == [ZeroDivisionError] * 2


async def test_the_end_of_the_session_ends_a_call_under_way() -> None:
    ended: list[str] = []

    async def long() -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            ended.append("cancelled")

    async with scripted_call() as s:
        s.session.wake_up, s.session.on_wake_up = 5, long
        await s.caller.waits(6)
    assert ended == ["cancelled"]


async def test_a_wake_up_after_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="wake_up"):
        AgentSession(Hooked(), wake_up=0)
