"""A tool returns an agent, and the call goes on with it; parts are swapped in the middle of a call."""

import asyncio

import pytest
from tests.core.agents.scene_parts import meanwhile

from vision_agents.core.agents.agent import Agent
from vision_agents.core.errors import ProviderError
from vision_agents.core.events.agent import AgentHandedOverEvent, AgentTurnEndedEvent, ExceptionEvent
from vision_agents.core.history.messages import FunctionResult, Message
from vision_agents.testing import (
    Calls,
    Says,
    ScriptedCall,
    ScriptedLLM,
    ScriptedRealtime,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedVAD,
    realtime_call,
    scripted_call,
)

pytestmark = pytest.mark.virtual_time

COUNT = "One two three four five. Six seven eight nine ten. Eleven."
CALL = Calls(tool="to_billing", to="my bill")


class Billing(Agent):
    """Greets when it takes over, unless it is shy."""

    greeting = "Billing here."

    async def on_enter(self) -> None:
        if self.greeting:
            assert self.session is not None
            self.session.say(self.greeting)


class ShyBilling(Billing):
    """Says nothing by itself."""

    greeting = ""


class Closed(ScriptedTTS):
    """Counts its ends."""

    closed = 0

    async def close(self) -> None:
        self.closed += 1


def texts(model: ScriptedLLM) -> list[str]:
    """What the model was told in its last request."""
    return [item.text for item in model.requests[-1].items if isinstance(item, Message)]


class TestHandOff:
    async def test_the_next_agent_greets_and_answers(self) -> None:
        billing = Billing("You do billing.")

        async def to_billing() -> Agent:
            """Hand over to billing."""
            return billing

        async with scripted_call(CALL, Says(text="Ten euros.", to="how much"), tools=[to_billing]) as s:
            session_id = s.session.id
            await s.caller.says("it is about my bill")
            await s.caller.hears("billing here")
            await s.caller.says("how much is it")
            await s.caller.hears("ten euros")
            await s.settles()
            assert s.session.agent is billing
            assert billing.session is s.session
            assert s.session.id == session_id == s.agent.id
            assert s.llm.requests[-1].instructions == "You do billing."
            (event,) = s.of(AgentHandedOverEvent)
            assert (event.old_agent_id, event.new_agent_id) == (s.agent.id, billing.id)

    async def test_an_agent_that_says_nothing_answers_the_question(self) -> None:
        shy = ShyBilling("You do billing.", inherit_context=True)

        async def to_billing() -> Agent:
            """Hand over to billing."""
            return shy

        async with scripted_call(CALL, "It is ten euros.", tools=[to_billing]) as s:
            await s.caller.says("it is about my bill")
            await s.caller.hears("it is ten euros")
            assert texts(s.llm) == ["it is about my bill"]

    async def test_without_the_context_the_model_knows_nothing_and_the_record_is_whole(self) -> None:
        shy = ShyBilling("You do billing.")

        async def to_billing() -> Agent:
            """Hand over to billing."""
            return shy

        async with scripted_call(CALL, Says(text="Hello.", to="taken over"), tools=[to_billing]) as s:
            await s.caller.says("it is about my bill")
            await s.caller.hears("hello")
            await s.settles()
            assert texts(s.llm) == []
            assert [text for _, text in s.said] == ["it is about my bill", "Hello."]

    async def test_hooks_run_once_each_and_a_goodbye_is_heard(self) -> None:
        told: list[str] = []

        class Desk(Billing):
            async def on_exit(self) -> None:
                told.append("exit")
                assert self.session is not None
                self.session.say("I put you through.")

            async def on_enter(self) -> None:
                told.append("enter")
                assert self.session is not None
                self.session.say("Desk here.", policy="queue")

        first, second = Desk("One."), Desk("Two.")

        async def to_one() -> Agent:
            """Hand over to one."""
            return first

        first.functions.add(lambda: second, name="to_two", description="Hand over to two.")
        async with scripted_call(Calls(tool="to_one"), Calls(tool="to_two"), tools=[to_one]) as s:
            await s.caller.says("one please")
            await s.caller.hears("desk here")
            await s.caller.says("two please")
            await s.caller.hears("i put you through desk here")
            await s.settles()
            assert told == ["enter", "exit", "enter"]

    async def test_tools_are_those_of_the_agent_that_speaks(self) -> None:
        billing = Billing("You do billing.", tools=[invoice])

        async def to_billing() -> Agent:
            """Hand over to billing."""
            return billing

        async with scripted_call(CALL, Calls(tool="invoice"), "It is 42.", tools=[to_billing]) as s:
            await s.caller.says("it is about my bill")
            await s.caller.hears("billing here")
            await s.caller.says("which number")
            await s.caller.hears("it is 42")
            assert [tool.name for tool in s.llm.requests[-1].tools] == ["invoice"]

    async def test_an_agent_with_a_voice_of_its_own(self) -> None:
        voice = Closed()
        llm = ScriptedLLM(["Ten euros."])
        billing = Billing("You do billing.", llm=llm, tts=voice, stt=ScriptedSTT(), vad=ScriptedVAD())

        async def to_billing() -> Agent:
            """Hand over to billing."""
            return billing

        async with scripted_call(CALL, tools=[to_billing]) as s:
            await s.caller.says("it is about my bill")
            await s.caller.hears("billing here")
            await s.caller.says("how much is it")
            await s.caller.hears("ten euros")
            assert voice.sentences == ["Billing here.", "Ten euros."]
        assert voice.closed == 1

    async def test_an_agent_that_cannot_start_leaves_the_call_to_the_old_one(self) -> None:
        model = ScriptedRealtime(refuses=[ProviderError("No key.", provider="scripted", stage="llm")])
        billing = Billing("You do billing.", llm=model)

        async def to_billing() -> Agent:
            """Hand over to billing."""
            return billing

        sorry = Says(text="Sorry, I go on.", to="failed")
        async with scripted_call(CALL, sorry, tools=[to_billing]) as s:
            await s.caller.says("it is about my bill")
            await s.caller.hears("sorry i go on")
            assert s.session.agent is s.agent
            assert s.of(ExceptionEvent)

    async def test_from_a_cascade_to_a_realtime_model(self) -> None:
        model = ScriptedRealtime(Says(text="Ten euros.", to="how much"))
        billing = ShyBilling("You do billing.", llm=model, inherit_context=True)

        async def to_billing() -> Agent:
            """Hand over to billing."""
            return billing

        model.lines.appendleft(Says(text="Billing here."))
        async with scripted_call(CALL, tools=[to_billing]) as s:
            await s.caller.says("it is about my bill")
            await s.caller.hears("billing here")
            await s.settles()
            await s.caller.says("how much is it")
            await s.caller.hears("ten euros")
            assert [i.text for i in model.log.setups[0].items if isinstance(i, Message)] == [
                "it is about my bill"
            ]

    async def test_between_realtime_agents(self) -> None:
        billing = ShyBilling("You do billing.", inherit_context=True)

        async def to_billing() -> Agent:
            """Hand over to billing."""
            return billing

        async with realtime_call(ScriptedRealtime(CALL, "Ten euros."), tools=[to_billing]) as s:
            await s.caller.says("it is about my bill")
            await s.caller.hears("ten euros")
            assert [setup.instructions for setup in s.model.log.setups] == ["Be brief.", "You do billing."]

    async def test_the_model_reads_that_the_call_was_handed_over(self) -> None:
        async def to_billing() -> Agent:
            """Hand over to billing."""
            return Billing("You do billing.")

        async with scripted_call(CALL, tools=[to_billing]) as s:
            await s.caller.says("it is about my bill")
            await s.caller.hears("billing here")
            (result,) = [item for item in s.session.history if isinstance(item, FunctionResult)]
            assert "handed over" in result.output


def invoice() -> str:
    """Tell the number of the invoice."""
    return "42"


class TestSwap:
    async def test_another_voice_speaks_from_the_next_turn_on(self) -> None:
        old, new = Closed(), Closed()
        async with scripted_call(COUNT, "Fine.", tts=old) as s:
            await s.caller.says("count")
            await s.caller.hears("three")
            await s.session.change_component(tts=new)
            await s.caller.hears("eleven")
            await s.settles()
            assert old.closed == 1
            await s.caller.says("good")
            await s.caller.hears("fine")
            await s.settles()
            assert s.caller.heard_text == "one two three four five six seven eight nine ten eleven fine"
            assert new.sentences == ["Fine."]
            assert [e.interrupted for e in s.of(AgentTurnEndedEvent)] == [False, False]

    async def test_another_model_answers_from_the_next_turn_on(self) -> None:
        other = ScriptedLLM(["The other one."])
        async with scripted_call("The first.") as s:
            await s.caller.says("who is there")
            await s.caller.hears("the first")
            await s.session.change_component(llm=other)
            await s.caller.says("and now")
            await s.caller.hears("the other one")
            assert s.agent.llm is other
            other.assert_done()

    @pytest.mark.parametrize("wait", [0.0, 0.3, 0.45, 0.5, 0.55, 0.6, 1.0, 1.5, 2.0])
    async def test_another_recogniser_loses_no_word_whenever_it_comes(self, wait: float) -> None:
        async with scripted_call(
            Says(text="Yes.", to="tell me about paris"), Says(text="No.", to="rome")
        ) as s:
            swap = meanwhile(_later(wait, s))
            await s.caller.waits(0.5)
            await s.caller.says("tell me about paris")
            await s.caller.hears("yes")
            await s.settles()
            await s.caller.says("and rome")
            await s.caller.hears("no")
            await swap
            await s.settles()
            assert [text for role, text in s.said if role == "user"] == ["tell me about paris", "and rome"]

    async def test_the_providers_are_those_in_use(self) -> None:
        class OtherVoice(ScriptedTTS):
            provider = "other"

        async with scripted_call() as s:
            await s.session.change_component(tts=OtherVoice())
            assert s.session.providers["tts"].provider == "other"


async def _later(wait: float, s: ScriptedCall) -> None:
    await asyncio.sleep(wait)
    await s.session.change_component(stt=ScriptedSTT(delay=0.01))
