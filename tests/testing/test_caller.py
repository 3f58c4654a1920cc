"""The simulated caller speaks, listens, and hangs up like somebody on the line."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest

from vision_agents.core.audio.pacer import Pacer
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.loopback import Edge, HeardFrame, LoopbackPeer
from vision_agents.core.types.people import User
from vision_agents.testing import SimulatedCaller
from vision_agents.testing.tone_speech import read_speech, speak

pytestmark = pytest.mark.virtual_time

RATE = 48_000


def now() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Scene:
    """A caller, and somebody at the other end."""

    caller: SimulatedCaller
    other: LoopbackPeer
    frames: list[PcmData] = field(default_factory=list[PcmData])

    @property
    def received(self) -> list[HeardFrame]:
        return self.other.heard

    def words(self, begin: float = 0.0) -> str:
        frames = [frame.pcm.samples for frame in self.received if frame.at >= begin]
        return read_speech(PcmData(np.concatenate(frames), RATE)) if frames else ""

    async def say(self, text: str) -> None:
        """Let the other end speak, one frame each 20 ms."""
        pcm = speak(text, sample_rate=RATE)
        self.frames = [PcmData(pcm.samples[at : at + 960], RATE) for at in range(0, len(pcm), 960)]
        pacer = Pacer(
            lambda: self.frames.pop(0) if self.frames else None, self.other.send_audio, on_error=_raise
        )
        pacer.kick()
        await asyncio.sleep(pcm.duration + 0.1)
        pacer.stop()


def _raise(error: Exception) -> None:
    raise error


@asynccontextmanager
async def on_the_line() -> AsyncGenerator[Scene]:
    edge = Edge()
    other = edge.join_as(User(id="other"), "scene")
    async with SimulatedCaller(edge, call_id="scene") as caller:
        yield Scene(caller, other)
    other.leave()


class TestSpeaking:
    """A microphone that is open sends a frame each 20 ms."""

    async def test_an_open_microphone_sends_silence(self) -> None:
        async with on_the_line() as scene:
            await scene.caller.waits(1)
            assert len(scene.received) == pytest.approx(50, abs=1)
            assert not any(frame.pcm.samples.any() for frame in scene.received)
            steps = np.diff([frame.at for frame in scene.received])
            assert steps == pytest.approx(0.02)

    async def test_words_arrive_as_they_are_spoken(self) -> None:
        async with on_the_line() as scene:
            await scene.caller.waits(0.5)
            began = now()
            await scene.caller.says("How are you?")
            assert now() - began == pytest.approx(speak("how are you").duration, abs=0.041)
            assert scene.words() == "how are you"

    async def test_sentences_follow_each_other(self) -> None:
        async with on_the_line() as scene:
            await scene.caller.says("one")
            await scene.caller.waits(0.2)
            await scene.caller.says("two")
            assert scene.words() == "one two"

    async def test_saying_nothing_returns(self) -> None:
        async with on_the_line() as scene:
            await scene.caller.says("")
            assert scene.words() == ""
            assert now() < 0.1

    async def test_a_cough_is_loud_and_has_no_words(self) -> None:
        async with on_the_line() as scene:
            await scene.caller.mumbles(0.3)
            loud = [frame for frame in scene.received if np.abs(frame.pcm.samples).max() > 5000]
            assert len(loud) == pytest.approx(15, abs=1)
            assert scene.words() == ""

    async def test_a_muted_microphone_sends_nothing_but_words(self) -> None:
        async with on_the_line() as scene:
            await scene.caller.waits(0.1)
            scene.caller.mutes()
            begun, count = now(), len(scene.received)
            await scene.caller.waits(1)
            assert len(scene.received) == count
            await scene.caller.says("hello")
            assert scene.words(begun) == "hello"


class TestListening:
    """What was heard is kept, stretch by stretch, with its time."""

    async def test_words_and_times(self) -> None:
        async with on_the_line() as scene:
            await scene.caller.waits(1)
            await scene.say("good morning")
            await scene.caller.waits(1)
            await scene.say("bye")
            first, second = scene.caller.heard
            assert (first.text, second.text) == ("good morning", "bye")
            assert first.start == pytest.approx(1.0, abs=0.02)
            assert first.end - first.start == pytest.approx(speak("good morning").duration, abs=0.02)
            assert second.start > first.end + 1
            assert scene.caller.heard_text == "good morning bye"

    async def test_nothing_was_heard_of_silence(self) -> None:
        async with on_the_line() as scene:
            await scene.caller.waits(1)
            assert scene.caller.heard == []
            assert scene.caller.heard_text == ""

    async def test_hearing_returns_as_soon_as_the_words_were_said(self) -> None:
        async with on_the_line() as scene:
            talk = asyncio.gather(scene.say("one two three four five six seven"))
            await scene.caller.hears("one two")
            assert now() < 0.6
            await talk

    async def test_words_that_do_not_come_are_an_assertion_error_that_tells_what_was_heard(self) -> None:
        async with on_the_line() as scene:
            await scene.say("good morning")
            with pytest.raises(AssertionError, match=r"'good evening' was not heard .* only 'good morning'"):
                await scene.caller.hears("good evening", within=5)


class TestTheLine:
    """The caller comes, and goes."""

    async def test_the_caller_is_in_the_call_while_the_block_lasts(self) -> None:
        edge = Edge()
        other = edge.join_as(User(id="other"), "scene")
        async with SimulatedCaller(edge, call_id="scene", user_id="ann") as caller:
            assert [person.user_id for person in other.participants] == ["ann"]
            assert caller.peer.participants == (other.participant,)
        assert other.participants == ()
        assert not other.ended.is_set()
        other.leave()

    async def test_hanging_up_ends_the_call_for_everybody(self) -> None:
        async with on_the_line() as scene:
            await scene.caller.hangs_up()
            assert scene.other.ended.is_set()
            assert scene.other.end_detail == "hung up"
            await scene.caller.says("is anybody there")
            assert scene.words() == ""

    async def test_a_failing_scene_leaves_too(self) -> None:
        edge = Edge()
        other = edge.join_as(User(id="other"), "scene")
        with pytest.raises(ZeroDivisionError):
            async with SimulatedCaller(edge, call_id="scene"):
                raise ZeroDivisionError
        assert other.participants == ()
        other.leave()

    async def test_outside_of_the_block_there_is_no_line(self) -> None:
        with pytest.raises(AssertionError, match="Enter the caller first"):
            _ = SimulatedCaller(Edge(), call_id="scene").peer
