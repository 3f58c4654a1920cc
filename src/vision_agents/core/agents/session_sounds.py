"""What plays behind the voices, as a session and an agent are asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vision_agents.core.agents.sounds import BackgroundAudioHandlerConfig, Sounds, thinking_sound
from vision_agents.core.audio.clips import KEYBOARD, OFFICE
from vision_agents.core.errors import ConfigurationError, SessionNotStarted
from vision_agents.core.media.local_file import MediaPath

if TYPE_CHECKING:
    from vision_agents.core.agents.line import Line
    from vision_agents.core.agents.session import AgentSession


class SessionSounds:
    """The part of a session that plays sounds behind the voices."""

    background_audio_config: BackgroundAudioHandlerConfig | None

    @property
    def _present_line(self) -> Line | None:
        """What plays them; None before the conversation begins and after its end."""
        raise NotImplementedError

    @property
    def is_background_audio_enabled(self) -> bool:
        """Whether sounds can be played now; every session's output mixes."""
        return self._present_line is not None

    async def play_background_audio(
        self,
        config: BackgroundAudioHandlerConfig,
        override_thinking: bool = True,  # noqa: FBT001, FBT002 - documented
    ) -> None:
        """Play a sound behind the voices, in place of the one that plays; returns when it begins.

        Args:
            config: what, how loud, once or round and round.
            override_thinking: whether it silences the sound of thinking for as long as it plays; with False
                both are heard.

        Raises:
            MediaError: the file cannot be played; what is heard stays as it is.
        """
        await self._sounds().play(config, override_thinking=override_thinking)

    async def stop_background_audio(self) -> None:
        """Let the background sound fade away; the sound of thinking comes back if the agent still thinks."""
        await self._sounds().stop()

    async def start_thinking_audio(self) -> None:
        """Let the agent's sound of thinking be heard, if it has one and no background sound overrides it.

        It comes by itself whenever the agent thinks, and goes with its first word.
        """
        await self._sounds().start_thinking()

    async def stop_thinking_audio(self) -> None:
        """Let the sound of thinking fade away."""
        await self._sounds().stop_thinking()

    def _sounds(self) -> Sounds:
        line = self._present_line
        if line is None:
            raise SessionNotStarted("Sounds can be played while the session is in its call.")
        return line.sounds


class AgentSounds:
    """The part of an agent that sets the sounds of its session."""

    session: AgentSession | None
    thinking_audio: BackgroundAudioHandlerConfig | None = None

    def set_thinking_audio(self, file: MediaPath | None = None, volume: float = 0.3) -> None:
        """Choose what is heard while the agent thinks, before it joins; without a file, somebody types."""
        if self.session is not None and self.session.started:
            raise ConfigurationError("Set the sound of thinking before the agent joins its call.")
        self.thinking_audio = thinking_sound(file or KEYBOARD, volume)

    async def play_background_audio(
        self,
        file: MediaPath | None = None,
        volume: float = 1.0,
        looping: bool = False,  # noqa: FBT001, FBT002 - documented
        override_thinking: bool = True,  # noqa: FBT001, FBT002 - documented
    ) -> None:
        """Play a sound behind the voices; without a file, a quiet room. See the session's method."""
        config = BackgroundAudioHandlerConfig(file or OFFICE, mode="mixing", volume=volume, looping=looping)
        await self._in_session().play_background_audio(config, override_thinking)

    async def stop_background_audio(self) -> None:
        """Let the background sound fade away."""
        await self._in_session().stop_background_audio()

    def _in_session(self) -> AgentSession:
        if self.session is None:
            raise SessionNotStarted("The agent is in no call: join one first.")
        return self.session
