"""Microphone and loudspeaker together, as one side of a call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.resample import Resampler
from vision_agents.core.errors import EdgeError
from vision_agents.core.types.units import Seconds
from vision_agents.plugins.console.devices import DeviceName, SoundDevices, Stream
from vision_agents.plugins.console.echo import BLOCK, RATE, EchoControl, FarEnd, Int16
from vision_agents.plugins.console.loudspeaker import Loudspeaker

_OUTPUT_RATE = 48_000
_FRAME = round(0.02 * RATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioSettings:
    """Which devices, and what is done to the microphone's audio.

    Args:
        input_device: number or part of the name of the microphone; None for the system's.
        output_device: the same for the loudspeaker.
        echo_cancellation: take the agent's own voice out; with headphones it is not needed.
        noise_suppression: take steady noise out.
    """

    input_device: DeviceName | None = None
    output_device: DeviceName | None = None
    echo_cancellation: bool = True
    noise_suppression: bool = True


class Audio:
    """Both devices, each with a stream of its own: one for both dies with some sound servers.

    The microphone's thread cleans what it hears and wakes the event loop once a frame of 20 ms; the
    loudspeaker's thread takes from a queue and wakes nobody.
    """

    def __init__(self, devices: SoundDevices, settings: AudioSettings) -> None:
        self._loop = asyncio.get_running_loop()
        self._far_end = FarEnd()
        self._closing = False
        self._heard: Callable[[PcmData], None] | None = None
        self._lost: Callable[[], None] | None = None
        microphone = devices.find("input", settings.input_device, rate=RATE)
        loudspeaker = devices.find("output", settings.output_device, rate=_OUTPUT_RATE)
        self.names = (microphone.name, loudspeaker.name)
        self.loudspeaker = Loudspeaker(loudspeaker.rate, self._far_end, self._loop.time)
        self._resampler = Resampler(microphone.rate, RATE)
        self._frame = np.empty(_FRAME, np.int16)
        self._filled = 0
        self._output = devices.open(loudspeaker, block=self.loudspeaker.fill, lost=self._stream_ended)
        try:
            self._input = devices.open(microphone, block=self._hear, lost=self._stream_ended)
        except EdgeError:
            self._output.close()
            raise
        self._echo = EchoControl(
            self._far_end,
            far_rate=loudspeaker.rate,
            cancel_echo=settings.echo_cancellation,
            suppress_noise=settings.noise_suppression,
            delay=self._output.latency + self._input.latency,
        )
        self._rate = microphone.rate

    @classmethod
    async def open(cls, settings: AudioSettings) -> Audio:
        """Open both devices; nothing is heard or played before `start`.

        Raises:
            ConfigurationError: a device that was asked for does not exist.
            EdgeError: there is no PortAudio or no device, or it cannot be opened.
        """
        devices = await asyncio.to_thread(SoundDevices)  # loading the library asks every sound card
        return cls(devices, settings)

    async def start(self, heard: Callable[[PcmData], None], lost: Callable[[], None]) -> None:
        """Begin; `heard` gets mono frames of 20 ms on the event loop, `lost` hears when a device has gone."""
        self._heard, self._lost = heard, lost
        await asyncio.to_thread(_start, self._output, self._input)

    async def close(self) -> None:
        """Give the devices back."""
        self._closing = True
        await asyncio.to_thread(_close, self._output, self._input)

    def _hear(self, samples: Int16, _delay: Seconds) -> None:
        """Take the next block, on the microphone's thread."""
        piece = PcmData(np.array(samples), self._rate)
        clean = self._echo.process(np.asarray(self._resampler.process(piece).samples, np.int16))
        self._frame[self._filled : self._filled + len(clean)] = clean
        self._filled += len(clean)
        if self._filled == _FRAME:
            frame, self._frame, self._filled = self._frame, np.empty(_FRAME, np.int16), 0
            self._tell(self._deliver, frame)

    def _deliver(self, frame: Int16) -> None:
        if self._heard is not None and not self._closing:
            self._heard(PcmData(frame, RATE))

    def _stream_ended(self) -> None:
        if not self._closing:
            self._tell(self._on_lost)

    def _on_lost(self) -> None:
        if self._lost is not None and not self._closing:
            lost, self._lost = self._lost, None
            lost()

    def _tell(self, callback: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop has been closed: nobody is left to be told
            self._loop.call_soon_threadsafe(callback, *arguments)


assert _FRAME % round(BLOCK * RATE) == 0


def _start(*streams: Stream) -> None:
    for stream in streams:
        stream.start()


def _close(*streams: Stream) -> None:
    for stream in streams:
        stream.abort()
        stream.close()
