"""Whose turn it is: pauses, slow recognisers, signs of listening, several callers, push to talk."""

import asyncio
from collections.abc import Callable

import pytest
from tests.core.agents.scene_parts import Ear, edge_of, meanwhile, now, played_call, results

from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.events.agent import (
    UserTranscriptEvent,
    UserTurnStartedEvent,
)
from vision_agents.core.events.plugin import STTErrorEvent
from vision_agents.core.speech.utterance import UtteranceState
from vision_agents.core.stt.stt import (
    Transcript,
)
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.core.types.status import AgentState, UserState
from vision_agents.testing import (
    Calls,
    Says,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    SimulatedCaller,
    scripted_call,
)
from vision_agents.testing.tone_speech import read_speech

pytestmark = pytest.mark.virtual_time

COUNT = "One two three four five. Six seven eight nine ten. Eleven twelve thirteen fourteen. Fifteen sixteen."


class LateOnce(ScriptedSTT):
    """Takes a minute for the first stretch of speech."""

    def __init__(self) -> None:
        super().__init__()
        self._first = True

    async def transcribe(self, pcm: PcmData) -> Transcript:
        """Read what was said."""
        first, self._first = self._first, False
        await asyncio.sleep(60 if first else 0)
        return await super().transcribe(pcm)


class Overhears(ScriptedTurnDetector):
    """Remembers what it heard when it was asked."""

    def __init__(self, *, unfinished: list[str]) -> None:
        super().__init__(unfinished=unfinished)
        self.heard: list[str] = []

    async def predict(self, audio: PcmData) -> float:
        """Read what was said."""
        self.heard.append(read_speech(audio))
        return await super().predict(audio)


class TestPauses:
    async def test_the_detector_hears_what_was_said_since_the_last_pause(self) -> None:
        detector = Overhears(unfinished=["five"])
        async with scripted_call("Noted.", detector=detector) as s:
            await s.caller.says("my number is five five five")
            await s.caller.waits(0.8)
            await s.caller.says("one two three")
            await s.caller.hears("noted")
            await s.settles()
        assert detector.heard == ["my number is five five five", "one two three"]

    async def test_a_long_pause_inside_of_a_number(self) -> None:
        detector = ScriptedTurnDetector(unfinished=["five"])
        async with scripted_call(
            Says(text="Noted.", to="my number is five five five one two three"), detector=detector
        ) as s:
            await s.caller.says("my number is five five five")
            await s.caller.waits(1.2)
            await s.caller.says("one two three")
            await s.caller.hears("noted")
            await s.settles()
            assert s.said[0] == ("user", "my number is five five five one two three")

    async def test_three_pauses_in_one_turn(self) -> None:
        detector = ScriptedTurnDetector(unfinished=["one", "two", "three"])
        async with scripted_call(Says(text="Noted.", to="one two three four"), detector=detector) as s:
            for word in ("one", "two", "three"):
                await s.caller.says(word)
                await s.caller.waits(0.9)
            await s.caller.says("four")
            await s.caller.hears("noted")
            await s.settles()
            assert [event.text for event in s.of(UserTranscriptEvent)] == ["one two three four"]

    async def test_a_transcript_that_comes_after_the_longest_silence_is_answered_when_it_comes(self) -> None:
        async with scripted_call(Says(text="Fine.", to="how are you"), stt=ScriptedSTT(delay=2.5)) as s:
            await s.caller.says("how are you")
            spoken = now()
            await s.caller.hears("fine")
            assert 2.5 < s.caller.heard[0].start - spoken < 3.0
            await s.settles()

    async def test_going_on_while_a_late_transcript_is_waited_for_makes_one_turn(self) -> None:
        async with scripted_call(
            Says(text="Fine.", to="how are you today my friend"), stt=ScriptedSTT(delay=2.5)
        ) as s:
            await s.caller.says("how are you")
            await s.caller.waits(1.8)
            await s.caller.says("today my friend")
            await s.caller.hears("fine")
            await s.settles()
            assert len(s.of(UserTranscriptEvent)) == 1

    async def test_a_transcript_that_never_comes_drops_the_turn_and_the_next_one_is_answered(self) -> None:
        async with scripted_call(
            Says(text="Here.", to="are you there"), stt=LateOnce(), deadlines=Deadlines(transcript=2)
        ) as s:
            await s.caller.says("how are you")
            await s.settles()
            assert s.said == []
            assert len(s.of(STTErrorEvent)) == 1
            await s.caller.says("are you there")
            await s.caller.hears("here")
            await s.settles()


class TestSignsOfListening:
    async def test_before_anything_else_they_are_a_turn(self) -> None:
        async with scripted_call(Says(text="Good.", to="okay")) as s:
            await s.caller.says("okay")
            await s.caller.hears("good")
            await s.settles()

    async def test_while_the_agent_is_asked_something_else_they_belong_to_the_question(self) -> None:
        async with scripted_call(Says(text="Noon.", to="okay what time is it")) as s:
            await s.caller.says("okay")
            await s.caller.waits(0.1)
            await s.caller.says("what time is it")
            await s.caller.hears("noon")
            await s.settles()

    async def test_while_the_agent_thinks_the_answer_still_comes(self) -> None:
        async with scripted_call(Says(text="It is noon.", first_token=2)) as s:
            await s.caller.says("what time is it")
            await s.caller.waits(1)
            await s.caller.says("ok")
            await s.caller.hears("it is noon")
            await s.settles()
            assert s.said == [("user", "what time is it"), ("assistant", "It is noon.")]

    async def test_while_a_tool_runs_the_tool_goes_on(self) -> None:
        async def look() -> str:
            """Look."""
            await asyncio.sleep(3)
            return "there"

        async with scripted_call(Calls(tool="look"), Says(text="Found.", to="there"), tools=[look]) as s:
            await s.caller.says("where is it")
            await s.caller.waits(1)
            await s.caller.says("ok")
            await s.caller.hears("found")
            await s.settles()
            assert results(s) == ["there"]

    async def test_in_the_gap_between_two_sentences(self) -> None:
        async with scripted_call("One two. Three four.", tts=ScriptedTTS(delay=1)) as s:
            await s.caller.says("count")
            await s.caller.hears("one two")
            await s.caller.waits(0.2)
            await s.caller.says("yes")
            await s.caller.hears("three four")
            await s.settles()
            assert s.said[1] == ("assistant", "One two. Three four.")

    async def test_over_what_must_not_be_interrupted(self) -> None:
        async with scripted_call() as s:
            handle = s.session.say(COUNT, interruptible=False)
            await s.caller.hears("two")
            await s.caller.says("uh huh okay")
            await handle
            await s.settles()
            assert s.said == [("assistant", COUNT)]

    async def test_of_ones_own_kind(self) -> None:
        """An application in another language brings its own signs."""

        def is_sign(text: str) -> bool:
            return text == "genau"

        handling = TurnHandling(speculate=False, is_backchannel=is_sign)
        async with scripted_call(COUNT, turn_handling=handling) as s:
            await s.caller.says("count")
            await s.caller.hears("two")
            await s.caller.says("genau")
            await s.settles()
            assert s.said[1] == ("assistant", COUNT)


class TestNoiseWhileTheAgentThinks:
    async def test_a_cough_changes_nothing(self) -> None:
        async with scripted_call(Says(text="Noon.", first_token=2)) as s:
            await s.caller.says("what time is it")
            await s.caller.waits(1)
            await s.caller.mumbles(0.15)
            await s.caller.hears("noon", within=5)
            await s.settles()

    async def test_a_mumble_may_drop_the_answer_but_the_question_is_answered(self) -> None:
        async with played_call([1.5, "It is ", 0.5, "noon."], ["It is noon."]) as s:
            await s.caller.says("what time is it")
            await s.caller.waits(1)
            await s.caller.mumbles(0.6)
            await s.caller.hears("it is noon", within=10)
            await s.settles()
            assert s.said == [("user", "what time is it"), ("assistant", "It is noon.")]

    async def test_speech_of_the_application_that_begins_while_somebody_coughs_is_heard(self) -> None:
        async with scripted_call() as s:
            coughing = meanwhile(s.caller.mumbles(0.4))
            await s.caller.waits(0.35)
            handle = s.session.say("Welcome.")
            await coughing
            await handle
            assert handle.state is UtteranceState.COMPLETED


class TestSeveralCallers:
    async def test_who_interjects_is_answered_together_with_who_has_the_floor(self) -> None:
        long = "tell me about the whole house and is there any dinner left"
        async with scripted_call(Says(text="Both of you: yes.", to=long)) as s:
            ear = Ear(edge_of(s))
            async with SimulatedCaller(edge_of(s), user_id="second") as second:
                talking = meanwhile(s.caller.says(long))
                await asyncio.sleep(0.5)
                await second.says("is it cold")
                await talking
                await s.settles()
            assert ear.words == "both of you yes"
            assert s.said == [
                ("user", "is it cold"),
                ("user", long),
                ("assistant", "Both of you: yes."),
            ]
            users = [message.user_id for message in s.session.history.messages]
            assert users[:2] == ["second", "caller"]

    async def test_a_question_under_the_noise_of_somebody_who_began_earlier_is_answered(self) -> None:
        async with scripted_call(Says(text="Noon.", to="what time is it")) as s:
            ear = Ear(edge_of(s))
            async with SimulatedCaller(edge_of(s), user_id="second") as second:
                noise = meanwhile(second.mumbles(4))
                await asyncio.sleep(0.5)
                await s.caller.says("what time is it")
                await noise
                await asyncio.sleep(5)
            assert ear.words == "noon"

    @pytest.mark.parametrize(("noise", "answers"), [(3.8, 1), (6.0, 2)])
    async def test_noise_that_goes_on_when_the_answer_begins_leaves_no_question_unanswered(
        self, noise: float, answers: int
    ) -> None:
        question = "could you tell me please what time it is now in rome"
        async with played_call(*[["Noon."]] * answers) as s:
            ear = Ear(edge_of(s))
            async with SimulatedCaller(edge_of(s), user_id="second") as second:
                asking = meanwhile(s.caller.says(question))
                await asyncio.sleep(0.5)
                await second.mumbles(noise)
                await asking
                await asyncio.sleep(5)
            assert ear.words.endswith("noon")
            assert s.said == [("user", question), ("assistant", "Noon.")]

    async def test_a_question_is_answered_though_who_began_earlier_leaves_in_the_middle(self) -> None:
        async with scripted_call(Says(text="Noon.", to="what time is it")) as s:
            ear = Ear(edge_of(s))
            async with SimulatedCaller(edge_of(s), user_id="second") as second:
                talk = meanwhile(second.says("one two three four five six seven eight nine"))
                await asyncio.sleep(0.5)
                await s.caller.says("what time is it")
                await asyncio.sleep(0.5)
            talk.cancel()
            await asyncio.sleep(5)
            assert ear.words == "noon"

    async def test_who_leaves_in_the_middle_of_a_turn_leaves_no_state_behind(self) -> None:
        async with scripted_call(Says(text="Here.", to="are you there")) as s:
            async with SimulatedCaller(edge_of(s), user_id="second") as second:
                await second.says("i wanted to ask")
            await asyncio.sleep(3)
            assert s.session.settled
            assert (s.session.user_state, s.session.agent_state) == (UserState.IDLE, AgentState.IDLE)
            await s.caller.says("are you there")
            await s.settles()
            assert s.said == [("user", "are you there"), ("assistant", "Here.")]

    async def test_each_is_heard_as_themselves(self) -> None:
        async with scripted_call("Fine.", "Bye.") as s:
            async with SimulatedCaller(edge_of(s), user_id="second") as second:
                await s.caller.says("how are you")
                await s.settles()
                await second.says("see you")
                await s.settles()
            users = [message.user_id for message in s.session.history.messages]
            assert users == ["caller", None, "second", None]
            started = [event.participant.user_id for event in s.of(UserTurnStartedEvent) if event.participant]
            assert started == ["caller", "second"]


@pytest.mark.parametrize("leave", [SimulatedCaller.mutes, SimulatedCaller.hangs_up])
async def test_nothing_is_said_to_nobody(leave: Callable[[SimulatedCaller], object]) -> None:
    """Whether the caller falls silent or is gone: what is not asked is not answered."""
    async with scripted_call() as s:
        outcome = leave(s.caller)
        if asyncio.iscoroutine(outcome):
            await outcome
        await s.caller.waits(30)
        assert s.caller.heard == []
