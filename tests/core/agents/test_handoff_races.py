"""Hand-offs that meet one another, and the end of the call: each agent enters and leaves once, in order."""

import asyncio

import pytest
from tests.core.agents.scene_parts import meanwhile, until

from vision_agents.core.agents.agent import Agent
from vision_agents.core.errors import ProviderError
from vision_agents.core.events.agent import ExceptionEvent
from vision_agents.core.history.messages import Message
from vision_agents.core.llm.realtime import RealtimeConnection, RealtimeSetup, RealtimeSink
from vision_agents.testing import Calls, ScriptedRealtime, ScriptedTTS, scripted_call

pytestmark = pytest.mark.virtual_time

HOOKS: list[str] = []
"""Which hooks ran, in order."""


class SlowVoice(ScriptedTTS):
    """Takes a while to be ready."""

    def __init__(self, takes: float) -> None:
        super().__init__()
        self._takes = takes

    async def start(self) -> None:
        """Get ready."""
        await asyncio.sleep(self._takes)


class Desk(Agent):
    """Tells when it enters and leaves."""

    def __init__(self, name: str, *, takes: float = 0.0, enters: float = 0.0, leaves: float = 0.0) -> None:
        super().__init__(name, tts=SlowVoice(takes) if takes else None, inherit_context=True)
        self.name, self._enters, self._leaves = name, enters, leaves

    async def on_enter(self) -> None:
        """Greet."""
        HOOKS.append(f"{self.name} enters")
        await asyncio.sleep(self._enters)
        assert self.session is not None
        self.session.say(f"{self.name} here")

    async def on_exit(self) -> None:
        """Say goodbye, without waiting for it."""
        HOOKS.append(f"{self.name} leaves")
        assert self.session is not None
        self.session.say(f"{self.name} says goodbye to you")
        await asyncio.sleep(self._leaves)


@pytest.fixture(autouse=True)
def forget_hooks() -> None:
    """Begin with none."""
    HOOKS.clear()


def to(desk: Agent):
    async def hand_over() -> Agent:
        """Hand the call over."""
        return desk

    hand_over.__name__ = f"to_{desk.instructions}"
    return hand_over


BILLS = Calls(tool="to_billing", to="bill")


async def test_a_hand_off_during_a_hand_off_comes_after_it() -> None:
    billing, sales = Desk("billing", takes=3.0), Desk("sales")
    tools = [to(billing), to(sales)]
    script = [BILLS, Calls(tool="to_sales", to="buy")]
    async with scripted_call(*script, tools=tools) as call:
        await call.caller.says("my bill")
        await call.caller.waits(1)
        await call.caller.says("no i want to buy")
        await call.caller.hears("sales here")
        assert HOOKS == ["billing enters", "billing leaves", "sales enters"]
        assert call.session.agent is sales
    assert HOOKS[3:] == ["sales leaves"]


async def test_what_is_said_at_a_hand_off_is_heard_in_full_before_the_next_agent_speaks() -> None:
    reception, billing = Desk("reception"), Desk("billing")
    script = [Calls(tool="to_reception", to="hello"), BILLS]
    async with scripted_call(*script, tools=[to(reception), to(billing)]) as call:
        reception.functions.add(to(billing))
        await call.caller.says("hello")
        await call.caller.hears("reception here")
        await call.caller.says("my bill")
        await call.caller.hears("billing here")
        assert "reception says goodbye to you billing here" in call.caller.heard_text
    assert HOOKS == ["reception enters", "reception leaves", "billing enters", "billing leaves"]


@pytest.mark.parametrize("at", ["starts", "leaves", "enters"])
async def test_the_call_ends_in_the_middle_of_a_hand_off(at: str) -> None:
    reception = Desk("reception", leaves=2.0 if at == "leaves" else 0.0)
    billing = Desk("billing", takes=2.0 if at == "starts" else 0.0, enters=2.0 if at == "enters" else 0.0)
    script = [Calls(tool="to_reception", to="hello"), BILLS]
    async with scripted_call(*script, tools=[to(reception)]) as call:
        reception.functions.add(to(billing))
        await call.caller.says("hello")
        await call.caller.hears("reception here")
        await call.caller.says("my bill")
        if at == "starts":
            await call.caller.waits(1.5)
            assert HOOKS == ["reception enters"]
        else:
            await until(lambda: HOOKS[-1].endswith(at) and len(HOOKS) > 1)
        await call.session.close()
    entered = ["reception enters", "reception leaves"]
    assert (entered if at != "enters" else [*entered, "billing enters", "billing leaves"]) == HOOKS


async def test_an_agent_that_cannot_take_over_makes_nobody_leave() -> None:
    refuses = ScriptedRealtime(refuses=[ProviderError("no", provider="x", stage="llm")])
    other = Agent("other", llm=refuses, inherit_context=True)
    reception = Desk("reception")
    script = [Calls(tool="to_reception", to="hello"), Calls(tool="to_other", to="bill"), "Sorry."]
    async with scripted_call(*script, tools=[to(reception)]) as call:
        reception.functions.add(to(other))
        await call.caller.says("hello")
        await call.caller.hears("reception here")
        await call.caller.says("my bill")
        await call.caller.hears("sorry")
        assert len(call.of(ExceptionEvent)) == 1
        assert HOOKS == ["reception enters"]
    assert HOOKS == ["reception enters", "reception leaves"]


async def test_parts_that_are_swapped_twice_at_once_are_all_given_back() -> None:
    class Counted(ScriptedTTS):
        closed = 0

        async def start(self) -> None:
            await asyncio.sleep(0.5)

        async def close(self) -> None:
            self.closed += 1

    first, second = Counted(), Counted()
    async with scripted_call() as call:
        swaps = [meanwhile(call.session.change_component(tts=voice)) for voice in (first, second)]
        await asyncio.gather(*swaps)
        call.session.say("hello")
        await call.caller.hears("hello")
        assert second.sentences == ["hello"]
        await call.caller.waits(1)
        assert first.closed == 1
    assert (first.closed, second.closed) == (1, 1)


class CountedRealtime(ScriptedRealtime):
    """Counts its conversations."""

    opened = closed = 0

    async def open(self, setup: RealtimeSetup, sink: RealtimeSink) -> RealtimeConnection:
        """Open one that tells of its end."""
        connection = await super().open(setup, sink)
        self.opened += 1
        close = connection.close

        async def tell() -> None:
            self.closed += 1
            await close()

        connection.close = tell
        return connection


@pytest.mark.parametrize("leaves", [0.0, 1.0, 30.0])
async def test_a_conversation_that_was_opened_for_a_successor_is_closed_with_the_call(leaves: float) -> None:
    model = CountedRealtime()
    billing = Agent("billing", llm=model, inherit_context=True)
    reception = Desk("reception", leaves=leaves)
    script = [Calls(tool="to_reception", to="hello"), BILLS]
    async with scripted_call(*script, tools=[to(reception)]) as call:
        reception.functions.add(to(billing))
        await call.caller.says("hello")
        await call.caller.hears("reception here")
        await call.caller.says("my bill")
        await until(lambda: model.opened)
        await call.session.close()
    assert (model.opened, model.closed) == (1, 1)


async def test_a_context_that_was_begun_anew_for_nobody_is_there_again() -> None:
    refuses = ScriptedRealtime(refuses=[ProviderError("no", provider="x", stage="llm")])
    other = Agent("other", llm=refuses)
    async with scripted_call(Calls(tool="to_other"), "Sorry.", tools=[to(other)]) as call:
        await call.caller.says("it is about my bill")
        await call.caller.hears("sorry")
        told = [item.text for item in call.llm.requests[-1].items if isinstance(item, Message)]
        assert told == ["it is about my bill"]
