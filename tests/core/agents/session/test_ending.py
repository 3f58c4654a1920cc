"""How a session ends: in every state, once, with a reason, and with its goodbye heard."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest
from tests.core.agents.scene_parts import meanwhile, now, until
from tests.core.agents.session.hooked import Hooked, joined

from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.agents.voicemail import VoiceMailDetector
from vision_agents.core.edge.loopback import Edge, LoopbackConnection, LoopbackPhone
from vision_agents.core.edge.transport import Call, ConnectionListener
from vision_agents.core.errors import EdgeError
from vision_agents.core.events.agent import AgentFinishEvent, AgentStateChangedEvent, TurnMetricsEvent
from vision_agents.core.speech.utterance import UtteranceHandle, UtteranceState
from vision_agents.core.types.people import User
from vision_agents.core.types.status import AgentState, CloseReason, Reason, SessionStatus
from vision_agents.testing import Calls, Says, SimulatedCaller
from vision_agents.testing.scripted import Line

pytestmark = pytest.mark.virtual_time

Scene = Callable[[AgentSession, SimulatedCaller], Coroutine[Any, Any, None]]


async def goodbye(session: AgentSession) -> None:
    await session.say("Goodbye to you.")


class TestGoodbye:
    async def test_it_is_heard_in_full_before_the_agent_leaves(self) -> None:
        agent = Hooked(on_exit=goodbye)
        async with joined(agent) as (session, caller):
            await session.close()
            assert caller.heard_text == "goodbye to you"
            assert agent.said == [("assistant", "Goodbye to you.")]
            assert caller.peer.participants == ()

    async def test_it_is_heard_in_full_when_on_exit_does_not_wait_for_it(self) -> None:
        async def leaves_it(session: AgentSession) -> None:
            session.say("Goodbye to you.")

        async with joined(Hooked(on_exit=leaves_it)) as (session, caller):
            await session.close()
            assert caller.heard_text == "goodbye to you"

    async def test_the_model_may_write_it(self) -> None:
        async def asks(session: AgentSession) -> None:
            await session.reply("Take leave.")

        async with joined(Hooked(Says(text="So long.", to="Take leave."), on_exit=asks)) as (session, caller):
            await session.close()
            assert caller.heard_text == "so long"

    async def test_what_was_being_said_is_cut_for_it(self) -> None:
        agent = Hooked(on_exit=goodbye)
        async with joined(agent) as (session, caller):
            old = session.say("One two three four five six.", interruptible=False)
            await caller.hears("two")
            await session.close()
            assert old.interrupted
            assert "six" not in caller.heard_text
            assert caller.heard_text.endswith("goodbye to you")

    async def test_nobody_hears_it_where_nobody_is_left(self) -> None:
        handles: list[UtteranceHandle] = []

        async def says(session: AgentSession) -> None:
            handles.append(session.say("Goodbye to you."))
            await handles[0]

        agent = Hooked(on_exit=says)
        session = AgentSession(agent, call_id="scene")
        await session.start()
        await session.close()
        assert now() < 0.1
        assert [handle.state for handle in handles] == [UtteranceState.SKIPPED]

    async def test_one_that_will_not_end_is_left_in_time(self) -> None:
        async def talks(session: AgentSession) -> None:
            session.say("And another thing. " * 20)
            while now() < 100:
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(100 - now())

        agent = Hooked(on_exit=talks, deadlines=Deadlines(close=3))
        async with joined(agent) as (session, caller):
            began = now()
            await session.close()
            assert now() - began <= 3.01
            assert caller.peer.participants == ()
            await caller.waits(110)

    async def test_one_that_fails_does_not_keep_the_rest(self, caplog: pytest.LogCaptureFixture) -> None:
        async def fails(session: AgentSession) -> None:
            raise ZeroDivisionError

        agent = Hooked(on_exit=fails)
        async with joined(agent) as (session, caller):
            await session.close()
            assert session.state is SessionStatus.CLOSED
            assert caller.peer.participants == ()
        assert "on_exit failed" in [record.message for record in caplog.records]

    async def test_closing_or_hanging_up_in_it_changes_nothing(self) -> None:
        async def again(session: AgentSession) -> None:
            await session.close(Reason.HANGUP)
            await session.hangup()
            await session.say("Goodbye to you.")

        agent = Hooked(on_exit=again)
        async with joined(agent) as (session, caller):
            await session.leave()
            assert caller.heard_text == "goodbye to you"
            assert session.close_reason == CloseReason(Reason.LEFT)
            assert agent.exited == 1


async def nothing(session: AgentSession, caller: SimulatedCaller) -> None: ...


async def speaking(session: AgentSession, caller: SimulatedCaller) -> None:
    session.say("One two three four five six.", interruptible=False)
    await caller.hears("two")


async def thinking(session: AgentSession, caller: SimulatedCaller) -> None:
    await session.reply("think", wait_for_playback=False)
    await caller.waits(1)


async def listening(session: AgentSession, caller: SimulatedCaller) -> None:
    caller_speaks.append(meanwhile(caller.says("one two three four five")))
    await until(lambda: session.agent_state is AgentState.LISTENING)


caller_speaks: list[asyncio.Task[Any]] = []


async def in_a_tool(session: AgentSession, caller: SimulatedCaller) -> None:
    await caller.says("work")
    await caller.waits(2)


async def interrupted(session: AgentSession, caller: SimulatedCaller) -> None:
    session.say("One two three four five six.")
    await caller.hears("two")
    session.interrupt()


async def asking_for_keys(session: AgentSession, caller: SimulatedCaller) -> None:
    caller_speaks.append(meanwhile(session.gather_digits(4, prompt="Your pin.")))
    await caller.hears("your pin")
    await caller.presses("1")


async def handing_over(session: AgentSession, caller: SimulatedCaller) -> None:
    assert isinstance(session.agent, Hooked)
    session.agent.loopback.add_phone(LoopbackPhone("tel:+15550100", rings=None))
    caller_speaks.append(meanwhile(session.transfer("+15550100", warm=True, hold_audio=None)))
    await caller.waits(2)


async def with_music(session: AgentSession, caller: SimulatedCaller) -> None:
    await session.agent.play_background_audio(volume=0.1, looping=True)
    await session.agent.play_background_audio(volume=0.0, looping=True)
    await caller.waits(1)


async def waking_up(session: AgentSession, caller: SimulatedCaller) -> None:
    woken = asyncio.Event()

    async def wakes() -> None:
        woken.set()
        await asyncio.sleep(100)

    session.wake_up, session.on_wake_up = 1, wakes
    await woken.wait()


async def held_back(session: AgentSession, caller: SimulatedCaller) -> None:
    session.say("Good morning.")
    await caller.waits(1)
    assert caller.heard == []


@pytest.mark.parametrize("way", ["close", "leave", "hangup"])
@pytest.mark.parametrize(
    "scene",
    [
        nothing,
        speaking,
        thinking,
        listening,
        in_a_tool,
        interrupted,
        asking_for_keys,
        handing_over,
        with_music,
        waking_up,
        held_back,
    ],
)
async def test_closing_in_every_state_ends_in_time_and_runs_on_exit_once(scene: Scene, way: str) -> None:
    async def work() -> str:
        """Work for ever."""
        await asyncio.Event().wait()
        return ""

    lines: dict[Scene, list[Line]] = {
        thinking: [Says(text="", first_token=500)],
        in_a_tool: [Calls(tool="work")],
    }
    agent = Hooked(
        *lines.get(scene, []), on_exit=goodbye, tools=[work], deadlines=Deadlines(drain=2, tool=1000)
    )
    if scene is held_back:
        AgentSession(agent, voice_mail_detector=VoiceMailDetector())
    async with joined(agent) as (session, caller):
        await scene(session, caller)
        began = now()
        ends = {
            "close": session.close,
            "leave": session.leave,
            "hangup": session.hangup,
        }
        await asyncio.gather(ends[way](), session.close(), session.leave())
        assert now() - began <= 8
        assert session.state is SessionStatus.CLOSED
        assert agent.exited == 1
        assert caller.heard_text.endswith("goodbye to you")
        assert agent.states.count("closing") == 1
        assert agent.states[-1] == "closing"
        for task in caller_speaks:
            assert task.done() or scene is listening  # who waited has been told
            task.cancel()
        caller_speaks.clear()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("defect", [False, True], ids=["t14", "defect_17"])
async def test_state_t14_defect_17_whoever_closes_second_waits_and_on_exit_comes_before_the_last_numbers(
    defect: bool,
) -> None:
    agent = Hooked(on_exit=goodbye)
    async with joined(agent) as (session, caller):
        first = meanwhile(session.close(Reason.REQUESTED))
        await caller.waits(0.3)
        assert session.agent_state is AgentState.CLOSING
        assert session.state is SessionStatus.CLOSING
        await session.close(Reason.ERROR)
        assert caller.heard_text == "goodbye to you"
        assert session.close_reason == CloseReason(Reason.REQUESTED)
        await first
    kinds = [type(event) for event in agent.published]
    assert kinds.index(TurnMetricsEvent) < kinds.index(AgentFinishEvent)
    assert AgentStateChangedEvent not in kinds[kinds.index(AgentFinishEvent) :]


class TestHangUp:
    async def test_it_ends_the_call_for_everybody_after_what_is_being_said(self) -> None:
        agent = Hooked()
        async with joined(agent) as (session, caller):
            session.say("One two three four.")
            await caller.hears("one")
            await session.hangup()
            assert caller.heard_text == "one two three four"
            assert caller.peer.ended.is_set()
            assert caller.peer.end_detail == "manual_hangup"
            assert session.close_reason == CloseReason(Reason.HANGUP, "manual_hangup")
            assert session.state is SessionStatus.CLOSED

    async def test_without_drain_it_is_at_once(self) -> None:
        async with joined(Hooked()) as (session, caller):
            session.say("One two three four.")
            await caller.hears("one")
            began = now()
            await session.hangup("voicemail", drain=False)
            assert now() - began < 0.2
            assert caller.peer.end_detail == "voicemail"

    async def test_in_a_tool_the_answer_goes_on_to_its_goodbye(self) -> None:
        async def end_call() -> str:
            """End the call."""
            assert agent.session is not None
            await agent.session.hangup()
            await agent.session.hangup()
            return "ending"

        agent = Hooked(Calls(tool="end_call"), Says(text="Take care now.", to="ending"), tools=[end_call])
        async with joined(agent) as (session, caller):
            await caller.says("bye")
            await agent.finish()
            await session.wait()
            assert caller.heard_text == "take care now"
            assert caller.peer.ended.is_set()
            assert session.close_reason == CloseReason(Reason.HANGUP, "manual_hangup")

    async def test_the_wait_for_the_last_word_is_bounded(self) -> None:
        agent = Hooked(Says(text="Never.", first_token=500), deadlines=Deadlines(drain=4))
        async with joined(agent) as (session, _):
            await session.reply("Think.", wait_for_playback=False)
            began = now()
            await session.hangup()
            assert now() - began == pytest.approx(4, abs=0.2)

    async def test_leaving_lets_the_call_go_on(self) -> None:
        async with joined(Hooked()) as (session, caller):
            await session.leave()
            assert not caller.peer.ended.is_set()
            assert session.close_reason == CloseReason(Reason.LEFT)

    async def test_before_it_has_started_it_closes(self) -> None:
        session = AgentSession(Hooked())
        await session.hangup("never mind")
        assert session.close_reason == CloseReason(Reason.HANGUP, "never mind")

    async def test_defect_18_a_line_that_cannot_be_ended_is_told_of_and_left(self) -> None:
        class Stuck(LoopbackConnection):
            async def end(self, detail: str = "") -> None:
                raise OSError("carrier")

        class StuckEdge(Edge):
            async def join(self, call: Call, user: User, listener: ConnectionListener) -> LoopbackConnection:
                connection = await super().join(call, user, listener)
                connection.__class__ = Stuck
                return connection

        async with joined(Hooked(edge=StuckEdge())) as (session, caller):
            with pytest.raises(EdgeError, match="could not be ended") as told:
                await session.hangup()
            assert isinstance(told.value.__cause__, OSError)
            assert caller.peer.participants == ()
