"""The sound devices of this machine: finding them, and saying in one sentence why there are none."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, Protocol, TypeAlias

from vision_agents.core.errors import ConfigurationError, EdgeError
from vision_agents.core.types.units import Seconds
from vision_agents.plugins.console.echo import BLOCK, Int16

Kind: TypeAlias = Literal["input", "output"]
DeviceName: TypeAlias = str | int

_NAMES: Mapping[Kind, str] = {"input": "microphone", "output": "loudspeaker"}
_PREFERRED = "pulse"
"""The sound server's own device: ALSA's default may be a card that the server holds."""


class Stream(Protocol):
    """An open device."""

    @property
    def latency(self) -> Seconds:
        """What the device adds."""
        ...

    def start(self) -> None:
        """Begin to call back."""

    def abort(self) -> None:
        """Stop at once, without playing what is buffered."""

    def close(self) -> None:
        """Give the device back."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device that was found; `rate` is the one it is opened with, in Hz."""

    index: int
    name: str
    kind: Kind
    rate: int


class SoundDevices:
    """PortAudio, through `sounddevice`.

    Raises:
        EdgeError: the PortAudio library is not on this machine.
    """

    def __init__(self) -> None:
        _silence_alsa()
        try:
            self._library: Any = import_module("sounddevice")
        except OSError as error:
            raise EdgeError(
                "PortAudio is not installed: install your system's package for it (libportaudio2 on Debian)."
            ) from error

    def find(self, kind: Kind, wanted: DeviceName | None, *, rate: int) -> Device:
        """Choose a device by number or by a part of its name; the sound server's or the default for None.

        Raises:
            ConfigurationError: there is no device of that name.
            EdgeError: there is no device of that kind at all, or it refuses every rate.
        """
        index = choose(
            self._library.query_devices(),
            kind,
            wanted,
            default=int(self._library.default.device[kind]),
        )
        about = self._library.query_devices(index)
        check = getattr(self._library, f"check_{kind}_settings")
        for each in (rate, int(about["default_samplerate"])):
            try:
                check(device=index, channels=1, dtype="int16", samplerate=each)
            except self._library.PortAudioError as error:
                failure = error
            else:
                return Device(index, str(about["name"]), kind, each)
        raise _refused(kind, str(about["name"])) from failure  # pyright: ignore[reportPossiblyUnbound]

    def open(
        self, device: Device, *, block: Callable[[Int16, Seconds], None], lost: Callable[[], None]
    ) -> Stream:
        """Open a device; `block` is called on its thread, `BLOCK` seconds at a time.

        Args:
            device: what `find` gave.
            block: takes the samples, to read or to fill, and the time between device and air.
            lost: called on the device's thread when it has ended.

        Raises:
            EdgeError: the device cannot be opened.
        """
        is_input = device.kind == "input"

        def call_back(samples: Any, _frames: int, time: Any, _status: object) -> None:
            now = float(time.currentTime)
            delay = now - time.inputBufferAdcTime if is_input else time.outputBufferDacTime - now
            block(samples[:, 0], max(0.0, float(delay)))

        make = self._library.InputStream if is_input else self._library.OutputStream
        try:
            return make(
                device=device.index,
                samplerate=device.rate,
                blocksize=round(device.rate * BLOCK),
                channels=1,
                dtype="int16",
                # What a late thread does not fetch is lost; what it does not play in time is only late.
                latency="high" if is_input else "low",
                callback=call_back,
                finished_callback=lost,
            )
        except self._library.PortAudioError as error:
            raise _refused(device.kind, device.name) from error


def choose(
    devices: Sequence[Mapping[str, Any]], kind: Kind, wanted: DeviceName | None, *, default: int
) -> int:
    """Choose among PortAudio's devices; see `SoundDevices.find`."""
    names = {
        number: str(device["name"])
        for number, device in enumerate(devices)
        if device[f"max_{kind}_channels"] > 0
    }
    if not names:
        raise EdgeError(f"This machine has no {_NAMES[kind]}.")
    if wanted is None:
        preferred = [number for number, name in names.items() if name == _PREFERRED]
        return preferred[0] if preferred else default if default in names else next(iter(names))
    if str(wanted).isdecimal() and int(wanted) in names:
        return int(wanted)
    exact = [number for number, name in names.items() if name == wanted]
    partly = [number for number, name in names.items() if str(wanted).lower() in name.lower()]
    if found := exact or partly:
        return found[0]
    known = ", ".join(f"{number} {name!r}" for number, name in names.items())
    raise ConfigurationError(f"There is no {_NAMES[kind]} {wanted!r}: known are {known}.")


def _silence_alsa() -> None:
    """Let ALSA keep its remarks to itself: it writes them to standard error, across the screen.

    The handler is a C function that does nothing with its arguments: one in Python would be called on the
    devices' threads, and after the interpreter has gone.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            handler = ctypes.cast(ctypes.CDLL(None).getppid, ctypes.c_void_p)
            ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(handler)


def _refused(kind: Kind, name: str) -> EdgeError:
    return EdgeError(f"The {_NAMES[kind]} {name!r} cannot be opened: something else may be using it.")
