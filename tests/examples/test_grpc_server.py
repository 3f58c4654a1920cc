"""The example with gRPC: sessions are started and closed, and refusals have gRPC's own words."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import grpc
import pytest

from vision_agents.core.agents.agent import Agent
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.launcher.launcher import AgentLauncher

FILE = Path(__file__).parents[2] / "examples" / "grpc_server" / "server.py"


@pytest.fixture(scope="module")
def example() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("grpc_example", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(FILE.parent))  # as it is for a program
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(FILE.parent))


async def create_agent() -> Agent:
    return Agent(edge=Edge())


async def join_call(agent: Agent, call_type: str, call_id: str) -> None:
    await asyncio.Event().wait()


@pytest.fixture
async def stub(example: ModuleType) -> AsyncIterator[Any]:
    """A client of the service, around agents that do nothing."""
    async with AgentLauncher(create_agent, join_call, max_concurrent_sessions=1) as launcher:
        server: Any = grpc.aio.server()
        example.agent_pb2_grpc.add_AgentServiceServicer_to_server(example.AgentService(launcher), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            client: Any = example.agent_pb2_grpc.AgentServiceStub(channel)
            client.launcher = launcher
            yield client
        await server.stop(None)


async def test_a_session_is_started_and_closed(example: ModuleType, stub: Any) -> None:
    made = await stub.StartSession(example.agent_pb2.StartSessionRequest(call_id="lunch"))
    assert stub.launcher.get_session(made.session_id) is not None

    request = example.agent_pb2.CloseSessionRequest(call_id="lunch", session_id=made.session_id)
    await stub.CloseSession(request)
    assert stub.launcher.get_session(made.session_id) is None


async def test_refusals_have_their_own_status(example: ModuleType, stub: Any) -> None:
    start, close = example.agent_pb2.StartSessionRequest, example.agent_pb2.CloseSessionRequest
    await stub.StartSession(start(call_id="lunch"))
    for call, status in (
        (stub.StartSession(start(call_id="No Such Id")), grpc.StatusCode.INVALID_ARGUMENT),
        (stub.StartSession(start(call_id="dinner")), grpc.StatusCode.RESOURCE_EXHAUSTED),
        (stub.CloseSession(close(call_id="lunch", session_id="x")), grpc.StatusCode.NOT_FOUND),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call
        assert refused.value.code() is status
