"""The agent's leg of a call with the person at this terminal."""

from __future__ import annotations

import asyncio

import numpy as np

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.transport import Capability, Connection, ConnectionListener
from vision_agents.core.types.people import Participant
from vision_agents.core.types.units import Seconds
from vision_agents.plugins.console.audio import Audio
from vision_agents.plugins.console.level import Meter


class ConsoleConnection(Connection):
    """Carries audio both ways; in text mode neither, and then nothing waits to be played.

    Args:
        listener: hears what the person says and does.
        audio: the devices, which are started by now; None where there are none.
    """

    capabilities = frozenset({Capability.PLAYBACK_POSITION, Capability.HANGUP})

    def __init__(self, listener: ConnectionListener, audio: Audio | None) -> None:
        self.person = Participant(None, "user", "console")
        self.text_mode = audio is None
        clock = asyncio.get_running_loop().time
        self.heard, self.played = Meter(clock), Meter(clock)
        """How loud the person and the agent are."""
        self._listener = listener
        self._audio = audio
        self._left_at: Seconds | None = None
        if audio is not None:
            self.output_rate = audio.loudspeaker.rate

    @property
    def participants(self) -> tuple[Participant, ...]:
        """The person, until the call is over."""
        return (self.person,) if self._left_at is None else ()

    @property
    def idle_since(self) -> Seconds | None:
        """None: the person is there from the beginning to the end."""
        return self._left_at

    @property
    def unplayed(self) -> Seconds:
        """How long until what was sent has been heard."""
        return self._audio.loudspeaker.unplayed if self._audio is not None and not self.text_mode else 0.0

    async def wait_for_participant(self, timeout: Seconds | None = None) -> None:  # noqa: ASYNC109 - the port
        """Return at once."""

    def send_audio(self, frame: PcmData) -> None:
        """Play a frame; in text mode only its time passes."""
        self._check(frame)
        self.played.take(frame)
        if self._audio is not None and not self.text_mode and self._left_at is None:
            self._audio.loudspeaker.play(np.asarray(frame.samples, np.int16))

    def flush_audio(self, last: PcmData | None = None) -> None:
        """Drop what was not played yet, and fade out."""
        self.played.reset()
        if self._audio is not None and not self.text_mode:
            self._audio.loudspeaker.flush(None if last is None else np.asarray(last.samples, np.int16))

    def hear(self, pcm: PcmData) -> None:
        """Pass on what the microphone gives."""
        if not self.text_mode and self._left_at is None:
            self.heard.take(pcm)
            self._listener.on_audio(self.person, pcm)

    def toggle_text_mode(self) -> bool:
        """Go into text mode or out of it; False where there is no other mode."""
        if self._audio is None:
            return False
        if not self.text_mode:
            self._audio.loudspeaker.flush()
        self.text_mode = not self.text_mode
        return True

    def lose_audio(self) -> None:
        """Go on in text mode for good: the devices are gone."""
        self._audio, self.text_mode = None, True

    def hang_up(self, detail: str) -> None:
        """End the call, on the person's side."""
        if self._left_at is None:
            self._leave()
            self._listener.on_call_ended(detail)

    async def close(self) -> None:
        """Leave the call."""
        self._leave()

    def _leave(self) -> None:
        if self._left_at is None:
            self._left_at = asyncio.get_running_loop().time()
