"""A file in the place of live video, on every way in: the agent, the launcher, the command line; not HTTP."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.core.agents.video_parts import Eye, in_call, video_agent
from tests.core.runner.http.parts import new_launcher, serving
from tests.core.video.films import film, shade

from vision_agents.core.agents.agent import Agent
from vision_agents.core.audio.wav import WavWriter
from vision_agents.core.errors import MediaError
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.runner.console_run import ConsoleRun, RunOptions
from vision_agents.core.runner.screen import Screen
from vision_agents.testing import Says, ScriptedVisionLLM
from vision_agents.testing.tone_speech import speak


def rate(eye: Eye) -> float:
    return (len(eye.at) - 1) / (eye.at[-1] - eye.at[0])


@pytest.mark.slow
async def test_it_reaches_a_processor_at_the_asked_rate_in_real_time(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", (shade(v, width=320, height=240) for v in range(0, 240, 8)), fps=30)
    slow, fast, late = Eye(fps=10), Eye(fps=30), Eye(takes=0.25)
    agent = video_agent(processors=[slow, fast, late])
    agent.set_video_track_override_path(path)
    async with in_call(agent):
        await asyncio.sleep(2.0)

    assert rate(slow) == pytest.approx(10, rel=0.1)
    assert rate(fast) == pytest.approx(30, rel=0.1)
    assert rate(late) == pytest.approx(4, rel=0.1)
    assert sorted(late.ages)[len(late.ages) // 2] < 0.05  # the newest wins


async def stay(agent: Agent, call_type: str, call_id: str) -> None:
    call = await agent.create_call(call_type, call_id)
    async with agent.join(call, participant_wait_timeout=0):
        await agent.finish()


@pytest.mark.virtual_time
async def test_start_session_takes_one(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", [shade(100)] * 10)
    eyes: list[Eye] = []

    def create() -> Agent:
        eyes.append(Eye(fps=10))
        return video_agent(processors=[eyes[-1]])

    async with AgentLauncher(create, stay, agent_idle_timeout=1000) as launcher:
        watched = await launcher.start_session("one", video_track_override_path=str(path))
        other = await launcher.start_session("two")
        await asyncio.sleep(5)
        counts = [len(eye.at) for eye in eyes if eye.agent in {watched.agent, other.agent}]
        await watched.close()
        await other.close()
    assert counts == [pytest.approx(50, abs=3), 0]


@pytest.mark.virtual_time
async def test_start_session_with_one_that_cannot_be_played_ends_with_the_reason(tmp_path: Path) -> None:
    async with AgentLauncher(lambda: video_agent(processors=[Eye()]), stay) as launcher:
        session = await launcher.start_session("one", video_track_override_path=str(tmp_path / "gone.mp4"))
        with pytest.raises(MediaError, match="There is no file"):
            await session.wait()


@pytest.mark.virtual_time
async def test_the_command_line_takes_one_for_an_agent_that_only_looks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models: list[ScriptedVisionLLM] = []
    writer = WavWriter(tmp_path / "question.wav", sample_rate=16_000)
    writer.write(speak("what do you see").samples)
    writer.close()

    def create() -> Agent:
        models.append(ScriptedVisionLLM([Says(text="A grey wall.", to="what do you see")]))
        return video_agent(models[-1])

    options = RunOptions(
        audio_track_override=str(tmp_path / "question.wav"),
        video_track_override=str(film(tmp_path / "a.mp4", [shade(100)] * 10)),
    )
    await ConsoleRun(AgentLauncher(create, stay), options, Screen()).run()

    assert "agent: A grey wall." in capsys.readouterr().out
    (shown,) = models[-1].seen
    assert [int(frame.to_rgb()[0, 0, 0]) for frame in shown] == pytest.approx([100, 100], abs=4)


@pytest.mark.virtual_time
async def test_t68_no_http_route_takes_one(tmp_path: Path) -> None:
    path = str(film(tmp_path / "a.mp4", [shade(100)]))
    names = ("video_track_override_path", "video_track_override", "media_root")
    agents: list[Agent] = []

    def create(**keywords: object) -> Agent:
        assert not keywords.keys() & set(names)
        agents.append(video_agent(processors=[Eye()]))
        return agents[-1]

    async with serving(new_launcher(create)) as client:
        body: dict[str, str] = dict.fromkeys(names, path)
        for route, extra in (("/calls/lunch/sessions", {}), ("/sessions", {"call_id": "lunch"})):
            answer = await client.post(route, json={**body, **extra}, params=body)
            assert answer.status_code == 201
        specification = (await client.get("/openapi.json")).text

    assert {agent.video_track_override_path for agent in agents} == {None}
    assert not [name for name in names if name in specification]
