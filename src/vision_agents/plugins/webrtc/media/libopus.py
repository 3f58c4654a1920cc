"""The Opus library that the media package brings along, called directly: it can conceal what was lost."""

from __future__ import annotations

import ctypes
import ctypes.util
from functools import cache
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 48_000
MAX_SAMPLES = 5760
"""An Opus packet holds at most 120 ms."""

_BUNDLED = ("../av.libs/libopus*", "../av.libs/opus*", ".dylibs/libopus*")
"""Where the wheels of the media package keep it, on Linux, Windows and macOS."""


class LibopusDecoder:
    """Decodes one stream to mono int16 at 48 kHz.

    Raises:
        OSError: there is no Opus library to call.
    """

    def __init__(self) -> None:
        self._library = _library()
        error = ctypes.c_int()
        self._state = self._library.opus_decoder_create(SAMPLE_RATE, 1, ctypes.byref(error))
        if error.value != 0:
            raise OSError(f"Opus gave no decoder: error {error.value}.")
        self._buffer = np.empty(MAX_SAMPLES, np.int16)
        self._pointer = self._buffer.ctypes.data

    def decode(self, payload: bytes) -> npt.NDArray[np.int16] | None:
        """Give the samples of a packet; None where it is none."""
        return self._decode(payload, MAX_SAMPLES, spare=False)

    def conceal(self, samples: int, following: bytes | None) -> npt.NDArray[np.int16]:
        """Make up for a lost packet: from the spare copy in the following one, else by extrapolation."""
        made = self._decode(following, samples, spare=following is not None)
        return np.zeros(samples, np.int16) if made is None else made

    def _decode(self, payload: bytes | None, samples: int, *, spare: bool) -> npt.NDArray[np.int16] | None:
        length = len(payload) if payload is not None else 0
        made: int = self._library.opus_decode(self._state, payload, length, self._pointer, samples, spare)
        return self._buffer[:made].copy() if made > 0 else None

    def __del__(self) -> None:
        """Give the decoder's memory back."""
        if state := getattr(self, "_state", None):
            self._library.opus_decoder_destroy(state)


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(_path())
    library.opus_decoder_create.argtypes = (ctypes.c_int32, ctypes.c_int, ctypes.POINTER(ctypes.c_int))
    library.opus_decoder_create.restype = ctypes.c_void_p
    library.opus_decoder_destroy.argtypes = (ctypes.c_void_p,)
    library.opus_decoder_destroy.restype = None
    library.opus_decode.argtypes = (
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_int,
    )
    library.opus_decode.restype = ctypes.c_int
    return library


def _path() -> str:
    folder = Path(av.__file__).parent
    for pattern in _BUNDLED:
        where, _, name = pattern.rpartition("/")
        for found in sorted((folder / where).glob(name)):
            return str(found)
    if installed := ctypes.util.find_library("opus"):
        return installed
    raise OSError("There is no Opus library beside the media package, and none on this machine.")
