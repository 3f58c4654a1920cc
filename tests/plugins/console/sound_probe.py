"""A program that uses the edge itself: run by the tests, for PortAudio asks for the devices only once.

Its argument names the scene; it prints what it found as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.transport import Call, ConnectionListener
from vision_agents.core.types.people import Participant, User
from vision_agents.plugins.console import Edge
from vision_agents.plugins.console.connection import ConsoleConnection
from vision_agents.plugins.console.echo import Int16

RATE, FRAME = 48_000, 960


class Ears(ConnectionListener):
    """A listener that keeps what the microphone gives."""

    def __init__(self) -> None:
        self.pieces: list[PcmData] = []
        self.at: list[float] = []

    def on_audio(self, participant: Participant, pcm: PcmData) -> None:
        self.pieces.append(pcm)
        self.at.append(asyncio.get_running_loop().time())


async def joined(edge: Edge) -> tuple[ConsoleConnection, Ears]:
    ears = Ears()
    await edge.start()
    assert not edge.note, edge.note
    return await edge.join(Call("lunch"), User(id="agent"), ears), ears


def tone(seconds: float) -> Int16:
    return (8_000 * np.sin(2 * np.pi * 600 * np.arange(round(seconds * RATE)) / RATE)).astype(np.int16)


async def play(connection: ConsoleConnection, sound: Int16) -> list[float]:
    """Play in real time; gives what was unplayed after each frame."""
    loop, unplayed = asyncio.get_running_loop(), list[float]()
    start = loop.time()
    for number in range(len(sound) // FRAME):
        samples = sound[number * FRAME : (number + 1) * FRAME]
        connection.send_audio(PcmData(samples, RATE))
        unplayed.append(connection.unplayed)
        await asyncio.sleep(max(0.0, start + (number + 1) * 0.02 - loop.time()))
    return unplayed


async def speaks() -> dict[str, Any]:
    """A tone for one second, cut by a flush with a fading frame."""
    edge = Edge(noise_suppression=False)
    connection, _ = await joined(edge)
    unplayed = await play(connection, tone(1.0))
    at = 50 * FRAME + np.arange(FRAME)
    last = 8_000 * np.sin(2 * np.pi * 600 * at / RATE) * np.linspace(1, 0, FRAME)
    connection.flush_audio(PcmData(last.astype(np.int16), RATE))
    left = connection.unplayed
    await asyncio.sleep(0.5)
    after = connection.unplayed
    await edge.close()
    return {"unplayed": unplayed, "left": left, "after": after}


async def hears() -> dict[str, Any]:
    """What the microphone gives while somebody else plays into it; ends with standard input."""
    edge = Edge(noise_suppression=False)
    _, ears = await joined(edge)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await edge.close()
    samples = np.concatenate([piece.samples for piece in ears.pieces])
    gaps = np.diff(ears.at)
    return {"samples": samples.tolist(), "rate": ears.pieces[0].sample_rate, "gaps": gaps.tolist()}


async def echoes(*, cancel: bool) -> dict[str, Any]:
    """How loud the agent's own voice is in the microphone, in the last four of twelve seconds."""
    edge = Edge(echo_cancellation=cancel, noise_suppression=cancel)
    connection, ears = await joined(edge)
    rng = np.random.default_rng(1)
    spectrum = np.fft.rfft(rng.standard_normal(12 * RATE))
    spectrum *= 1 / (1 + (np.fft.rfftfreq(12 * RATE, 1 / RATE) / 600) ** 2)
    voice = np.fft.irfft(spectrum) * np.repeat(rng.uniform(0, 1, 96), RATE // 8)
    await play(connection, (voice / np.abs(voice).max() * 16_000).astype(np.int16))
    await edge.close()
    heard = np.concatenate([piece.samples for piece in ears.pieces[-200:]]).astype(float)
    return {"level_db": 10 * np.log10(np.mean(heard**2) + 1e-9)}


async def comes_and_goes() -> dict[str, Any]:
    """Twenty calls; what is left of them in the process."""

    async def call() -> None:
        edge = Edge()
        connection, _ = await joined(edge)
        await play(connection, tone(0.06))
        await edge.close()

    def held() -> tuple[int, int]:
        """Threads that are not Python's own, and descriptors."""
        threads = int(Path("/proc/self/status").read_text().split("Threads:")[1].split()[0])
        return threads - threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

    await call()
    before = held()
    for _ in range(20):
        await call()
    return {"before": before, "after": held()}


SCENES: dict[str, Callable[[], Coroutine[Any, Any, dict[str, Any]]]] = {
    "speaks": speaks,
    "hears": hears,
    "echoes": partial(echoes, cancel=False),
    "cancels": partial(echoes, cancel=True),
    "comes_and_goes": comes_and_goes,
}

if __name__ == "__main__":
    print(json.dumps(asyncio.run(SCENES[sys.argv[1]]())))
