"""Background and thinking audio in whole calls (session.md 1.8)."""

import asyncio
import wave
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tests.core.agents.scene_parts import calls, played_call, until
from tests.core.agents.session_parts import a_call, an_agent

from vision_agents.core.agents.session import AgentSession
from vision_agents.core.agents.sounds import BackgroundAudioHandlerConfig
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.loopback import Edge, LoopbackConnection
from vision_agents.core.edge.transport import Call, ConnectionListener
from vision_agents.core.errors import MediaError, SessionNotStarted
from vision_agents.core.events.sounds import BackgroundAudioEvent
from vision_agents.core.speech.clip import Ducking
from vision_agents.core.speech.mixer import Mixer
from vision_agents.core.types.people import User
from vision_agents.core.types.status import AgentState
from vision_agents.testing import ScriptedCall

pytestmark = pytest.mark.virtual_time

RATE = 48_000
LOUD = Ducking(depth_db=0)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Low notes, below every letter of the voices, in stereo at 44.1 kHz."""
    folder = tmp_path_factory.mktemp("sounds")
    return {name: note(folder / f"{name}.wav", hertz) for name, hertz in (("low", 100), ("high", 200))}


def note(path: Path, hertz: int) -> Path:
    mono = (3000 * np.sin(2 * np.pi * hertz * np.arange(22_050) / 44_100)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(np.stack((mono, mono), axis=1).tobytes())
    return path


def config(path: Path, **settings: object) -> BackgroundAudioHandlerConfig:
    ready: dict[str, object] = {"looping": True, "fade": 0.02, "ducking": LOUD, **settings}
    return BackgroundAudioHandlerConfig(path, **ready)  # pyright: ignore[reportArgumentType]


def heard(call: ScriptedCall, after: float = 0.0) -> npt.NDArray[np.float64]:
    """Everything the caller heard, as one wave."""
    frames = [frame.pcm.samples for frame in call.caller.peer.heard if frame.at >= after]
    return np.concatenate([np.zeros(0), *frames]).astype(float)


def amount(samples: npt.NDArray[np.float64], hertz: int) -> float:
    """How strong one tone is in each stretch, at most 3000; the mean over the whole."""
    turn = np.exp(-2j * np.pi * hertz * np.arange(len(samples)) / RATE)
    return float(2 * abs(np.mean(samples * turn)))


def told(call: ScriptedCall, kind: str) -> list[bool]:
    return [event.playing for event in call.of(BackgroundAudioEvent) if event.kind == kind]


async def test_b1_a_second_sound_takes_the_place_of_the_first(files: dict[str, Path]) -> None:
    async with played_call() as call:
        await call.session.play_background_audio(config(files["low"]))
        await asyncio.sleep(1)
        await call.session.play_background_audio(config(files["high"]))
        await asyncio.sleep(0.1)
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(1)
        both = heard(call, began)
        assert amount(both, 100) < 20
        assert amount(both, 200) == pytest.approx(3000, rel=0.02)
        assert told(call, "background") == [True, False, True]


async def test_defect_14_two_calls_at_one_tick_leave_one_sound_and_stop_ends_it(
    files: dict[str, Path],
) -> None:
    async with played_call() as call:
        session = call.session
        await asyncio.gather(
            session.play_background_audio(config(files["low"])),
            session.play_background_audio(config(files["high"])),
        )
        await asyncio.sleep(0.5)
        await session.stop_background_audio()
        await asyncio.sleep(0.1)
        frames = len(call.caller.peer.heard)
        await asyncio.sleep(5)
        assert len(call.caller.peer.heard) == frames
        assert told(call, "background") == [True, False, True, False]


async def test_b2_thinking_that_was_started_starts_once(files: dict[str, Path]) -> None:
    async with thinking_call(files, "one") as call:
        await call.session.start_thinking_audio()
        await call.session.start_thinking_audio()
        await asyncio.sleep(0.5)
        await call.session.stop_thinking_audio()
        await call.session.stop_thinking_audio()
        assert told(call, "thinking") == [True, False]
        await call.caller.says("hello")
        await finish(call)


async def test_b3_thinking_comes_back_only_if_the_agent_still_thinks(files: dict[str, Path]) -> None:
    async with thinking_call(files, "one", slow=3.0) as call:
        await call.caller.says("hello")
        await until(lambda: call.session.agent_state is AgentState.THINKING)
        await call.session.play_background_audio(config(files["low"]))
        await call.session.stop_background_audio()
        assert told(call, "thinking") == [True, False, True]
        await call.session.play_background_audio(config(files["low"]))
        await call.caller.hears("one")
        await call.settles()
        await call.session.stop_background_audio()
        await asyncio.sleep(1)
        assert told(call, "thinking") == [True, False, True, False]


async def test_thinking_and_background_are_both_heard_where_one_does_not_override_the_other(
    files: dict[str, Path],
) -> None:
    async with thinking_call(files, "one", slow=3.0) as call:
        await call.session.play_background_audio(config(files["low"]), override_thinking=False)
        await call.caller.says("hello")
        await until(lambda: call.session.agent_state is AgentState.THINKING)
        await asyncio.sleep(0.2)
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(1)
        both = heard(call, began)
        assert amount(both, 100) == pytest.approx(3000, rel=0.03)
        assert amount(both, 200) == pytest.approx(3000, rel=0.03)
        await finish(call)


@pytest.mark.parametrize("buffered", [0.0, 0.1, 0.13])
async def test_b4_an_interruption_leaves_no_gap_in_the_background(
    files: dict[str, Path], buffered: float
) -> None:
    edge = BufferingEdge(buffered)
    async with played_call(edge=edge) as call:
        await call.session.play_background_audio(config(files["low"]))
        await asyncio.sleep(0.3)
        for _ in range(5):
            call.session.say("one two three four five six seven")
            await asyncio.sleep(0.37)
            call.session.interrupt()
            await asyncio.sleep(0.41)
        await call.settles()
        await asyncio.sleep(0.5)
        wave = edge.line.played() if buffered else heard(call)
    low = only_below(wave[RATE // 10 :], 250)
    at = np.arange(len(low)) / RATE
    phase = np.exp(-2j * np.pi * 100 * at)
    slices = [2 * abs(np.mean((low * phase)[a : a + 2400])) for a in range(4800, len(low) - 4800, 2400)]
    assert min(slices) > 2800
    assert max(slices) < 3200


async def test_b4_an_utterance_ends_though_the_background_goes_on(files: dict[str, Path]) -> None:
    edge = BufferingEdge(0.1)
    async with played_call(edge=edge) as call:
        await call.session.play_background_audio(config(files["low"]))
        handle = call.session.say("one two")
        async with asyncio.timeout(3):
            await handle
        assert handle.spoken_text == "one two"


async def test_b6_after_the_end_of_the_call_nothing_is_played_or_made(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    pulls, pull = 0, Mixer.pull

    def counted(mixer: Mixer) -> PcmData | None:
        nonlocal pulls
        pulls += 1
        return pull(mixer)

    monkeypatch.setattr(Mixer, "pull", counted)
    async with played_call() as call:
        await call.session.play_background_audio(config(files["low"]))
        await asyncio.sleep(0.5)
        await call.caller.hangs_up()
        await call.session.wait_ending()
        await asyncio.sleep(0.1)
        frames, made = len(call.caller.peer.heard), pulls
        await asyncio.sleep(10)
        assert len(call.caller.peer.heard) == frames
        assert pulls == made > 20  # nobody works for nobody
        assert not call.session.is_background_audio_enabled


async def test_b8_thinking_does_not_begin_anew_with_each_tool(files: dict[str, Path]) -> None:
    async def look() -> str:
        """Look it up."""
        await asyncio.sleep(1)
        return "found"

    answers = [[calls("look")], [calls("look")], ["done."]]
    async with thinking_call(files, *answers, tools=[look]) as call:
        await call.caller.says("hello")
        await call.caller.hears("done")
        await call.settles()
        assert told(call, "thinking") == [True, False]


async def test_thinking_falls_silent_with_the_first_word(files: dict[str, Path]) -> None:
    async with thinking_call(files, "one two three four", slow=1.0) as call:
        await call.caller.says("hello")
        await until(lambda: call.session.agent_state is AgentState.SPEAKING)
        spoke = asyncio.get_running_loop().time()
        await call.settles()
        assert amount(heard(call, spoke + 0.2), 200) < 60
        assert told(call, "thinking") == [True, False]


async def test_b10_the_background_of_the_constructor_plays_at_the_start(files: dict[str, Path]) -> None:
    agent = an_agent(Edge())
    session = AgentSession(agent, background_audio=config(files["low"]))
    call = await a_call(agent)
    edge = agent.edge
    assert isinstance(edge, Edge)
    peer = edge.join_as(User(id="caller"))
    async with agent.join(call) as joined:
        assert joined is session
        assert session.is_background_audio_enabled
        await asyncio.sleep(1)
    samples = np.concatenate([frame.pcm.samples for frame in peer.heard]).astype(float)
    assert amount(samples[RATE // 10 : RATE // 10 + RATE // 2], 100) == pytest.approx(3000, rel=0.03)


async def test_a_background_that_cannot_be_played_at_the_start_does_not_cost_the_call(tmp_path: Path) -> None:
    agent = an_agent(Edge())
    session = AgentSession(agent, background_audio=BackgroundAudioHandlerConfig(tmp_path / "missing.wav"))
    async with agent.join(await a_call(agent), participant_wait_timeout=0):
        await session.say("hello")


async def test_defect_15_a_file_that_cannot_be_played_leaves_the_thinking_alone(
    files: dict[str, Path], tmp_path: Path
) -> None:
    async with thinking_call(files, "one", slow=3.0) as call:
        await call.caller.says("hello")
        await until(lambda: call.session.agent_state is AgentState.THINKING)
        with pytest.raises(MediaError):
            await call.session.play_background_audio(config(tmp_path / "missing.wav"))
        assert told(call, "thinking") == [True]
        await finish(call)


async def test_defect_16_after_the_end_one_may_still_ask(files: dict[str, Path]) -> None:
    async with played_call() as call:
        pass
    assert not call.session.is_background_audio_enabled
    with pytest.raises(SessionNotStarted):
        await call.session.play_background_audio(config(files["low"]))


async def test_the_agent_plays_its_own_clips() -> None:
    async with played_call() as call:
        await call.agent.play_background_audio(looping=True)
        await asyncio.sleep(1)
        assert np.sqrt(np.mean(heard(call)[RATE // 2 :] ** 2)) > 200
        await call.agent.stop_background_audio()


@pytest.mark.parametrize("wrong", [{"volume": 1.1}, {"volume": -0.1}, {"fade": -1}, {"mode": "loud"}])
def test_nonsense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be"):
        BackgroundAudioHandlerConfig("x.wav", **wrong)  # pyright: ignore[reportArgumentType]


@asynccontextmanager
async def thinking_call(
    files: dict[str, Path], *answers: object, slow: float = 0.0, tools: object = ()
) -> AsyncGenerator[ScriptedCall]:
    """A call whose agent hums the high note while it thinks."""
    pieces = [[slow, answer] if isinstance(answer, str) else answer for answer in answers]
    humming = config(files["high"])

    def prepare(agent: object) -> None:
        agent.thinking_audio = humming  # pyright: ignore[reportAttributeAccessIssue]

    async with played_call(*pieces, tools=tools, prepare=prepare) as call:  # pyright: ignore[reportArgumentType]
        await asyncio.sleep(0.1)
        yield call


async def finish(call: ScriptedCall) -> None:
    """Let the script be followed to its end."""
    await call.caller.hears("one")
    await call.settles()


def only_below(samples: npt.NDArray[np.float64], hertz: float) -> npt.NDArray[np.float64]:
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(len(samples), 1 / RATE) > hertz] = 0
    return np.fft.irfft(spectrum, len(samples))


class BufferedLine(LoopbackConnection):
    """Plays what it gets some time later, as real transports do; keeps what was really played."""

    length = 0.0

    def begin(self, length: float) -> None:
        self.length = length
        self.sent: list[npt.NDArray[np.int16]] = []
        self._first: float | None = None

    def send_audio(self, frame: PcmData) -> None:
        super().send_audio(frame)
        if self._first is None:
            self._first = asyncio.get_running_loop().time()
        self.sent.append(np.asarray(frame.samples, np.int16))

    def flush_audio(self, last: PcmData | None = None) -> None:
        keep = self._total - round(self.unplayed * RATE)
        self.sent = [np.concatenate(self.sent)[:keep]]
        super().flush_audio(last)

    @property
    def unplayed(self) -> float:
        if self._first is None:
            return 0.0
        playing = asyncio.get_running_loop().time() - self._first - self.length
        return max(0.0, self._total / RATE - max(0.0, playing))

    @property
    def _total(self) -> int:
        return sum(len(part) for part in self.sent)

    def played(self) -> npt.NDArray[np.float64]:
        return np.concatenate(self.sent).astype(float)


class BufferingEdge(Edge):
    """Holds audio back for a while."""

    def __init__(self, length: float) -> None:
        super().__init__()
        self._length = length

    async def join(self, call: Call, user: User, listener: ConnectionListener) -> LoopbackConnection:
        self._call = call
        self.line = BufferedLine(self._exchange.room(call.id), user, listener)
        self.line.begin(self._length)
        self._connections.append(self.line)
        self.line.enter()
        return self.line


async def test_b9_the_background_of_a_call_ducks_under_the_agents_voice_as_configured(
    files: dict[str, Path],
) -> None:
    ducking = Ducking(depth_db=12, attack=0.1, release=0.5)
    async with played_call() as call:
        await call.session.play_background_audio(config(files["low"], ducking=ducking))
        await asyncio.sleep(1)
        first = call.caller.peer.heard[0].at
        handle = call.session.say("one two three four five six seven eight nine ten")
        await until(lambda: call.session.agent_state is AgentState.SPEAKING)
        spoke = asyncio.get_running_loop().time() - first
        await handle
        silent = asyncio.get_running_loop().time() - first
        await asyncio.sleep(1)
        wave = heard(call)

    def level(at: float, length: float = 0.1) -> float:
        part = only_below(wave, 250)[round(at * RATE) : round((at + length) * RATE)]
        return amount(part, 100) / 3000

    soft = 10 ** (-12 / 20)
    assert level(spoke - 0.12) == pytest.approx(1, rel=0.05)
    assert level(spoke + 0.14) == pytest.approx(soft, rel=0.15)
    assert level(silent - 0.2) == pytest.approx(soft, rel=0.15)
    assert level(silent + 0.2) == pytest.approx((1 + soft) / 2, rel=0.1)
    assert level(silent + 0.6) == pytest.approx(1, rel=0.05)
