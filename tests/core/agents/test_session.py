"""A session from join to close: what may be asked of it when, and that it always ends."""

import asyncio
from contextlib import suppress

import pytest
from tests.core.agents.scene_parts import meanwhile, now
from tests.core.agents.session_parts import (
    CountedLLM,
    CountedTTS,
    TroubledEdge,
    a_call,
    an_agent,
    talking,
)

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.edge.loopback_room import LoopbackExchange
from vision_agents.core.errors import (
    AgentBusy,
    ConfigurationError,
    EdgeError,
    JoinTimeout,
    SessionClosed,
    SessionNotStarted,
)
from vision_agents.core.events.agent import (
    AgentJoinedCallEvent,
)
from vision_agents.core.events.event import Event
from vision_agents.core.speech.utterance import UtteranceState
from vision_agents.core.types.status import AgentState, CloseReason, Reason, SessionStatus, UserState
from vision_agents.testing import (
    Says,
    ScriptedLLM,
    SimulatedCaller,
    scripted_call,
)

pytestmark = pytest.mark.virtual_time


class TestBeforeItHasStarted:
    async def test_speech_is_refused(self) -> None:
        session = AgentSession(an_agent())
        with pytest.raises(SessionNotStarted):
            session.say("Hello.")
        with pytest.raises(SessionNotStarted):
            await session.reply("Greet.")
        for act in (session.interrupt, session.begin_user_turn, session.end_user_turn):
            with pytest.raises(SessionNotStarted):
                act()
        with pytest.raises(SessionNotStarted):
            _ = session.connection

    async def test_its_properties_tell_that_nothing_has_happened(self) -> None:
        agent = an_agent()
        assert agent.session is None
        session = AgentSession(agent, call_id="call")
        assert agent.session is session
        assert (session.agent, session.id, session.call_id) == (agent, agent.id, "call")
        assert session.status is SessionStatus.STARTING
        assert (session.close_reason, session.started_at) == (None, None)
        assert (session.user_state, session.agent_state) == (UserState.IDLE, AgentState.IDLE)
        assert (session.on_call_for(), session.idle_for()) == (0.0, 0.0)
        assert not session.started
        assert not session.finished
        assert session.call is None
        assert session.settled
        assert list(session.history) == []

    async def test_it_may_be_configured_again_and_stays_the_same(self) -> None:
        agent = an_agent()
        first = AgentSession(agent)
        assert AgentSession(agent, call_id="later") is first
        assert first.call_id == "later"

    async def test_another_class_of_session_is_refused(self) -> None:
        class Special(AgentSession):
            pass

        agent = an_agent()
        AgentSession(agent)
        with pytest.raises(AgentBusy):
            Special(agent)

    async def test_closing_ends_it_with_the_reason_and_joins_nothing(self) -> None:
        agent = an_agent()
        session = AgentSession(agent)
        await session.close(Reason.REQUESTED, "before it began")
        assert session.status is SessionStatus.CLOSED
        assert session.close_reason == CloseReason(Reason.REQUESTED, "before it began")
        with pytest.raises(SessionClosed):
            await session.open(await a_call(agent))

    async def test_waiting_for_what_never_began_returns(self) -> None:
        session = AgentSession(an_agent())
        await session.wait()
        await session.wait_ending()


class TestWhileItJoins:
    async def test_speech_is_refused(self) -> None:
        agent = an_agent(TroubledEdge(2.0))
        joining = meanwhile(AgentSession(agent).open(await a_call(agent)))
        await asyncio.sleep(1)
        assert agent.session is not None
        assert agent.session.agent_state is AgentState.STARTING
        with pytest.raises(SessionNotStarted):
            agent.session.say("Hello.")
        await joining
        await agent.close()

    @pytest.mark.parametrize("error", [OSError("no key"), TimeoutError("the vendor's own")])
    async def test_a_part_that_fails_raises_its_own_error_and_everything_is_given_back_once(
        self, error: Exception
    ) -> None:
        edge, voice = TroubledEdge(0.0), CountedTTS(start=error)
        agent = an_agent(edge, voice)
        llm = agent.llm
        assert isinstance(llm, CountedLLM)
        llm.start_takes = 60
        with pytest.raises(type(error), match=str(error)):
            async with agent.join(await a_call(agent)):
                raise AssertionError("it must not be joined")
        assert now() < 1
        assert llm.given_up
        assert (voice.closed, llm.closed, edge.closed) == (1, 1, 1)
        assert agent.session is not None
        assert agent.session.status is SessionStatus.FAILED
        assert agent.session.close_reason is not None
        assert agent.session.close_reason.reason is Reason.ERROR

    @pytest.mark.parametrize("error", [EdgeError("refused"), TimeoutError("ice")])
    async def test_an_edge_that_fails_raises_its_own_error(self, error: Exception) -> None:
        agent = an_agent(TroubledEdge(error))
        with pytest.raises(type(error), match=str(error)) as raised:
            async with agent.join(await a_call(agent)):
                raise AssertionError("it must not be joined")
        assert not isinstance(raised.value, JoinTimeout)

    async def test_it_is_bounded(self) -> None:
        edge, voice = TroubledEdge(1000.0), CountedTTS()
        agent = an_agent(edge, voice, deadlines=Deadlines(start=5))
        with pytest.raises(JoinTimeout, match="5 s"):
            async with agent.join(await a_call(agent)):
                raise AssertionError("it must not be joined")
        assert now() == pytest.approx(5, abs=0.01)
        assert (voice.closed, edge.closed) == (1, 1)
        assert agent.session is not None
        assert agent.session.close_reason is not None
        assert agent.session.close_reason.reason is Reason.JOIN_TIMEOUT

    async def test_cancelling_it_ends_it_at_once(self) -> None:
        voice = CountedTTS()
        agent = an_agent(TroubledEdge(1000.0), voice)

        async def joins() -> None:
            async with agent.join(await a_call(agent)):
                raise AssertionError("it must not be joined")

        joining = meanwhile(joins())
        await asyncio.sleep(1)
        joining.cancel()
        with pytest.raises(asyncio.CancelledError):
            await joining
        assert now() < 1.5
        assert voice.closed == 1
        assert agent.session is not None
        assert agent.session.finished

    async def test_closing_it_ends_it_at_once(self) -> None:
        agent = an_agent(TroubledEdge(1000.0))
        events: list[Event] = []
        agent.events.on(Event, events.append)
        session = AgentSession(agent)
        joining = meanwhile(session.open(await a_call(agent)))
        await asyncio.sleep(1)
        await session.close(Reason.REQUESTED)
        assert now() < 1.5
        assert session.finished
        assert session.close_reason is not None
        assert session.close_reason.reason is Reason.REQUESTED
        assert not any(isinstance(event, AgentJoinedCallEvent) for event in events)
        with pytest.raises(SessionClosed):
            await joining
        await agent.close()

    async def test_an_agent_without_parts_is_refused(self) -> None:
        agent = Agent(edge=Edge())
        with pytest.raises(ConfigurationError, match="parts"):
            async with agent.join(await a_call(agent)):
                raise AssertionError("it must not be joined")


class TestInACall:
    async def test_it_tells_since_when(self) -> None:
        async with scripted_call() as s:
            await s.caller.waits(5)
            assert s.session.on_call_for() == pytest.approx(5)
            assert s.session.idle_for() == 0.0
            assert s.session.started_at is not None
            assert s.session.status is SessionStatus.ACTIVE
            assert s.session.call is not None
            assert s.session.call.id == "scene"

    async def test_it_tells_how_long_it_has_been_alone(self) -> None:
        edge = Edge()
        agent = an_agent(edge)
        async with agent.join(await a_call(agent), participant_wait_timeout=0) as session:
            await asyncio.sleep(3)
            assert session.idle_for() == pytest.approx(3)
            async with SimulatedCaller(edge):
                await asyncio.sleep(1)
                assert session.idle_for() == 0.0
            await asyncio.sleep(2)
            assert session.idle_for() == pytest.approx(2)

    async def test_waiting_for_company_is_no_idleness_until_somebody_has_come(self) -> None:
        edge = Edge()
        agent = an_agent(edge)
        agent.company_wait = 10.0
        async with agent.join(await a_call(agent), participant_wait_timeout=0) as session:
            await asyncio.sleep(9)
            assert session.idle_for() == 0.0
            await asyncio.sleep(3)
            assert session.idle_for() == pytest.approx(2)
            async with SimulatedCaller(edge):
                await asyncio.sleep(1)
            await asyncio.sleep(2)
            assert session.idle_for() == pytest.approx(2)

    async def test_joining_again_is_refused_and_the_call_goes_on(self) -> None:
        async with scripted_call("Fine.") as s:
            with pytest.raises(AgentBusy):
                async with s.agent.join(await s.agent.create_call("default", "other")):
                    raise AssertionError("it must not be joined")
            assert s.session.status is SessionStatus.ACTIVE
            with pytest.raises(AgentBusy):
                AgentSession(s.agent)
            await s.caller.says("how are you")
            await s.caller.hears("fine")
            await s.settles()

    async def test_finish_returns_when_the_caller_hangs_up(self) -> None:
        async with scripted_call() as s:
            finishing = meanwhile(s.agent.finish())
            await s.caller.waits(3)
            assert not finishing.done()
            await s.caller.hangs_up()
            await finishing
            await s.session.wait()
            assert s.session.close_reason is not None
            assert s.session.close_reason.reason is Reason.CALL_ENDED

    async def test_giving_up_waiting_for_its_end_does_not_end_it(self) -> None:
        async with scripted_call() as s:
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await s.session.wait()
            assert s.session.status is SessionStatus.ACTIVE

    async def test_two_agents_in_two_calls_do_not_mix(self) -> None:
        async with (
            scripted_call(Says(text="It is noon.", to="what time is it")) as one,
            scripted_call(Says(text="It is sunny.", to="how is the weather")) as two,
        ):
            await asyncio.gather(one.caller.says("what time is it"), two.caller.says("how is the weather"))
            await asyncio.gather(one.caller.hears("it is noon"), two.caller.hears("it is sunny"))
            await asyncio.gather(one.settles(), two.settles())
            assert (one.caller.heard_text, two.caller.heard_text) == ("it is noon", "it is sunny")
            assert [text for _, text in one.said] == ["what time is it", "It is noon."]
            assert [text for _, text in two.said] == ["how is the weather", "It is sunny."]
            assert {event.session_id for event in one.events} == {one.session.id}
            assert {event.session_id for event in two.events} == {two.session.id}
            await one.session.close()
            assert two.session.status is SessionStatus.ACTIVE

    async def test_two_agents_in_one_call_hear_each_other_and_do_not_mix_up_their_histories(self) -> None:
        exchange = LoopbackExchange()
        asker, answerer = talking("Who are you?", exchange), talking("A robot.", exchange)
        call = await asker.create_call("default", "both")
        async with (
            asker.join(call, participant_wait_timeout=0) as first,
            answerer.join(call, participant_wait_timeout=0) as second,
        ):
            await first.say("Who are you?")
            await asyncio.sleep(1.8)
            assert [item.text for item in second.history.messages] == ["who are you", "A robot."]
            assert next(item.text for item in first.history.messages) == "Who are you?"
            await second.close()
            await first.close()


class TestAnAgentWithoutAVoice:
    async def test_a_long_answer_stays_text_to_its_end(self) -> None:
        answer = " ".join(f"This is sentence {number} of it." for number in range(200))
        agent = Agent(edge=Edge(), llm=ScriptedLLM([answer]))
        async with agent.join(await a_call(agent), participant_wait_timeout=0) as session:
            handle = await session.reply("Tell me all.")
            assert handle.state is UtteranceState.COMPLETED
            assert [message.text for message in session.history.messages] == [answer]
