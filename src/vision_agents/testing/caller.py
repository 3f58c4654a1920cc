"""A caller for tests: speaks into a call, listens, and remembers what was heard and when."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np

from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.audio.chunk import Chunker
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.loopback import Edge, LoopbackPeer
from vision_agents.core.telephony.dtmf_tones import DtmfSound, dtmf_tones
from vision_agents.core.telephony.keypad import keys_of
from vision_agents.core.types.people import User
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.types.units import Seconds
from vision_agents.core.video.frame import Rgb, RgbFrame
from vision_agents.testing.tone_speech import mumble, read_speech, speak

_RATE = 48_000
_FRAME = _RATE // 50
_SILENCE = PcmData(np.zeros(_FRAME, np.int16), _RATE)


@dataclass(frozen=True, slots=True)
class Heard:
    """A stretch of the agent's voice without a gap: when it began and ended (loop time), and its words."""

    start: Seconds
    end: Seconds
    text: str


class SimulatedCaller:
    """Somebody in a call on the loopback edge, with an open microphone.

    ::

        async with SimulatedCaller(edge) as caller:
            await caller.says("what is the weather in paris")
            await caller.hears("sunny")

    Args:
        edge: the agent's edge; its call is joined.
        call_id: the call, where it is not the one the edge made last.
        user_id: who calls.
    """

    def __init__(self, edge: Edge, *, call_id: str | None = None, user_id: str = "caller") -> None:
        self._edge = edge
        self._call_id = call_id
        self._user = User(id=user_id, name=user_id)
        self._queue: deque[PcmData] = deque()
        self._emptied = asyncio.Event()
        self._scope = TaskScope("caller")
        self._peer: LoopbackPeer | None = None
        self._muted = False
        self._cameras: dict[TrackType, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        """Join and open the microphone."""
        self._peer = self._edge.join_as(self._user, self._call_id)
        self._scope.start(self._microphone(), name="microphone")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave."""
        await self._scope.close()
        self.peer.leave()

    @property
    def peer(self) -> LoopbackPeer:
        """This side of the call."""
        assert self._peer is not None, "Enter the caller first."
        return self._peer

    async def says(self, text: str, *, breathy: bool = False) -> None:
        """Speak; returns when the last sound was made.

        With `breathy`, a detector that tells voices from tones takes it for a voice, too.
        """
        voice = speak(text, sample_rate=_RATE)
        await self.plays(_with_breath(voice) if breathy else voice)

    async def mumbles(self, duration: Seconds) -> None:
        """Make a voice without words for `duration` seconds; a cough when it is short."""
        await self.plays(mumble(duration, sample_rate=_RATE))

    async def waits(self, duration: Seconds) -> None:
        """Stay silent, with an open microphone."""
        await asyncio.sleep(duration)

    def mutes(self) -> None:
        """Send nothing at all, not even silence."""
        self._muted = True

    async def presses(self, digits: str, *, tones: bool = False, pause: Seconds = 0.3) -> None:
        """Press keys, `pause` seconds apart: told beside the audio, or as tones in it."""
        if tones:
            await self.plays(dtmf_tones(digits, _RATE, DtmfSound(gap=max(pause, 0.05))))
            return
        for digit in keys_of(digits):
            self.peer.press(digit)
            await asyncio.sleep(pause)

    def shows(
        self,
        picture: Rgb | Callable[[Seconds], Rgb],
        *,
        fps: float = 30.0,
        kind: TrackType = TrackType.VIDEO,
    ) -> None:
        """Turn the camera on, or share the screen: from now on `fps` pictures a second, until `hides`.

        `picture` is what there is to see, pixels of shape ``(height, width, 3)``, or a function that gives it
        for the number of seconds since the beginning.
        """
        self.hides(kind)
        self._cameras[kind] = self._scope.start(self._film(picture, fps, kind), name=f"camera:{kind.name}")

    def hides(self, kind: TrackType = TrackType.VIDEO) -> None:
        """Turn the camera off, or stop sharing the screen; nothing where that is so already."""
        camera = self._cameras.pop(kind, None)
        if camera is not None:
            camera.cancel()
            self.peer.end_video(kind)

    async def _film(self, picture: Rgb | Callable[[Seconds], Rgb], fps: float, kind: TrackType) -> None:
        clock = asyncio.get_running_loop().time
        began, number = clock(), 0
        while True:
            pixels = picture(number / fps) if callable(picture) else picture
            self.peer.send_video(RgbFrame(pixels, captured_at=clock()), kind)
            number += 1
            await asyncio.sleep(began + number / fps - clock())

    async def answers_as_voicemail(
        self, greeting: str, *, beep_hz: float = 1000.0, beep: Seconds | None = 0.5
    ) -> None:
        """Be a machine: speak a greeting, and sound a beep after it; None for no beep."""
        await self.says(greeting, breathy=True)
        await self.waits(0.3)
        if beep is not None:
            at = np.arange(round(beep * _RATE)) / _RATE
            wave = (6000 * np.sin(2 * np.pi * beep_hz * at)).astype(np.int16)
            await self.plays(PcmData(wave, _RATE))

    async def hangs_up(self) -> None:
        """End the call for everybody."""
        self.peer.end_call("hung up")

    @property
    def heard(self) -> list[Heard]:
        """The agent's voice so far, stretch by stretch."""
        stretches: list[list[PcmData]] = []
        times: list[tuple[Seconds, Seconds]] = []
        for frame in self.peer.heard:
            end = frame.at + frame.pcm.duration
            if times and frame.at - times[-1][1] < 0.05:
                stretches[-1].append(frame.pcm)
                times[-1] = (times[-1][0], end)
            else:
                stretches.append([frame.pcm])
                times.append((frame.at, end))
        return [Heard(a, b, _words(pieces)) for (a, b), pieces in zip(times, stretches, strict=True)]

    @property
    def heard_text(self) -> str:
        """All words of the agent so far."""
        return " ".join(stretch.text for stretch in self.heard if stretch.text)

    async def hears(self, text: str, *, within: Seconds = 30.0) -> None:
        """Return as soon as the agent has said `text`; `AssertionError` after `within` seconds."""
        try:
            async with asyncio.timeout(within):
                while text not in self.heard_text:  # noqa: ASYNC110 - virtual time makes looking free
                    await asyncio.sleep(0.1)
        except TimeoutError:
            heard = self.heard_text
            raise AssertionError(f"{text!r} was not heard within {within:g} s, only {heard!r}.") from None

    async def plays(self, pcm: PcmData) -> None:
        """Send any mono int16 audio at 48 kHz as this caller's voice; returns when it has been sent."""
        chunker = Chunker(_FRAME)
        self._queue.extend(chunker.push(pcm))
        if (rest := chunker.flush()) is not None:
            self._queue.append(rest)
        self._emptied.clear()
        await self._emptied.wait()

    async def _microphone(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += 0.02
            await asyncio.sleep(due - loop.time())
            if self._queue:
                self.peer.send_audio(self._queue.popleft())
            elif not self._muted:
                self.peer.send_audio(_SILENCE)
            if not self._queue:
                self._emptied.set()


def _with_breath(voice: PcmData) -> PcmData:
    """Add noise that is still there on a telephone line: it must be a fourth of what is heard there."""
    held = _RATE // 8000
    breath = np.random.default_rng(3).normal(0, 4500, len(voice) // held + 1).repeat(held)[: len(voice)]
    breath *= np.abs(voice.samples) > 50
    return PcmData(np.clip(voice.samples + breath, -32768, 32767).astype(np.int16), voice.sample_rate)


def _words(pieces: list[PcmData]) -> str:
    return read_speech(PcmData(np.concatenate([piece.samples for piece in pieces]), pieces[0].sample_rate))
