"""How a session starts: in which order, when the agent enters, and what a failure does."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from tests.core.agents.scene_parts import meanwhile, now, until
from tests.core.agents.session.hooked import Hooked, joined

from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.agents.dtmf import DTMFHandler
from vision_agents.core.agents.pipeline import Pipeline
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.loopback import LoopbackPeer
from vision_agents.core.edge.transport import Call
from vision_agents.core.errors import AgentBusy, ConfigurationError
from vision_agents.core.events.agent import AgentStartedEvent
from vision_agents.core.events.plugin import AudioStreamEnabledEvent, MCPErrorEvent
from vision_agents.core.types.people import User
from vision_agents.core.types.status import AgentState, CloseReason, Reason, SessionStatus
from vision_agents.testing import Calls, Says, SimulatedCaller

pytestmark = pytest.mark.virtual_time

_FRAME = PcmData.silence(0.02, 48_000)


class ToolServer:
    """Offers tools, or is broken."""

    def __init__(
        self, *tools: Callable[..., object], broken: Exception | None = None, slow: float = 0
    ) -> None:
        self._tools, self._broken, self._slow = tools, broken, slow
        self.closed = 0

    async def initialize(self) -> None:
        await asyncio.sleep(self._slow)
        if self._broken is not None:
            raise self._broken

    def tools(self) -> Iterable[Callable[..., object]]:
        return self._tools

    async def close(self) -> None:
        self.closed += 1


async def stock() -> str:
    """Tell what is in stock."""
    return "seven"


async def greet(session: AgentSession) -> None:
    await session.say("Hello.")


async def test_s1_tools_of_servers_are_there_in_the_first_turn_and_a_broken_server_is_told_of() -> None:
    broken, slow = ToolServer(broken=OSError("no such host")), ToolServer(slow=60)
    agent = Hooked(
        Calls(tool="stock"), Says(text="Seven.", to="seven"), mcp_servers=[ToolServer(stock), broken, slow]
    )
    async with joined(agent) as (_, caller):
        await caller.says("how many")
        await caller.hears("seven")
    errors = [e.error_message for e in agent.published if isinstance(e, MCPErrorEvent)]
    assert errors == ["no such host", "TimeoutError"]
    assert (broken.closed, slow.closed) == (1, 1)


async def test_s2_everything_starts_in_its_order() -> None:
    order: list[str] = []

    class Told(Pipeline):
        async def start(self) -> None:
            order.append("pipeline")
            await super().start()

    class Keys(DTMFHandler):
        def start(self) -> None:
            order.append("keys")

    class Ordered(Hooked):
        async def initialize_mcp(self) -> None:
            order.append("servers")

        async def create_call(self, call_type: str, call_id: str) -> Call:
            order.append("call")
            return await super().create_call(call_type, call_id)

    async def enters(session: AgentSession) -> None:
        order.append("on_enter")

    agent = Ordered(on_enter=enters)
    assert agent.pipeline is not None
    session = AgentSession(agent, Told(tts=agent.pipeline.tts), 5, None, Keys(), call_id="scene")
    session.on("agent_state_changed", lambda payload: order.append(payload["state"]))
    session.on("AGENT_STARTED", lambda payload: order.append(f"started {payload['session'] is session}"))
    session.on_wake_up = lambda: order.append("wake up")
    await session.start()
    agent.loopback.join_as(User(id="caller"))
    await asyncio.sleep(6)

    assert order == [
        *("call", "starting", "servers", "keys", "pipeline"),
        *("on_enter", "started True", "idle", "wake up"),
    ]
    await agent.close()


def calls_up(agent: Hooked) -> LoopbackPeer:
    """Somebody whose telephone rings: in the call, and nothing heard of them."""
    return agent.loopback.join_as(
        User(id="callee", custom={"sipUser": True, "sipCallType": "outbound"}), "scene"
    )


class TestS3CallingUp:
    async def test_s3_the_greeting_waits_for_the_callees_audio_and_comes_once(self) -> None:
        agent = Hooked(on_enter=greet)
        session = AgentSession(agent, call_id="scene")
        callee = calls_up(agent)
        await session.start()
        assert now() == 0
        assert session.agent_state is AgentState.STARTING
        await asyncio.sleep(12)
        assert callee.heard == []

        for _ in range(3):
            callee.send_audio(_FRAME)
        await asyncio.sleep(5)

        assert agent.entered == 1
        assert agent.said == [("assistant", "Hello.")]
        assert session.agent_state is AgentState.IDLE
        kinds = [type(event) for event in agent.published]
        assert kinds.count(AudioStreamEnabledEvent) == kinds.count(AgentStartedEvent) == 1
        await agent.close()

    async def test_s3_audio_that_is_there_already_lets_it_enter_at_once(self) -> None:
        agent = Hooked(on_enter=greet)
        session = AgentSession(agent, call_id="scene")
        callee = calls_up(agent)
        await session.open(await agent.create_call("default", "scene"))
        callee.send_audio(_FRAME)
        await session.enter()
        await until(lambda: callee.heard)
        assert now() < 0.2
        await agent.close()

    async def test_s3_a_callee_who_never_answers_ends_it(self) -> None:
        agent = Hooked(on_enter=greet)
        session = AgentSession(agent, call_id="scene")
        calls_up(agent)
        await session.start()
        await session.wait()
        assert now() == pytest.approx(30)
        assert session.close_reason == CloseReason(Reason.NO_ANSWER)
        assert session.state is SessionStatus.CLOSED
        assert (agent.entered, agent.exited) == (0, 0)

    async def test_defect_06_closing_while_it_rings_leaves_nothing(self) -> None:
        agent = Hooked(on_enter=greet)
        session = AgentSession(agent, call_id="scene")
        callee = calls_up(agent)
        await session.start()
        await asyncio.sleep(3)
        await session.close()
        callee.send_audio(_FRAME)
        assert now() == pytest.approx(3)
        assert (agent.entered, agent.exited) == (0, 0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    async def test_s3_somebody_who_called_us_is_not_waited_for(self) -> None:
        agent = Hooked(on_enter=greet)
        session = AgentSession(agent, call_id="scene")
        agent.loopback.join_as(User(id="a", custom={"sipUser": True, "sipCallType": "inbound"}), "scene")
        await session.start()
        assert agent.entered == 1
        await agent.close()


async def test_s4_waiting_for_a_participant_waits_without_a_job() -> None:
    agent = Hooked(on_enter=greet)
    session = AgentSession(agent, call_id="scene")
    starting = meanwhile(session.start(wait_for_participant=True))
    await asyncio.sleep(7)
    assert agent.entered == 0
    assert session.state is SessionStatus.ACTIVE

    async with SimulatedCaller(agent.loopback) as caller:
        await caller.hears("hello")
        await starting
    await agent.close()


async def test_s4_waiting_ends_when_the_session_does() -> None:
    agent = Hooked(on_enter=greet)
    session = AgentSession(agent, call_id="scene")
    starting = meanwhile(session.start(wait_for_participant=True))
    await asyncio.sleep(7)
    await session.close()
    await starting
    assert (agent.entered, agent.exited) == (0, 0)


async def test_defect_04_extra_keywords_reach_the_pipeline() -> None:
    got: dict[str, Any] = {}

    class Told(Pipeline):
        async def start(self, *, language: str = "", **more: Any) -> None:
            got.update(more, language=language)

    agent = Hooked()
    session = AgentSession(agent, Told(llm=agent.script), call_id="scene")
    await session.start(language="de", speed=2)
    assert got == {"language": "de", "speed": 2}
    await agent.close()


async def test_defect_04_a_keyword_that_the_pipeline_does_not_take_is_refused() -> None:
    agent = Hooked()
    session = AgentSession(agent, call_id="scene")
    with pytest.raises(TypeError, match="colour"):
        await session.start(colour="red")
    assert session.state is SessionStatus.FAILED


async def test_s5_a_second_start_is_refused_and_changes_nothing() -> None:
    agent = Hooked(on_enter=greet)
    session = AgentSession(agent, call_id="scene")
    await asyncio.gather(session.start(), _refused(session))
    await _refused(session)
    assert agent.entered == 1
    assert session.state is SessionStatus.ACTIVE
    await agent.close()


async def _refused(session: AgentSession) -> None:
    await asyncio.sleep(0)
    with pytest.raises(AgentBusy):
        await session.start()


@pytest.mark.parametrize("where", ["pipeline", "on_enter"])
async def test_s6_the_original_error_is_raised_and_the_session_is_closed(where: str) -> None:
    class Breaks(Pipeline):
        async def start(self) -> None:
            if where == "pipeline":
                raise ConnectionError("no models")
            await super().start()

    async def breaks(session: AgentSession) -> None:
        session.say("Hello.")
        await asyncio.sleep(0.1)
        raise ConnectionError("no words")

    agent = Hooked(on_enter=breaks)
    assert agent.pipeline is not None
    session = AgentSession(agent, Breaks(tts=agent.pipeline.tts), call_id="scene")
    with pytest.raises(ConnectionError):
        await session.start()
    assert session.state is SessionStatus.FAILED
    assert session.close_reason == CloseReason(Reason.ERROR, "ConnectionError")
    assert agent.exited == agent.entered == (where == "on_enter")


async def test_s6_an_error_of_on_enter_leaves_the_block_of_join() -> None:
    async def breaks(session: AgentSession) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        async with joined(Hooked(on_enter=breaks)):
            raise AssertionError("it must not be joined")


async def test_giving_up_the_start_closes_the_session() -> None:
    async def forever(session: AgentSession) -> None:
        await asyncio.Event().wait()

    agent = Hooked(on_enter=forever)
    session = AgentSession(agent, call_id="scene")
    starting = meanwhile(session.start())
    await asyncio.sleep(1)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert session.finished
    assert agent.exited == 1


async def test_without_a_call_it_says_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match=r"agent\.join"):
        await AgentSession(Hooked()).start()


async def test_state_t2_and_t3_it_starts_and_is_idle_when_it_has_entered() -> None:
    agent = Hooked(on_enter=lambda session: asyncio.sleep(3))
    session = AgentSession(agent, call_id="scene")
    starting = meanwhile(session.start())
    await asyncio.sleep(2)
    assert session.agent_state is AgentState.STARTING
    await starting
    assert agent.states == ["starting", "idle"]
    started = next(i for i, e in enumerate(agent.published) if isinstance(e, AgentStartedEvent))
    assert getattr(agent.published[started + 1], "state", None) is AgentState.IDLE
    await agent.close()


async def test_a_tool_may_take_as_long_as_the_deadline_says() -> None:
    async def slow() -> str:
        """Take long."""
        await asyncio.sleep(90)
        return "done"

    agent = Hooked(
        Calls(tool="slow"), Says(text="Done.", to="done"), tools=[slow], deadlines=Deadlines(tool=100)
    )
    async with joined(agent) as (_, caller):
        await caller.says("do it")
        await caller.hears("done", within=120)
