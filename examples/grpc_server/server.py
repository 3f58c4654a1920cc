"""Agents behind gRPC instead of HTTP: the launcher does the work, and this file is only its interface.

uv sync --extra embedded --extra grpc
python examples/grpc_server/server.py
"""

import asyncio

import grpc

from vision_agents.core import (
    Agent,
    AgentLauncher,
    InvalidCallId,
    LauncherNotRunning,
    SessionLimitExceeded,
    User,
    VisionAgentsError,
)
from vision_agents.core.edge import loopback
from vision_agents.plugins import embedded

# Reads the description that lies beside this file; a build would generate the two modules instead.
agent_pb2, agent_pb2_grpc = grpc.protos_and_services("agent.proto")


class AgentService(agent_pb2_grpc.AgentServiceServicer):
    """Starts and closes sessions."""

    def __init__(self, launcher: AgentLauncher):
        self.launcher = launcher

    async def StartSession(self, request, context):  # noqa: N802 - named by the protocol
        """Bring an agent into a call."""
        try:
            session = await self.launcher.start_session(
                call_id=request.call_id, call_type=request.call_type or "default"
            )
        except VisionAgentsError as error:
            await context.abort(status_of(error), str(error))
        return agent_pb2.StartSessionResponse(session_id=session.id)

    async def CloseSession(self, request, context):  # noqa: N802 - named by the protocol
        """End a session, on whatever node it runs."""
        found = await self.launcher.request_close_session(
            call_id=request.call_id, session_id=request.session_id
        )
        if not found:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"Session {request.session_id} is not there.")
        return agent_pb2.CloseSessionResponse()


def status_of(error: VisionAgentsError) -> grpc.StatusCode:
    """Say what an error is in gRPC's words."""
    if isinstance(error, InvalidCallId):
        return grpc.StatusCode.INVALID_ARGUMENT
    if isinstance(error, SessionLimitExceeded):
        return grpc.StatusCode.RESOURCE_EXHAUSTED
    if isinstance(error, LauncherNotRunning):
        return grpc.StatusCode.UNAVAILABLE
    return grpc.StatusCode.INTERNAL


async def create_agent(**kwargs) -> Agent:
    """Factory function that creates and configures an agent."""
    return Agent(
        edge=loopback.Edge(),
        agent_user=User(name="Assistant", id="agent"),
        instructions="You are a helpful voice assistant.",
        llm=embedded.LLM(),
        tts=embedded.TTS(),
        stt=embedded.STT(),
        vad=embedded.VAD(),
        turn_detection=embedded.TurnDetector(),
    )


async def join_call(agent: Agent, call_type: str, call_id: str, **kwargs) -> None:
    """Called when the agent should join a call."""
    call = await agent.create_call(call_type, call_id)
    async with agent.join(call):
        await agent.finish()


async def serve(launcher: AgentLauncher, address: str) -> None:
    """Serve until cancelled; then the running calls have ten seconds to end."""
    async with launcher:
        server = grpc.aio.server()
        agent_pb2_grpc.add_AgentServiceServicer_to_server(AgentService(launcher), server)
        server.add_insecure_port(address)
        await server.start()
        try:
            await server.wait_for_termination()
        finally:
            await launcher.drain(10)
            await server.stop(1)


if __name__ == "__main__":
    launcher = AgentLauncher(create_agent=create_agent, join_call=join_call, max_concurrent_sessions=10)
    asyncio.run(serve(launcher, "[::]:50051"))
