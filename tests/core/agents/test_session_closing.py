"""The end of a session: in every state, once, in bounded time, with a reason."""

import asyncio
from contextlib import suppress

import pytest
from tests.core.agents.scene_parts import edge_of, meanwhile, now
from tests.core.agents.session_parts import (
    CountedTTS,
    a_call,
    a_running_session,
    an_agent,
)

from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.errors import (
    SessionClosed,
)
from vision_agents.core.events.agent import (
    AgentFinishEvent,
    AgentLeftCallEvent,
    AgentStateChangedEvent,
    AgentTurnEndedEvent,
    CallInfo,
)
from vision_agents.core.events.event import Event
from vision_agents.core.events.plugin import ParticipantLeftEvent
from vision_agents.core.speech.utterance import UtteranceHandle, UtteranceState
from vision_agents.core.types.status import AgentState, CloseReason, Reason, SessionStatus
from vision_agents.testing import (
    Calls,
    SimulatedCaller,
    scripted_call,
)

pytestmark = pytest.mark.virtual_time


class TestWhenItCloses:
    async def test_afterwards_everything_is_refused_and_nothing_is_forgotten(self) -> None:
        async with scripted_call("Fine.") as s:
            await s.caller.says("how are you")
            await s.settles()
            await s.session.close()
            with pytest.raises(SessionClosed):
                s.session.say("Hello.")
            with pytest.raises(SessionClosed):
                await s.session.reply("Greet.")
            for act in (s.session.interrupt, s.session.begin_user_turn, s.session.end_user_turn):
                with pytest.raises(SessionClosed):
                    act()
            with pytest.raises(SessionClosed):
                await s.agent.say("Hello.")
            assert s.agent.session is s.session
            assert s.said == [("user", "how are you"), ("assistant", "Fine.")]
            assert s.session.agent_state is AgentState.CLOSING
            assert s.session.finished

    async def test_everybody_who_closes_it_waits_for_the_same_end_and_the_first_reason_counts(self) -> None:
        voice = CountedTTS(close=1.0)
        agent = an_agent(tts=voice)
        async with agent.join(await a_call(agent), participant_wait_timeout=0) as session:
            await asyncio.gather(
                session.close(Reason.REQUESTED, "first"),
                session.close(Reason.MAX_DURATION, "second"),
                agent.close(),
            )
            assert session.status is SessionStatus.CLOSED
            assert now() == pytest.approx(1.0)
            assert session.close_reason is not None
            assert session.close_reason.detail == "first"
        assert voice.closed == 1

    async def test_the_end_is_told_in_order_and_nothing_follows(self) -> None:
        async with scripted_call() as s:
            s.session.say("One two three four five six.")
            await s.caller.hears("two")
        kinds = [type(event) for event in s.events]
        end = kinds.index(AgentLeftCallEvent)
        assert kinds[end:] == [AgentLeftCallEvent, AgentFinishEvent]
        states = [event.state for event in s.of(AgentStateChangedEvent)]
        assert states[-1] is AgentState.CLOSING
        assert states.count(AgentState.CLOSING) == 1

    async def test_an_error_of_the_block_is_the_one_that_is_raised(self) -> None:
        agent = an_agent(tts=CountedTTS(close=OSError("cannot close")))
        with pytest.raises(ZeroDivisionError):
            async with agent.join(await a_call(agent), participant_wait_timeout=0):
                raise ZeroDivisionError
        assert agent.session is not None
        assert agent.session.status is SessionStatus.CLOSED
        assert agent.session.close_reason == CloseReason(Reason.ERROR, "ZeroDivisionError")

    async def test_an_end_that_is_cut_leaves_events_in_order(self, caplog: pytest.LogCaptureFixture) -> None:
        agent = an_agent(tts=CountedTTS(close=5.0))
        late: list[Event] = []
        heard: list[Event] = []

        async def slow(event: AgentLeftCallEvent) -> None:
            late.append(event)

        with suppress(asyncio.CancelledError):
            async with agent.join(await a_call(agent), participant_wait_timeout=0) as session:
                [host] = [t for t in asyncio.all_tasks() if t.get_name() == f"session:{session.id}"]
                for _ in range(2):  # as the end of the process does it
                    host.cancel()
                    await asyncio.sleep(1)
                assert host.done()
                agent.events.subscribe(slow)
                agent.events.on(AgentLeftCallEvent, heard.append)
                agent.events.publish(AgentLeftCallEvent(call=CallInfo("lunch", "default")))
        assert (late, len(heard)) == ([], 1)
        assert not [record for record in caplog.records if record.levelname == "ERROR"]

    async def test_cancelling_who_is_in_it_closes_it(self) -> None:
        agent = an_agent()

        async def entry() -> None:
            async with agent.join(await a_call(agent), participant_wait_timeout=0):
                await agent.finish()

        task = meanwhile(entry())
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert agent.session is not None
        assert agent.session.status is SessionStatus.CLOSED

    async def test_cancelling_who_closes_it_does_not_stop_the_closing(self) -> None:
        voice = CountedTTS(close=1.0)
        agent = an_agent(tts=voice)
        async with agent.join(await a_call(agent), participant_wait_timeout=0) as session:
            closing = meanwhile(session.close())
            await asyncio.sleep(0.5)
            closing.cancel()
            await session.wait()
            assert session.status is SessionStatus.CLOSED
            assert voice.closed == 1

    async def test_a_part_that_will_not_close_is_left_behind_in_time(self) -> None:
        agent = an_agent(tts=CountedTTS(close=1000.0), deadlines=Deadlines(close=3))
        async with agent.join(await a_call(agent), participant_wait_timeout=0) as session:
            began = now()
            await session.close()
            assert now() - began == pytest.approx(3, abs=0.01)
            assert session.status is SessionStatus.CLOSED

    async def test_a_tool_that_will_not_end_does_not_keep_the_agent_in_the_call(self) -> None:
        async def stubborn() -> str:
            """Take long, whatever happens."""
            end = now() + 20
            while now() < end:
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(end - now())
            return "late"

        voice = CountedTTS(close=0.1)
        async with scripted_call(Calls(tool="stubborn"), tts=voice, tools=[stubborn]) as s:
            await s.caller.says("do it")
            await s.caller.waits(1)
            began = now()
            await s.session.close()
            assert now() - began <= 8.01
            assert voice.closed == 1
            assert s.caller.peer.participants == ()
            await asyncio.sleep(20)

    async def test_an_event_handler_may_close_it(self) -> None:
        async with scripted_call() as s:

            async def on_left(_: ParticipantLeftEvent) -> None:
                await s.session.close(Reason.LEFT)

            s.agent.subscribe(on_left)
            async with SimulatedCaller(edge_of(s), user_id="second"):
                await asyncio.sleep(1)
            left = now()
            await s.session.wait()
            assert now() - left < 1
            assert s.session.close_reason is not None
            assert s.session.close_reason.reason is Reason.LEFT

    async def test_what_is_said_while_it_closes_is_skipped_and_nobody_waits_for_it(self) -> None:
        async with scripted_call() as s:
            handles: list[UtteranceHandle] = []

            def on_event(event: Event) -> None:
                if isinstance(event, AgentLeftCallEvent) or s.session.agent_state is AgentState.CLOSING:
                    with suppress(SessionClosed):
                        handles.append(s.session.say("One more thing.", interruptible=False))

            s.agent.events.on(Event, on_event)
            await s.session.close()
            for handle in handles:
                async with asyncio.timeout(1):
                    await handle
            ends = {handle.state for handle in handles}
            assert ends <= {UtteranceState.SKIPPED, UtteranceState.INTERRUPTED}
            assert s.caller.heard == []

    async def test_what_is_pending_ends_and_nobody_waits_for_it(self) -> None:
        async with scripted_call() as s:
            handles = [
                s.session.say("One two three four five six.", interruptible=False),
                await s.agent.say("Seven."),
                await s.session.reply("Eight.", wait_for_playback=False),
            ]
            await s.caller.hears("two")
            await s.session.close()
            assert [handle.state for handle in handles] == [
                UtteranceState.INTERRUPTED,
                UtteranceState.SKIPPED,
                UtteranceState.SKIPPED,
            ]

    async def test_what_is_queued_when_the_last_word_is_cut_is_skipped(self) -> None:
        async with scripted_call() as s:
            handles: list[UtteranceHandle] = []

            def on_end(_: AgentTurnEndedEvent) -> None:
                handles.extend(s.session.say(text, policy="queue") for text in ("Four.", "Five."))

            s.agent.subscribe(on_end)
            s.session.say("One two three.")
            await s.caller.hears("one")
            await s.session.close()
            assert [handle.state for handle in handles] == 2 * [UtteranceState.SKIPPED]


async def test_an_error_of_the_entry_point_is_raised_to_who_waits() -> None:
    async def entry() -> None:
        async with a_running_session():
            raise ZeroDivisionError

    agent = an_agent()
    task = meanwhile(entry())
    session = AgentSession(agent, task=task)
    with pytest.raises(ZeroDivisionError):
        await session.wait()
