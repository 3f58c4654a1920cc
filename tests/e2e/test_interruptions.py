"""Interruptions: real voices, real speech models, real time; only the language model is scripted."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from tests.e2e.spoken_call import recording

from vision_agents.core.agents.agent import Agent
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.resample import resample
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.events.agent import AgentTurnEndedEvent
from vision_agents.core.events.event import Event
from vision_agents.core.types.people import User
from vision_agents.plugins import embedded
from vision_agents.plugins.embedded import inference
from vision_agents.plugins.embedded.engines.moonshine import Moonshine
from vision_agents.plugins.embedded.weights.store import obtain
from vision_agents.testing import Says, ScriptedLLM, SimulatedCaller
from vision_agents.testing.scene import ScriptedCall

ANSWER = (
    "The museum was built in the winter of nineteen twenty, "
    "and the big clock on the tower still rings every morning."
)


@asynccontextmanager
async def call(*lines: str) -> AsyncGenerator[ScriptedCall]:
    llm, tts, edge = ScriptedLLM([Says(text=line) for line in lines]), embedded.TTS(), Edge()
    agent = Agent(
        edge=edge,
        agent_user=User(id="agent"),
        llm=llm,
        stt=embedded.STT(),
        tts=tts,
        vad=embedded.VAD(),
        turn_detection=embedded.TurnDetector(),
    )
    assert agent.pipeline is not None
    await agent.pipeline.warmup()
    events: list[Event] = []
    agent.events.on(Event, events.append)
    joined = await agent.create_call("default", "harbour")
    async with SimulatedCaller(edge) as caller, agent.join(joined) as session:
        yield ScriptedCall(agent, session, caller, llm, tts, events=events)  # pyright: ignore[reportArgumentType]
    await asyncio.to_thread(inference.pool.close)


async def say(text: str) -> PcmData:
    """Speak with the embedded voice, as a caller would."""
    voice = embedded.TTS()
    await voice.warmup()
    pieces = [chunk.pcm.to_int16() async for chunk in voice.synthesize(text)]
    return resample(PcmData(np.concatenate([p.samples for p in pieces]), pieces[0].sample_rate), 48_000)


def words_in(pcm: PcmData) -> list[str]:
    """What another ear hears."""
    moonshine = Moonshine.load(obtain("moonshine-tiny-en"))
    samples = resample(pcm, 16_000).to_float32().samples.astype(np.float32)
    return re.findall(r"[a-z']+", moonshine.transcribe([samples])[0].text.lower())


async def until_speaking(s: ScriptedCall) -> None:
    await s.session.reply("Tell about the museum.", wait_for_playback=False)
    async with asyncio.timeout(20):
        while not s.caller.peer.heard:  # noqa: ASYNC110 - real time
            await asyncio.sleep(0.02)
    await asyncio.sleep(1.2)


async def test_a_question_cuts_the_answer_within_a_second() -> None:
    async with call(ANSWER, "In Tokyo it rains.") as s:
        await until_speaking(s)
        began = asyncio.get_running_loop().time()
        await s.caller.plays(resample(PcmData(recording("tokyo_hibari"), 16_000), 48_000))
        cut = next(stretch for stretch in s.caller.heard if stretch.end > began)
        assert cut.end < began + 1.0
        await s.settles()
        (_, spoken), (_, question), (_, answer) = s.said
        assert spoken.endswith("…")
        assert ANSWER.startswith(spoken.rstrip("…"))
        assert "Tokyo" in question
        assert answer == "In Tokyo it rains."


@pytest.mark.parametrize("sign", ["Uh-huh.", "Okay."])
async def test_a_back_channel_does_not_stop_the_answer(sign: str) -> None:
    voice = await say(sign)
    async with call(ANSWER) as s:
        await until_speaking(s)
        await s.caller.plays(voice)
        await s.settles()
        assert s.said == [("assistant", ANSWER)]
        assert [event.interrupted for event in s.of(AgentTurnEndedEvent)] == [False]


async def test_after_a_false_interruption_no_word_is_missing() -> None:
    agreeing = await say("Yeah, okay.")  # long enough to silence the agent at once
    async with call(ANSWER) as s:
        await until_speaking(s)
        await s.caller.plays(agreeing)
        await s.settles()
        assert s.said == [("assistant", ANSWER)]
        assert len(s.caller.heard) == 2  # silent for a moment, then again
        frames = [frame.pcm.samples for frame in s.caller.peer.heard]
        heard = words_in(PcmData(np.concatenate(frames), 48_000))
    missing = [word for word in words_in(await say(ANSWER)) if word not in heard]
    assert not missing, heard
