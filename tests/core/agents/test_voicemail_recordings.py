"""Forty answered calls, in many voices, each through a whole session (session.md 1.10)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from benchmarks.telephone_line.recordings import RATE, Answer, Sound, answers
from benchmarks.telephone_line.sounds import silence, tone
from tests.core.agents.scene_parts import played_call

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.agents.voicemail import VoiceMailDetector
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.resample import resample
from vision_agents.core.stt.segmented import SegmentedSTT
from vision_agents.core.stt.stt import Transcript
from vision_agents.core.vad.energy import EnergyVAD
from vision_agents.testing import SimulatedCaller

pytestmark = pytest.mark.virtual_time

GREETING = "good morning this is acme"


class Stenographer(SegmentedSTT):
    """Knows what is said, 0.3 s after it was asked; without a text it hears no words."""

    def __init__(self, text: str) -> None:
        self._text = text

    async def transcribe(self, pcm: PcmData) -> Transcript:
        """Give the words."""
        await asyncio.sleep(0.3)
        return Transcript(self._text)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one call."""

    answer: Answer
    answered_by: str
    heard_after: Sequence[float]
    """From the last word until each stretch of the agent's voice."""

    @property
    def right(self) -> bool:
        """Whether a person was greeted, and a machine was not talked to."""
        if self.answer.is_machine:
            return self.answered_by == "voicemail" and not self.heard_after
        return self.answered_by == "human"

    @property
    def in_time(self) -> bool:
        """Whether the agent was heard within 2.5 s of the last word, and not before it."""
        return bool(self.heard_after) and 0 < self.heard_after[0] <= 2.5


async def place_call(answer: Answer, number: int, *, words: bool) -> Outcome:
    """Call somebody up who answers so; a machine with a beep sounds it."""
    lead, gap, frequency, length = np.random.default_rng(number).uniform(
        (0.1, 0.2, 400, 0.2), (1, 0.9, 1400, 1)
    )
    detector = VoiceMailDetector()

    def prepare(agent: Agent) -> None:
        AgentSession(agent, voice_mail_detector=detector)

    stt = Stenographer(answer.text if words else "")
    async with played_call(stt=stt, vad=EnergyVAD(), prepare=prepare) as call:
        call.session.say(GREETING)
        await plays(call.caller, silence(float(lead)), answer.sound)
        ended = asyncio.get_running_loop().time()
        if answer.beeps:
            await plays(call.caller, silence(float(gap)), tone((float(frequency),), float(length)))
        await call.caller.waits(5)
        heard = [stretch.start - ended for stretch in call.caller.heard]
    return Outcome(answer, detector.result.answered_by if detector.result else "", heard)


async def plays(caller: SimulatedCaller, *sounds: Sound) -> None:
    await caller.plays(resample(PcmData(np.concatenate(sounds), RATE), 48_000).to_int16())


@pytest.mark.parametrize("words", [False, True], ids=["by sound alone", "with the words"])
async def test_machines_are_told_from_people_who_are_answered_in_time(words: bool) -> None:
    calls = [await place_call(answer, n, words=words) for n, answer in enumerate(answers())]
    machines = [call for call in calls if call.answer.is_machine]
    people = [call for call in calls if not call.answer.is_machine]
    assert (len(machines), len(people)) == (20, 20)
    assert len({call.answer.voice for call in calls}) >= 10
    assert {call.answer.beeps for call in machines} == {True, False}
    assert sum(call.right for call in calls) >= 38
    assert [call.answer.text for call in people if call.right and not call.in_time] == []
