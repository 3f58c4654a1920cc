# pyright: basic
"""The example with gRPC around agents that do nothing, and a client; prints what the client saw.

A program of its own, because gRPC keeps sockets and threads until the process ends.
"""

import asyncio
import json
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "grpc_server"))

import grpc
import server as example

from vision_agents.core import Agent, AgentLauncher
from vision_agents.core.edge.loopback import Edge


async def create_agent():
    return Agent(edge=Edge())


async def join_call(agent, call_type, call_id):
    await asyncio.Event().wait()


async def outcome(call):
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code().name
    return "OK"


async def main():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    launcher = AgentLauncher(create_agent, join_call, max_concurrent_sessions=1)
    serving = asyncio.get_running_loop().create_task(example.serve(launcher, address))
    async with grpc.aio.insecure_channel(address) as channel:
        await channel.channel_ready()
        stub = example.agent_pb2_grpc.AgentServiceStub(channel)
        start, close = example.agent_pb2.StartSessionRequest, example.agent_pb2.CloseSessionRequest
        made = await stub.StartSession(start(call_id="lunch"))
        mine = close(call_id="lunch", session_id=made.session_id)
        running = launcher.get_session(made.session_id) is not None
        seen = [
            await outcome(stub.StartSession(start(call_id="No Such Id"))),
            await outcome(stub.StartSession(start(call_id="dinner"))),
            await outcome(stub.CloseSession(close(call_id="dinner", session_id=made.session_id))),
            await outcome(stub.CloseSession(mine)),
        ]
        closed = launcher.get_session(made.session_id) is None
    serving.cancel()
    await asyncio.wait([serving])
    print(json.dumps([running, *seen, closed, launcher.running]))


asyncio.run(main())
