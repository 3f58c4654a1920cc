"""What agents are made of is loaded once for each configuration, and again where that failed."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

import pytest
from tests.core.launcher.ledger import Ledger, LedgerAgent, joined, now, stay

from vision_agents.core.agents.agent import Agent
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.types.status import SessionStatus
from vision_agents.testing.scripted import ScriptedTTS

pytestmark = pytest.mark.virtual_time


class Voice(ScriptedTTS):
    """One of a model's voices; loading takes ten seconds, and may fail first."""

    def __init__(self, loads: list[str], voice: str, *, speed: float = 1.0, fails: int = 0) -> None:
        super().__init__()
        self.model = voice
        self._loads = loads
        self._speed = speed
        self._fails = fails

    @property
    def warmup_key(self) -> Hashable:
        return super().warmup_key, self._speed

    async def warmup(self) -> None:
        await asyncio.sleep(10)
        self._loads.append(f"{self.model} {self._speed:g}")
        if len(self._loads) <= self._fails:
            raise OSError("no disk")


async def test_defect_29_equal_configurations_share_a_warm_up_and_others_do_not() -> None:
    ledger, loads = Ledger(), list[str]()

    def create_agent(voice: str = "heart", speed: float = 1.0) -> Agent:
        return LedgerAgent(ledger, tts=Voice(loads, voice, speed=speed))

    async with AgentLauncher(create_agent, stay) as launcher:
        assert (loads, now()) == (["heart 1"], 10)
        await asyncio.gather(*(launcher.start_session("lunch") for _ in range(5)))
        await (await launcher.launch()).close()
        assert (loads, now()) == (["heart 1"], 10)

        await asyncio.gather(*(launcher.start_session("lunch", voice="bella") for _ in range(5)))
        assert (loads, now()) == (["heart 1", "bella 1"], 20)

        await launcher.start_session("lunch", speed=1.5)
        assert (loads, now()) == (["heart 1", "bella 1", "heart 1.5"], 30)


async def test_defect_29_configurations_load_side_by_side() -> None:
    ledger, loads = Ledger(), list[str]()

    def create_agent(voice: str = "heart") -> Agent:
        return LedgerAgent(ledger, tts=Voice(loads, voice))

    async with AgentLauncher(create_agent, stay) as launcher:
        voices = ["bella", "sky", "adam"]
        await asyncio.gather(*(launcher.start_session("lunch", voice=voice) for voice in voices))

        assert now() == 20


async def test_defect_02_a_failed_warm_up_is_tried_again_by_the_next_start() -> None:
    ledger, loads = Ledger(), list[str]()
    launcher = AgentLauncher(lambda: LedgerAgent(ledger, tts=Voice(loads, "heart", fails=2)), stay)
    for _ in range(2):
        with pytest.raises(OSError, match="no disk"):
            await launcher.start()
        assert (launcher.warmed_up, launcher.running, launcher.ready) == (False, False, False)
    async with launcher:
        assert launcher.ready

    assert len(loads) == 3
    assert ledger.all_closed_once


async def test_a_failed_warm_up_of_a_session_is_its_failure_and_tried_again_by_the_next() -> None:
    ledger, loads = Ledger(), list[str]()

    def create_agent(voice: str = "heart") -> Agent:
        return LedgerAgent(ledger, tts=Voice(loads, voice, fails=2 if voice == "bella" else 0))

    async with AgentLauncher(create_agent, stay, max_concurrent_sessions=1) as launcher:
        with pytest.raises(OSError, match="no disk"):
            await launcher.start_session("lunch", voice="bella")
        session = await launcher.start_session("lunch", voice="bella")
        await joined(session)

        assert session.status is SessionStatus.ACTIVE
    assert ledger.all_closed_once


async def test_defect_01_a_launcher_starts_without_any_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The virtual-time loop refuses sockets; a thread could still open one."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    ledger = Ledger()
    async with AgentLauncher(lambda: LedgerAgent(ledger), stay) as launcher:
        await joined(await launcher.start_session("lunch"))

        assert ledger.present == ["lunch"]
