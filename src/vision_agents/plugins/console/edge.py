"""The edge of this terminal."""

from __future__ import annotations

import logging

from vision_agents.core.edge.transport import Call, ConnectionListener, EdgeTransport
from vision_agents.core.errors import EdgeError
from vision_agents.core.types.people import User
from vision_agents.plugins.console.audio import Audio, AudioSettings
from vision_agents.plugins.console.connection import ConsoleConnection
from vision_agents.plugins.console.conversation import Conversation, converse
from vision_agents.plugins.console.devices import DeviceName

logger = logging.getLogger("vision_agents.plugins.console")

_ASKED_FOR = "Text mode: type, and press Enter."


class Edge(EdgeTransport):
    """A call with the person at this terminal.

    In text mode there is no microphone and no loudspeaker: typed lines are the person's turns, and the
    answer's text is shown as it is spoken. The synthesiser runs all the same, and its sound is dropped in
    real time: so the agent behaves as in a call, what an interruption cut off is known to the word, and
    `say` works in tools and hooks. Text mode is chosen where the devices cannot be used, and said so; a
    device that was asked for by name must be there.

    Args:
        audio: False for text mode from the start; no device is touched.
        input_device: number or part of the name of the microphone; None for the system's.
        output_device: the same for the loudspeaker.
        echo_cancellation: take the agent's own voice out of what the microphone hears.
        noise_suppression: take steady noise out.
    """

    provider = "console"

    def __init__(
        self,
        *,
        audio: bool = True,
        input_device: DeviceName | None = None,
        output_device: DeviceName | None = None,
        echo_cancellation: bool = True,
        noise_suppression: bool = True,
    ) -> None:
        self._wants_audio = audio
        self._settings = AudioSettings(
            input_device=input_device,
            output_device=output_device,
            echo_cancellation=echo_cancellation,
            noise_suppression=noise_suppression,
        )
        self._started = False
        self._audio: Audio | None = None
        self._connection: ConsoleConnection | None = None
        self._note = "" if audio else _ASKED_FOR

    async def start(self) -> None:
        """Open the devices; calling it again does nothing.

        Raises:
            ConfigurationError: a device that was asked for does not exist.
        """
        if self._started:
            return
        self._started = True
        if not self._wants_audio:
            return
        try:
            self._audio = await Audio.open(self._settings)
        except EdgeError as error:
            self._note = f"{error} {_ASKED_FOR}"

    async def join(self, call: Call, user: User, listener: ConnectionListener) -> ConsoleConnection:
        """Join; the person is in the call already."""
        connection = ConsoleConnection(listener, self._audio)
        self._connection = connection
        listener.on_participant_joined(connection.person)
        if self._audio is not None:
            await self._audio.start(connection.hear, self._lose_audio)
        return connection

    async def converse(self, session: Conversation) -> None:
        """Show the conversation and take what is typed, until the call is over or this is cancelled."""
        await self.start()
        await converse(session, self)

    @property
    def connection(self) -> ConsoleConnection | None:
        """The joined call; None before."""
        return self._connection

    @property
    def note(self) -> str:
        """Why there is no sound; "" where there is."""
        return self._note

    async def close(self) -> None:
        """Give the devices back."""
        audio, self._audio = self._audio, None
        if self._connection is not None:
            await self._connection.close()
        if audio is not None:
            await audio.close()

    def _lose_audio(self) -> None:
        logger.warning("A sound device has gone: the call goes on in text mode")
        self._note = f"A sound device has gone. {_ASKED_FOR}"
        if self._connection is not None:
            self._connection.lose_audio()
