"""Taking the agent's own voice, and noise, out of what the microphone hears."""

from __future__ import annotations

from collections import deque
from importlib import import_module
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.resample import Resampler
from vision_agents.core.types.units import Seconds

Int16: TypeAlias = npt.NDArray[np.int16]

RATE = 16_000
"""Of all that the microphone gives, in Hz: what recognisers want, and where the canceller is best."""
BLOCK: Seconds = 0.01
"""Length of the pieces in which devices and canceller work."""

_MOST_KEPT = 100
_LOOK_AFTER = 100
_SLACK = 2
"""Blocks that may wait: threads are late now and then, and the canceller learns anew after a correction."""


class _Processor(Protocol):
    def process(self, near: Int16, far: Int16 | None = None) -> Int16: ...


class FarEnd:
    """What the loudspeaker was given, in blocks, until the microphone asks for it.

    One thread pushes and another takes. The two devices neither start together nor run at one speed: few
    blocks must wait, for what waits longer than sound takes through both devices would be compared too late.
    """

    def __init__(self) -> None:
        self._blocks: deque[Int16] = deque(maxlen=_MOST_KEPT)
        self._taken = 0
        self._fewest = 0

    def push(self, block: Int16) -> None:
        """Add what is played next."""
        self._blocks.append(block)

    def take(self) -> Int16 | None:
        """Give the oldest block; None where none has come yet: then those that follow wait a block longer."""
        if self._taken % _LOOK_AFTER == 0:
            self._trim()
        self._taken += 1
        block = self._blocks.popleft() if self._blocks else None
        self._fewest = min(self._fewest, len(self._blocks))
        return block

    def _trim(self) -> None:
        """Let go of what has waited all the time; at the start, of what was played before."""
        waiting = self._fewest if self._taken else len(self._blocks)
        if waiting > _SLACK:
            for _ in range(waiting - 1):
                self._blocks.popleft()
        self._fewest = _MOST_KEPT


class EchoControl:
    """Cleans the microphone's audio, one block of `BLOCK` seconds at `RATE` Hz after the other.

    Args:
        far_end: what the loudspeaker was given.
        far_rate: its sample rate, in Hz.
        cancel_echo: take the agent's voice out.
        suppress_noise: take steady noise out.
        delay: from giving a block to the loudspeaker until the microphone can have it, as far as it is known.
    """

    def __init__(
        self,
        far_end: FarEnd,
        *,
        far_rate: int,
        cancel_echo: bool = True,
        suppress_noise: bool = True,
        delay: Seconds = 0.0,
    ) -> None:
        self._far_end = far_end
        self._far_rate = far_rate
        self._resampler = Resampler(far_rate, RATE)
        self._silence = np.zeros(round(BLOCK * far_rate), np.int16)
        self._cancels = cancel_echo
        self._processor: _Processor | None = None
        if cancel_echo or suppress_noise:
            library: Any = import_module("pywebrtc_audio")
            self._processor = library.AudioProcessor(
                sample_rate=RATE,
                echo_cancellation=cancel_echo,
                noise_suppression=suppress_noise,
                high_pass_filter=True,
                stream_delay_ms=round(delay * 1000),
            )

    def process(self, near: Int16) -> Int16:
        """Clean the next block."""
        block = self._far_end.take()
        if self._processor is None:
            return near
        if not self._cancels:
            return self._processor.process(near)
        far = PcmData(self._silence if block is None else block, self._far_rate)
        return self._processor.process(near, np.asarray(self._resampler.process(far).samples, np.int16))
