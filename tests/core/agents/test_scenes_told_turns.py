"""Turns that somebody else tells: a button, or the recogniser."""

import asyncio

import pytest
from tests.core.agents.scene_parts import PUSH_TO_TALK, now, played_call

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.events.agent import (
    AgentTurnEndedEvent,
    UserTurnEndedEvent,
)
from vision_agents.core.events.plugin import STTErrorEvent
from vision_agents.core.stt.stt import (
    STT,
    STTFailed,
    STTProfile,
    STTSink,
    STTStream,
    Transcript,
    TurnEnded,
    TurnStarted,
)
from vision_agents.core.types.status import AgentState, UserState
from vision_agents.testing import (
    Says,
    ScriptedSTT,
    scripted_call,
)

pytestmark = pytest.mark.virtual_time

COUNT = "One two three four five. Six seven eight nine ten. Eleven twelve thirteen fourteen. Fifteen sixteen."


class TestPushToTalk:
    async def test_a_turn_lasts_from_press_to_release_however_long_the_pauses(self) -> None:
        async with scripted_call(Says(text="Noted.", to="one two"), turn_handling=PUSH_TO_TALK) as s:
            await s.caller.waits(0.1)
            s.session.begin_user_turn()
            await s.caller.says("one")
            await s.caller.waits(4)
            await s.caller.says("two")
            s.session.end_user_turn()
            await s.caller.hears("noted")
            await s.settles()
            assert s.said[0] == ("user", "one two")

    async def test_without_a_press_nothing_is_a_turn(self) -> None:
        async with scripted_call(turn_handling=PUSH_TO_TALK) as s:
            await s.caller.says("hello is there anybody")
            s.session.end_user_turn()
            await s.settles()
            assert s.said == []
            assert s.session.user_state is UserState.IDLE

    async def test_what_was_said_before_the_press_does_not_count(self) -> None:
        async with scripted_call(Says(text="Noted.", to="two"), turn_handling=PUSH_TO_TALK) as s:
            await s.caller.says("one")
            await s.caller.waits(2)
            s.session.begin_user_turn()
            await s.caller.says("two")
            s.session.end_user_turn()
            await s.caller.hears("noted")
            await s.settles()
            assert s.said[0] == ("user", "two")

    async def test_a_press_silences_the_agent_at_once(self) -> None:
        async with scripted_call(
            COUNT, Says(text="Yes.", to="one more thing"), turn_handling=PUSH_TO_TALK
        ) as s:
            await s.session.reply("Count.", wait_for_playback=False)
            await s.caller.hears("two")
            pressed = now()
            s.session.begin_user_turn()
            await s.caller.says("one more thing")
            s.session.end_user_turn()
            assert s.caller.heard[0].end <= pressed + 0.041
            await s.caller.hears("yes")
            await s.settles()

    async def test_speech_without_a_press_does_not_cut_the_agent(self) -> None:
        async with scripted_call(turn_handling=PUSH_TO_TALK) as s:
            handle = s.session.say(COUNT)
            await s.caller.hears("two")
            await s.caller.says("i am only talking to somebody else here")
            await handle
            assert handle.spoken_text == COUNT

    async def test_a_press_without_a_word_is_no_turn(self) -> None:
        async with scripted_call(turn_handling=PUSH_TO_TALK) as s:
            await s.caller.waits(0.1)
            s.session.begin_user_turn()
            await s.caller.waits(1)
            s.session.end_user_turn()
            await s.settles()
            assert s.said == []
            assert (s.session.user_state, s.session.agent_state) == (UserState.IDLE, AgentState.IDLE)

    async def test_a_press_while_the_recogniser_still_works_loses_no_word(self) -> None:
        async with scripted_call(
            Says(text="Noted.", to="second"), stt=ScriptedSTT(delay=1), turn_handling=PUSH_TO_TALK
        ) as s:
            await s.caller.waits(0.1)
            s.session.begin_user_turn()
            await s.caller.says("first")
            s.session.end_user_turn()
            await s.caller.waits(0.3)
            s.session.begin_user_turn()
            await s.caller.waits(1.5)
            await s.caller.says("second")
            s.session.end_user_turn()
            await s.caller.hears("noted")
            await s.settles()
            assert " ".join(text for who, text in s.said if who == "user") == "first second"

    async def test_a_press_before_the_first_sound_counts(self) -> None:
        """A client may send audio only while the button is down."""
        async with scripted_call(Says(text="Noted.", to="one two"), turn_handling=PUSH_TO_TALK) as s:
            s.caller.mutes()
            await s.caller.waits(0.5)
            s.session.begin_user_turn()
            await s.caller.says("one two")
            s.session.end_user_turn()
            await s.caller.hears("noted")
            await s.settles()

    async def test_releasing_twice_makes_one_turn(self) -> None:
        async with scripted_call(Says(text="Noted.", to="one"), turn_handling=PUSH_TO_TALK) as s:
            await s.caller.waits(0.1)
            s.session.begin_user_turn()
            await s.caller.says("one")
            s.session.end_user_turn()
            s.session.end_user_turn()
            await s.caller.hears("noted")
            await s.settles()
            assert len(s.of(UserTurnEndedEvent)) == 1


class ReportingSTT(STT):
    """Tells turns by itself; the test says what it hears."""

    provider = "reporting"
    profile = STTProfile(turn_detection=True, interim=True)

    def __init__(self) -> None:
        self.tell: STTSink = lambda _event: None

    def open(self, sink: STTSink) -> STTStream:
        """Begin to follow the only speaker."""
        self.tell = sink
        return _DeafStream()

    def hears(self, text: str) -> None:
        """Tell of a whole turn."""
        self.tell(TurnStarted())
        self.tell(Transcript(text))
        self.tell(TurnEnded())


class _DeafStream(STTStream):
    def push(self, pcm: PcmData) -> None: ...

    async def flush(self) -> Transcript:
        return Transcript("")

    def reset(self) -> None: ...


class TestARecogniserThatTellsTurns:
    async def test_a_turn_is_answered_when_it_ends(self) -> None:
        stt = ReportingSTT()
        async with played_call(["It is noon."], stt=stt) as s:
            await s.caller.waits(0.5)
            stt.tell(TurnStarted())
            assert s.session.user_state is UserState.SPEAKING
            await s.caller.waits(1)
            stt.tell(Transcript("what time"))
            stt.tell(Transcript("is it"))
            stt.tell(TurnEnded())
            await s.caller.hears("it is noon")
            await s.settles()
            assert s.said == [("user", "what time is it"), ("assistant", "It is noon.")]

    async def test_a_turn_lasts_as_long_as_it_was_reported_also_where_no_frame_comes(self) -> None:
        stt = ReportingSTT()
        async with played_call(["It is noon."], stt=stt) as s:
            await s.caller.waits(0.5)
            s.caller.mutes()
            await s.caller.waits(1)
            stt.tell(TurnStarted())
            await s.caller.waits(2)
            stt.tell(Transcript("what time is it"))
            stt.tell(TurnEnded())
            await s.caller.hears("it is noon")
            await s.settles()
            assert s.of(UserTurnEndedEvent)[0].duration_ms == pytest.approx(2000, abs=50)

    async def test_it_cuts_the_agent_when_words_end_a_turn_over_it(self) -> None:
        stt = ReportingSTT()
        async with played_call([COUNT], ["All right."], stt=stt) as s:
            await s.caller.waits(0.5)
            stt.hears("count")
            await s.caller.hears("two")
            stt.tell(TurnStarted())
            stt.tell(Transcript("stop it", final=False))
            await s.caller.waits(0.5)
            stt.tell(Transcript("stop it"))
            stt.tell(TurnEnded())
            await s.caller.hears("all right")
            await s.settles()
            assert [event.interrupted for event in s.of(AgentTurnEndedEvent)] == [True, False]

    async def test_a_sign_of_listening_only_holds_the_agent_for_a_moment(self) -> None:
        stt = ReportingSTT()
        async with played_call([COUNT], stt=stt) as s:
            await s.caller.waits(0.5)
            stt.hears("count")
            await s.caller.hears("two")
            stt.tell(TurnStarted())
            await s.caller.waits(0.4)
            stt.tell(Transcript("uh-huh"))
            stt.tell(TurnEnded())
            await s.settles()
            assert s.said == [("user", "count"), ("assistant", COUNT)]

    async def test_a_beginning_without_an_end_does_not_silence_the_agent_for_good(self) -> None:
        stt = ReportingSTT()
        async with played_call(stt=stt) as s:
            await s.caller.waits(0.5)
            handle = s.session.say(COUNT)
            await s.caller.hears("two")
            stt.tell(TurnStarted())
            async with asyncio.timeout(15):
                await handle
            assert handle.spoken_text == COUNT

    async def test_a_recogniser_that_breaks_in_the_middle_of_a_turn_leaves_no_state_behind(self) -> None:
        stt = ReportingSTT()
        async with played_call(stt=stt) as s:
            await s.caller.waits(0.5)
            stt.tell(TurnStarted())
            stt.tell(STTFailed(OSError("gone")))
            await s.caller.waits(10)
            assert len(s.of(STTErrorEvent)) == 1
            assert s.session.settled
            assert (s.session.user_state, s.session.agent_state) == (UserState.IDLE, AgentState.IDLE)
