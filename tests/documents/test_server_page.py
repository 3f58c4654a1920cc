"""The examples of the server's page, in both of its printings."""

import asyncio
import logging
from typing import Any

import httpx
import pytest
from dotenv import load_dotenv
from fastapi import FastAPI, Header, HTTPException
from fastapi.middleware.gzip import GZipMiddleware
from tests.documents.parts import GREETING, create_agent, deepgram, elevenlabs, gemini, getstream, join_call

from vision_agents.core import Agent, AgentLauncher, Runner, ServeOptions, User
from vision_agents.core.history.messages import Message

pytestmark = pytest.mark.virtual_time


@pytest.mark.parametrize("model", ["gemini-2.5-flash-lite", "gemini-3.1-flash-lite-preview"])
async def test_the_basic_example(model: str) -> None:
    load_dotenv()
    logging.getLogger(__name__).setLevel(logging.INFO)

    async def create_agent(**kwargs: Any) -> Agent:
        """Factory function that creates and configures an agent."""
        agent = Agent(
            edge=getstream.Edge(),
            agent_user=User(name="Assistant", id="agent"),
            instructions="You are a helpful voice assistant.",
            llm=gemini.LLM(model),
            tts=elevenlabs.TTS(),
            stt=deepgram.STT(eager_turn_detection=True),
        )

        @agent.llm.register_function(description="Get the current weather for a location")
        async def get_weather(location: str) -> str:  # pyright: ignore[reportUnusedFunction]
            return f"The weather in {location} is sunny and 72°F."

        return agent

    async def join_call(agent: Agent, call_type: str, call_id: str, **kwargs: Any) -> None:
        """Called when the agent should join a call."""
        call = await agent.create_call(call_type, call_id)

        async with agent.join(call):
            await agent.simple_response("Hello! How can I help you today?")
            await agent.finish()

    runner = Runner(AgentLauncher(create_agent=create_agent, join_call=join_call))

    async with runner.launcher as launcher:
        session = await launcher.start_session("lunch")
        await session.wait()
    spoken = [item.text for item in session.history if isinstance(item, Message)]
    assert GREETING in spoken


async def test_the_requests_of_the_page() -> None:
    app = Runner(AgentLauncher(create_agent=create_agent, join_call=join_call)).fast_api
    async with app.router.lifespan_context(app), client_of(app) as client:
        answer = await client.post(
            "/calls/my-call-123/sessions",
            headers={"Content-Type": "application/json"},
            content='{"call_type": "default"}',
        )
        assert answer.status_code == 201
        body = answer.json()
        assert list(body) == ["session_id", "call_id", "session_started_at"]
        answer = await client.get(f"/calls/my-call-123/sessions/{body['session_id']}/metrics")
        metrics = answer.json()
        assert list(metrics) == [
            "session_id",
            "call_id",
            "session_started_at",
            "metrics_generated_at",
            "metrics",
        ]
        assert {
            "llm_latency_ms__avg",
            "llm_time_to_first_token_ms__avg",
            "llm_input_tokens__total",
            "llm_output_tokens__total",
            "stt_latency_ms__avg",
            "tts_latency_ms__avg",
        } <= set(metrics["metrics"])


async def test_cors_options() -> None:
    runner = Runner(
        AgentLauncher(create_agent=create_agent, join_call=join_call),
        serve_options=ServeOptions(
            cors_allow_origins=["https://myapp.com"],
            cors_allow_methods=["GET", "POST", "DELETE"],
            cors_allow_headers=["Authorization"],
            cors_allow_credentials=True,
        ),
    )
    async with client_of(runner.fast_api) as client:
        answer = await client.get("/health", headers={"Origin": "https://myapp.com"})
    assert answer.headers["access-control-allow-origin"] == "https://myapp.com"


class AuthUser:
    """Who a token stands for."""

    def __init__(self, token: str) -> None:
        self.token = token

    def has_permission(self, name: str) -> bool:
        return self.token == "starter"

    def can_access_call(self, call_id: str) -> bool:
        return call_id == "mine"


async def validate_token(authorization: str) -> AuthUser:
    return AuthUser(authorization)


async def can_start_session(
    call_id: str,
    authorization: str = Header(None),
) -> bool:
    """Check if the request is authorized to start a session."""
    if not authorization:
        raise HTTPException(status_code=401, detail="Authorization required")
    user = await validate_token(authorization)
    if not user.has_permission("start_session"):
        raise HTTPException(status_code=403, detail="Permission denied")
    return True


async def can_close_session(
    call_id: str,
    authorization: str = Header(None),
) -> bool:
    """Check if the request is authorized to close a session."""
    if not authorization:
        raise HTTPException(status_code=401, detail="Authorization required")
    user = await validate_token(authorization)
    if not user.can_access_call(call_id):
        raise HTTPException(status_code=403, detail="Cannot close this session")
    return True


async def test_permission_callbacks() -> None:
    runner = Runner(
        AgentLauncher(create_agent=create_agent, join_call=join_call),
        serve_options=ServeOptions(
            can_start_session=can_start_session,
            can_close_session=can_close_session,
        ),
    )
    app = runner.fast_api
    async with app.router.lifespan_context(app), client_of(app) as client:
        start = [
            await client.post(f"/calls/{call_id}/sessions", json={}, headers=headers)
            for call_id, headers in (
                ("mine", {}),
                ("mine", {"Authorization": "other"}),
                ("mine", {"Authorization": "starter"}),
                ("theirs", {"Authorization": "starter"}),
            )
        ]
        assert [(answer.status_code, answer.json().get("detail")) for answer in start] == [
            (401, "Authorization required"),
            (403, "Permission denied"),
            (201, None),
            (201, None),
        ]
        close = [
            await client.delete(f"/calls/{call_id}/sessions/{start[i].json()['session_id']}", headers=headers)
            for i, call_id, headers in (
                (2, "mine", {}),
                (3, "theirs", {"Authorization": "anybody"}),
                (2, "mine", {"Authorization": "anybody"}),
            )
        ]
        assert [answer.status_code for answer in close] == [401, 403, 202]
        assert close[1].json()["detail"] == "Cannot close this session"


async def test_customizing_the_default_application() -> None:
    runner = Runner(AgentLauncher(create_agent=create_agent, join_call=join_call))

    # Adding a custom endpoint
    @runner.fast_api.get("/custom")
    async def custom_endpoint():  # pyright: ignore[reportUnusedFunction]
        return {"message": "Custom endpoint"}

    # Add custom middleware
    runner.fast_api.add_middleware(GZipMiddleware, minimum_size=1000)

    async with client_of(runner.fast_api) as client:
        assert (await client.get("/custom")).json() == {"message": "Custom endpoint"}


async def test_a_custom_application() -> None:
    app = FastAPI(
        title="My Agent Server",
        description="Custom agent server with additional features",
        version="1.0.0",
    )

    # Add your own routes before passing to Runner
    @app.get("/custom")
    async def custom_endpoint():  # pyright: ignore[reportUnusedFunction]
        return {"message": "Custom endpoint"}

    runner = Runner(
        AgentLauncher(create_agent=create_agent, join_call=join_call),
        serve_options=ServeOptions(fast_api=app),
    )

    async with client_of(runner.fast_api) as client:
        assert (await client.get("/custom")).json() == {"message": "Custom endpoint"}
        assert (await client.get("/ready")).status_code == 404


async def test_limits() -> None:
    runner = Runner(
        AgentLauncher(
            create_agent=create_agent,
            join_call=join_call,
            max_concurrent_sessions=10,  # Limit total concurrent agents
            max_sessions_per_call=1,  # One agent per call
            max_session_duration_seconds=3600,  # 1 hour max per session
            agent_idle_timeout=120.0,  # Disconnect after 2 min alone
        )
    )
    async with runner.launcher as launcher:
        session = await launcher.start_session("lunch")
        began = asyncio.get_running_loop().time()
        await session.wait()
        assert 3600 <= asyncio.get_running_loop().time() - began < 3610


async def test_the_launcher_without_http() -> None:
    launcher = AgentLauncher(
        create_agent=create_agent,
        join_call=join_call,
        max_concurrent_sessions=10,
    )

    # Start the launcher (warmup + maintenance loop)
    await launcher.start()

    # Start a session — returns an AgentSession
    session = await launcher.start_session(call_id="my-call-123", call_type="default")

    # Query a session from the registry (works across nodes)
    info = await launcher.get_session_info("my-call-123", session.id)
    assert info is not None
    assert info.session_id == session.id

    # Request session closure (works across nodes)
    await launcher.request_close_session("my-call-123", session.id)

    # Close a session running on this node
    await launcher.close_session(session.id)

    # Stop the launcher (closes all sessions + registry)
    await launcher.stop()
    assert session.finished


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000")
