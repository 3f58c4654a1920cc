"""What the application does beside talking: on the line, behind the voices, and to silent callers."""

from __future__ import annotations

import asyncio
import tempfile
import wave
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.property.actions import Gathers, PlaysSound, StopsSound, Thinks, Transfers, WakesUp
from tests.property.parts import MoodyLLM, MoodySTT, MoodyTTS
from tests.property.telephones import IS_BUSY, TAKES, WARM, install

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.dtmf import DTMFHandler
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.agents.sounds import BackgroundAudioHandlerConfig
from vision_agents.core.errors import SessionError
from vision_agents.core.telephony.gathering import GatherResult
from vision_agents.core.telephony.transfer import TransferPatience
from vision_agents.core.telephony.transfer_steps import TransferResult
from vision_agents.testing import ScriptedTurnDetector, ScriptedVAD, SimulatedCaller, mumble

if TYPE_CHECKING:
    from tests.property.stage import Stage

MURMUR_PEAK = 150
"""No sample of a sound behind the voices is louder: it cannot be taken for a voice."""


@dataclass(eq=False)
class Errand:
    """Something that takes its time, and how it ended."""

    what: Gathers | Transfers | None
    outcome: GatherResult | TransferResult | SessionError | asyncio.CancelledError | None = None
    endings: int = 0
    ended_at: float = 0.0


@dataclass
class ErrandRecord:
    """All of that."""

    errands: list[Errand] = field(default_factory=list[Errand])
    pressed: list[str] = field(default_factory=list[str])
    """The keys, in order."""
    told: list[str] = field(default_factory=list[str])
    """The keys that the application was told."""
    woken: int = 0
    successors: list[Agent] = field(default_factory=list[Agent])
    plays: int = 0
    """Sounds that were played."""

    @property
    def under_way(self) -> bool:
        """Whether something has not come to its end."""
        return any(not errand.endings for errand in self.errands)


class Errands:
    """Does them, for one stage."""

    def __init__(self, stage: Stage) -> None:
        self.record = ErrandRecord()
        self._stage = stage

    def prepare(self, agent: Agent) -> None:
        """Set up what must be there before the call."""
        install(self._stage.edge, self._stage.starts)
        if self._stage.scene.thinks_aloud:
            agent.set_thinking_audio(murmur(), volume=1.0)
        handler = DTMFHandler(self.record.told.append, barge_in=self._stage.scene.key_cuts)
        AgentSession(agent, dtmf_handler=handler)

    def act(self, action: Gathers | Transfers | PlaysSound | StopsSound | Thinks | WakesUp) -> None:
        """Begin it; what takes time goes on beside the scene."""
        session = self._stage.session
        match action:
            case Gathers() | Transfers():
                self._stage.starts(self._runs(action))
            case PlaysSound(looping=looping, overrides=overrides):
                config = BackgroundAudioHandlerConfig(murmur(), looping=looping)
                self._stage.starts(self._sounds(session.play_background_audio(config, overrides), plays=True))
            case StopsSound():
                self._stage.starts(self._sounds(session.stop_background_audio()))
            case Thinks(begins=begins):
                change = session.start_thinking_audio if begins else session.stop_thinking_audio
                self._stage.starts(self._sounds(change()))
            case WakesUp(after=after, how=how, attempts=attempts):
                session.wake_up, session.max_wake_ups = after, attempts
                session.on_wake_up = {"says": self._says, "replies": self._replies, "is silent": self._nods}[
                    how
                ]

    def press(self, caller: SimulatedCaller, keys: str) -> None:
        """A caller presses keys."""
        for key in keys:
            self.record.pressed.append(key)
            caller.peer.press(key)

    async def _runs(self, what: Gathers | Transfers) -> None:
        work = self._gather(what) if isinstance(what, Gathers) else self._transfer(what)
        await self._keep(work, what)

    async def _gather(self, what: Gathers) -> GatherResult:
        prompt = self._stage.vocabulary.sentences(1) if what.prompts else None
        return await self._stage.session.gather_digits(
            what.count, timeout=4.0, inter_digit_timeout=2.0, prompt=prompt, sensitive=what.sensitive
        )

    async def _transfer(self, what: Transfers) -> TransferResult:
        music = BackgroundAudioHandlerConfig(murmur(), looping=True)
        return await self._stage.session.transfer(
            what.phone,
            warm=what.phone in WARM,
            summary="A caller.",
            hold_audio=music,
            patience=TransferPatience(answer=3),
        )

    async def _keep(
        self, work: Awaitable[GatherResult | TransferResult], what: Gathers | Transfers
    ) -> GatherResult | TransferResult | None:
        errand = Errand(what)
        self.record.errands.append(errand)
        try:
            result = errand.outcome = await work
        except SessionError as error:
            errand.outcome = error
            return None
        except asyncio.CancelledError as error:
            errand.outcome = error
            raise
        else:
            return result
        finally:
            errand.endings += 1
            errand.ended_at = asyncio.get_running_loop().time()

    async def _sounds(self, work: Awaitable[None], *, plays: bool = False) -> None:
        try:
            await work
        except SessionError:
            return
        self.record.plays += plays

    # What a silent caller hears.

    def _says(self) -> None:
        self.record.woken += 1
        self._stage.keep(self._stage.session.say(self._stage.vocabulary.sentences(1)))

    async def _replies(self, _attempt: int) -> None:
        self.record.woken += 1
        self._stage.keep(await self._stage.session.reply("Ask whether they are there."))

    async def _nods(self) -> None:
        self.record.woken += 1

    # The tools.

    @property
    def tools(self) -> list[Callable[..., object]]:
        """What the model may call."""
        return [self.gathering, self.transferring, self.leaving, self.successor, self.stranger]

    async def gathering(self, asked: str) -> str:
        """Ask for digits."""
        self._stage.note("gathering", asked)
        what = Gathers(2, prompts=True, sensitive=False)
        return str(await self._keep(self._gather(what), what))

    async def transferring(self, asked: str) -> str:
        """Hand the call over to somebody who is busy."""
        self._stage.note("transferring", asked)
        what = Transfers(IS_BUSY)
        return str(await self._keep(self._transfer(what), what))

    async def leaving(self, asked: str) -> str:
        """Hand the call over to somebody who takes it."""
        self._stage.note("leaving", asked)
        what = Transfers(TAKES)
        return str(await self._keep(self._transfer(what), what))

    async def successor(self, asked: str) -> Agent:
        """Hand the call over to an agent without parts, who says nothing by itself."""
        self._stage.note("successor", asked)
        return self._new(Agent("Go on.", tools=self._stage.tools, inherit_context=True))

    async def stranger(self, asked: str) -> Agent:
        """Hand the call over to an agent with parts of its own, who knows nothing and greets."""
        self._stage.note("stranger", asked)
        stage = self._stage
        llm = MoodyLLM([], stage.vocabulary, name=f"stranger-{len(self.record.successors)}")
        stt = MoodySTT([])
        llm.unpaired, stt.read = stage.llm.unpaired, stage.stt.read
        llm.moods, stt.moods = stage.llm.moods, stage.stt.moods
        parts = {
            "vad": ScriptedVAD(),
            "turn_detection": ScriptedTurnDetector(unfinished=["k", "n", "s", "t"]),
        }
        return self._new(
            Greeter(stage, llm=llm, stt=stt, tts=MoodyTTS([]), turn_handling=stage.turn_handling, **parts)
        )

    def _new(self, agent: Agent) -> Agent:
        self.record.successors.append(agent)
        return agent


class Greeter(Agent):
    """Speaks when it comes."""

    def __init__(self, stage: Stage, **parts: object) -> None:
        super().__init__("Help.", tools=stage.tools, deadlines=stage.agent.deadlines, **parts)  # pyright: ignore
        self._stage = stage

    async def on_enter(self) -> None:
        """Greet."""
        self._stage.keep(self._stage.session.say(self._stage.vocabulary.sentences(1)))


_files: list[tempfile.TemporaryDirectory[str]] = []


@cache
def murmur() -> Path:
    """A quiet sound without words."""
    _files.append(tempfile.TemporaryDirectory())
    path = Path(_files[-1].name) / "murmur.wav"
    voice = mumble(1.5, sample_rate=48_000)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes((voice.samples // 150).tobytes())
    return path
