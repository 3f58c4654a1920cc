"""What is under way beside the talk, at the moment when the talk ends or is cut."""

import asyncio
from typing import cast

import pytest
from tests.core.agents.late_edge import LateEdge
from tests.core.agents.scene_parts import calls, edge_of, meanwhile, played_call, until

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.output import Output
from vision_agents.core.agents.sounds import BackgroundAudioHandlerConfig, Sounds, thinking_sound
from vision_agents.core.audio.clips import KEYBOARD, OFFICE
from vision_agents.core.edge.loopback import LoopbackPhone
from vision_agents.core.events.agent import (
    AgentFinishEvent,
    AgentHandedOverEvent,
    AgentStateChangedEvent,
    AgentTurnStartedEvent,
)
from vision_agents.core.events.bus import EventBus
from vision_agents.core.events.event import Event
from vision_agents.core.events.sounds import BackgroundAudioEvent
from vision_agents.core.events.telephone import TransferEvent
from vision_agents.core.speech.clip import Clip
from vision_agents.core.telephony.gathering import GatherOutcome
from vision_agents.core.types.status import AgentState

pytestmark = pytest.mark.virtual_time

LONG = "one two three four five six seven eight nine ten."


async def test_a_transfer_is_told_of_before_the_end_of_the_session() -> None:
    async with played_call(edge=LateEdge()) as call:
        edge_of(call).add_phone(LoopbackPhone("tel:+15550100", rings=2.0))
        transfer = meanwhile(call.session.transfer("+15550100", warm=True))
        await call.caller.waits(1)
        await call.caller.hangs_up()
        await transfer
        await until(lambda: call.session.finished)
        ends = [event for event in call.of(Event) if isinstance(event, TransferEvent | AgentFinishEvent)]
        assert [type(event) for event in ends] == [TransferEvent, AgentFinishEvent]


async def test_who_waits_to_ask_for_digits_does_not_outlive_the_session() -> None:
    async with played_call() as call:
        asking = [meanwhile(call.session.gather_digits(1)) for _ in range(2)]
        await call.caller.waits(0.1)
        await call.caller.hangs_up()
        hung_up = asyncio.get_running_loop().time()
        assert [(await result).outcome for result in asking] == [GatherOutcome.CANCELLED] * 2
        assert asyncio.get_running_loop().time() - hung_up < 0.1


async def test_a_sound_that_is_being_read_does_not_begin_after_the_end() -> None:
    async with played_call() as call:
        playing = meanwhile(call.session.play_background_audio(BackgroundAudioHandlerConfig(OFFICE)))
        await asyncio.sleep(0)
        await call.caller.hangs_up()
        await playing
        assert call.of(BackgroundAudioEvent) == []


async def test_the_sound_of_thinking_is_told_in_order_where_a_voice_begins_at_once() -> None:
    bus = EventBus()
    told: list[bool] = []
    bus.on(BackgroundAudioEvent, lambda event: told.append(event.playing))  # pyright: ignore

    class Hasty:
        sample_rate = 48_000

        def play_behind(self, _clip: Clip) -> None:
            change(AgentState.THINKING, AgentState.SPEAKING)

    def change(old: AgentState, new: AgentState) -> None:
        bus.emit(AgentStateChangedEvent, old_state=old, state=new)

    sounds = Sounds(cast("Output", Hasty()), bus, thinking_sound(KEYBOARD, 0.3))
    await sounds.begin(None)
    change(AgentState.IDLE, AgentState.THINKING)
    assert told == [True, False]


async def test_nobody_takes_a_call_over_that_has_ended() -> None:
    async def billing() -> Agent:
        """Hand over."""
        return Agent("Bill.")

    async with played_call([LONG, calls("billing")], tools=[billing]) as call:
        await call.caller.says("my bill")
        await call.caller.hears("two")
        await call.caller.hangs_up()
        await until(lambda: call.session.finished)
        assert call.of(AgentHandedOverEvent) == []


async def test_what_a_tool_says_does_not_begin_when_the_answer_is_cut() -> None:
    async def notice() -> str:
        """Say something."""
        await call.session.say("not to be heard")
        return "said"

    async with played_call(["one two three.", calls("notice")], tools=[notice], edge=LateEdge()) as call:
        await call.caller.says("what is there")
        await call.caller.hears("two")
        call.session.interrupt()
        await call.settles()
        assert len(call.of(AgentTurnStartedEvent)) == 1
