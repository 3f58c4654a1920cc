"""`run` and `serve` as programs, with a page that talks to them over real sockets."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from tests.plugins.webrtc.parts import page

PROGRAM = Path(__file__).with_name("agent_program.py")
ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def program(*arguments: str, says: str) -> AsyncGenerator[tuple[asyncio.subprocess.Process, str]]:
    """Run the program until it says something; gives what it said from there on."""
    variables = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "BROWSER"}}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(PROGRAM),
        *arguments,
        "--log-format",
        "json",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**variables, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        async with asyncio.timeout(60):
            while not lines or says not in lines[-1]:
                line = (await process.stdout.readline()).decode()
                assert line, "".join(lines)
                lines.append(line)
        yield process, lines[-1]
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ended(process: asyncio.subprocess.Process, number: int) -> float:
    """Send a signal; gives how long the program takes to end, and checks that it ends well."""
    began = time.monotonic()
    process.send_signal(number)
    await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0
    return time.monotonic() - began


async def test_a_run_tells_its_address_greets_who_comes_and_ends_on_control_c() -> None:
    async with program("run", "--no-demo", says="Talk to the agent:") as (process, line):
        address = re.search(r"(http://127\.0\.0\.1:\d+)/demo/#call=([\w-]+)", line)
        assert address is not None
        async with httpx.AsyncClient(base_url=address[1]) as client, page(client, address[2]) as person:
            assert (await client.get("/demo/")).headers["content-security-policy"].startswith("default-src")
            await person.join()
            await person.until_shown("transcript", role="agent", text="Hello there.", final=True)
            assert await ended(process, signal.SIGINT) < 8
            end = await person.until_shown("end")
            assert end["reason"] == "requested"


async def test_a_server_serves_the_same_page_and_calls() -> None:
    async with program("serve", "--port", "0", "--drain-timeout", "1", says="The server listens") as (
        process,
        line,
    ):
        address = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert address is not None
        async with httpx.AsyncClient(base_url=address[0]) as client, page(client, "lunch") as person:
            assert (await client.get("/demo/")).status_code == 200
            paths = (await client.get("/openapi.json")).json()["paths"]
            assert {"/calls/{call_id}/join-token", "/calls/{call_id}/offer"} <= set(paths)
            assert (await client.post("/calls/lunch/sessions", json={})).status_code == 201
            await person.join()
            await person.until_shown("transcript", role="agent", text="Hello there.", final=True)
            assert await ended(process, signal.SIGTERM) < 10
            assert (await person.until_shown("end"))["reason"] == "drained"
