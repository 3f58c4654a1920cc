"""What plays behind the voices in a session: background audio, and the sound of thinking."""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import numpy as np

from vision_agents.core.agents.output import Output
from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.audio.file import AudioFileReader
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.errors import MediaError
from vision_agents.core.events.agent import AgentStateChangedEvent
from vision_agents.core.events.bus import EventBus
from vision_agents.core.events.sounds import BackgroundAudioEvent
from vision_agents.core.media.local_file import MediaPath
from vision_agents.core.speech.clip import Clip, Ducking
from vision_agents.core.types.status import AgentState
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.sounds")

_LONGEST: Seconds = 600.0
"""A whole clip is kept in memory: ten minutes are some 60 MB."""


@dataclass(frozen=True, slots=True)
class BackgroundAudioHandlerConfig:
    """A sound that plays behind the voices.

    Args:
        file_path: a local file, of any kind and rate that libav reads, up to ten minutes.
        enabled: False plays nothing.
        mode: kept for programs that name one; both are mixed into the agent's voice.
        volume: 0 to 1.
        looping: whether it begins anew at its end, without a seam.
        fade: how long it takes to come and to go.
        ducking: how it gives way to the agent's voice.
        recorded: whether a recording holds it, too, on the agent's side; never on the caller's.
    """

    file_path: MediaPath
    enabled: bool = True
    mode: Literal["playback", "mixing"] = "playback"
    volume: float = 1.0
    looping: bool = False
    fade: Seconds = field(default=0.3, kw_only=True)
    ducking: Ducking = field(default_factory=Ducking, kw_only=True)
    recorded: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        """Refuse what cannot be played."""
        if not 0 <= self.volume <= 1 or self.fade < 0:
            raise ValueError(f"volume must be 0 to 1 and fade >= 0 s, not {self.volume} and {self.fade}.")
        if self.mode not in {"playback", "mixing"}:
            raise ValueError(f"mode must be 'playback' or 'mixing', not {self.mode!r}.")


class Sounds:
    """Plays one background sound at a time, and one sound of thinking while the agent thinks.

    Args:
        output: where they are heard.
        events: told what begins and ends, and asked what the agent does.
        thinking: the sound of thinking; None for none.
    """

    def __init__(
        self, output: Output, events: EventBus, thinking: BackgroundAudioHandlerConfig | None
    ) -> None:
        self._output = output
        self._events = events
        self._turn = asyncio.Lock()
        self._background: Clip | None = None
        self._overrides = False
        self._thinking_config = thinking if thinking is not None and thinking.enabled else None
        self._thinking: Clip | None = None
        self._wanted = False
        self._audible = False
        self._closed = False
        if self._thinking_config is not None:
            events.on(AgentStateChangedEvent, self._on_agent_state)

    def close(self) -> None:
        """Follow the agent no longer, and begin nothing more."""
        self._closed = True
        self._events.off(self._on_agent_state)

    async def begin(self, background: BackgroundAudioHandlerConfig | None) -> None:
        """Get the sound of thinking ready, and play what is to be heard from the start.

        A file that cannot be played is reported, and the call goes on without it.
        """
        try:
            await self._load_thinking()
            if background is not None:
                await self.play(background, override_thinking=False)
        except MediaError as error:
            logger.warning("A background sound cannot be played", extra=failure_fields(error))

    async def play(self, config: BackgroundAudioHandlerConfig, *, override_thinking: bool) -> None:
        """Play a sound in place of the one that plays; see `AgentSession.play_background_audio`."""
        async with self._turn:
            if not config.enabled:
                return
            clip = await self._make(config)
            if self._closed:
                return
            self._end_background()
            self._background, self._overrides = clip, override_thinking
            self._tell("background", config, playing=True)
            clip.on_over = lambda: self._background_over(clip, config)
            self._follow_thinking()
            clip.open()
            self._output.play_behind(clip)

    async def stop(self) -> None:
        """Let the background sound fade away."""
        async with self._turn:
            self._end_background()
            self._follow_thinking()

    async def start_thinking(self) -> None:
        """Let the sound of thinking be heard, unless a background sound suspends it."""
        await self._load_thinking()
        self._wanted = True
        self._follow_thinking()

    async def stop_thinking(self) -> None:
        """Let the sound of thinking fade away."""
        self._wanted = False
        self._follow_thinking()

    def _on_agent_state(self, event: AgentStateChangedEvent) -> None:
        self._wanted = event.state is AgentState.THINKING
        self._follow_thinking()

    async def _load_thinking(self) -> None:
        if self._thinking_config is not None and self._thinking is None:
            self._thinking = await self._make(self._thinking_config)
            self._follow_thinking()

    def _follow_thinking(self) -> None:
        """Open or close the sound of thinking; nothing where it is as it should be."""
        suspended = self._closed or (self._background is not None and self._overrides)
        audible = self._wanted and not suspended and self._thinking is not None
        clip, config = self._thinking, self._thinking_config
        if clip is None or config is None or audible == self._audible:
            return
        self._audible = audible
        self._tell("thinking", config, playing=audible)
        if not audible:
            clip.close()
            return
        clip.open()
        self._output.play_behind(clip)  # may begin the voice that ends it

    def _end_background(self) -> None:
        clip, self._background = self._background, None
        if clip is not None:
            clip.finish()
            if clip.on_over is not None and not clip.over:
                on_over, clip.on_over = clip.on_over, None
                on_over()

    def _background_over(self, clip: Clip, config: BackgroundAudioHandlerConfig) -> None:
        if self._background is clip:
            self._background = None
            self._follow_thinking()
        self._tell("background", config, playing=False)

    async def _make(self, config: BackgroundAudioHandlerConfig) -> Clip:
        path = os.fspath(config.file_path)
        pcm = await asyncio.to_thread(_decode_once, path)
        return Clip(
            pcm,
            self._output.sample_rate,
            volume=config.volume,
            looping=config.looping,
            fade=config.fade,
            ducking=config.ducking,
            recorded=config.recorded,
        )

    def _tell(
        self,
        kind: Literal["background", "thinking"],
        config: BackgroundAudioHandlerConfig,
        *,
        playing: bool,
    ) -> None:
        self._events.emit(
            BackgroundAudioEvent,
            kind=kind,
            playing=playing,
            file_path=os.fspath(config.file_path),
            looping=config.looping,
        )


def thinking_sound(file: MediaPath, volume: float) -> BackgroundAudioHandlerConfig:
    """Make a sound of thinking: it goes round, and comes and goes quickly."""
    return BackgroundAudioHandlerConfig(file, volume=volume, looping=True, fade=0.1)


def _decode_once(path: str) -> PcmData:
    """Read a file, or give what was read of the same file before; blocks."""
    try:
        about = os.stat(path)  # noqa: PTH116 - the path may be anything that a file system takes
    except (OSError, ValueError):
        return _decode(path, 0, 0)  # which tells what is wrong with it
    return _decode(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=4)
def _decode(path: str, _changed: int, _size: int) -> PcmData:
    pieces: list[np.ndarray[tuple[int, ...], np.dtype[np.int16]]] = []
    length: Seconds = 0.0
    with AudioFileReader(path) as reader:
        for piece in reader:
            length += piece.duration
            if length > _LONGEST:
                raise MediaError(f"{path!r} is longer than {_LONGEST / 60:g} minutes: give a shorter clip.")
            pieces.append(np.asarray(piece.samples, np.int16))
        return PcmData(np.concatenate(pieces), reader.sample_rate)
