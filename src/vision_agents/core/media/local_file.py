"""Opening a local media file: regular files only, through the file system only."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias, TypeVar

from vision_agents.core.errors import MediaError

if TYPE_CHECKING:
    from av.container import InputContainer

logger = logging.getLogger("vision_agents.media")

MediaPath: TypeAlias = str | os.PathLike[str]
FrameT = TypeVar("FrameT")

_TOLERATED_PACKETS = 20

# Never wait on a named pipe; where the flag is missing (Windows) there are none in the file system.
_OPEN_FLAGS = (
    os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)


def open_media_file(path: MediaPath, *, media_root: MediaPath | None = None) -> BinaryIO:
    """Open a regular file for reading.

    Args:
        path: of the file; it is not taken for a URL, whatever it looks like.
        media_root: where it is set, the file must lie inside of this folder, symbolic links followed.

    Raises:
        MediaError: it is missing, not a regular file, outside of `media_root` or may not be read.
    """
    name = os.fspath(path)
    try:
        real = Path(name).resolve(strict=True)
        if media_root is not None and not real.is_relative_to(Path(media_root).resolve(strict=True)):
            raise MediaError(f"{name!r} is outside of the media folder {os.fspath(media_root)!r}.")
        descriptor = os.open(real, _OPEN_FLAGS)
    except FileNotFoundError as error:
        raise MediaError(f"There is no file {error.filename or name!r}: check the path.") from error
    except (OSError, ValueError, RuntimeError) as error:
        raise MediaError(f"{name!r} cannot be opened: {explain(error)}.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise MediaError(f"{name!r} is not a regular file: give the path of a media file.")
    return os.fdopen(descriptor, "rb")


@contextmanager
def open_container(path: MediaPath, *, media_root: MediaPath | None = None) -> Generator[InputContainer]:
    """Open a media file of any container that libav reads; errors of libav in the block become `MediaError`.

    libav gets the open file and may open nothing by itself, so a playlist cannot lead it elsewhere.

    Raises:
        MediaError: as `open_media_file`, or it is not a media file, is damaged, or PyAV is not installed.
    """
    try:
        import av
        from av.error import FFmpegError
    except ModuleNotFoundError as error:
        raise MediaError(
            "Reading media files needs PyAV: run pip install 'open-vision-agents[embedded]'."
        ) from error
    with open_media_file(path, media_root=media_root) as file:
        try:
            options = {"protocol_whitelist": "none"}
            with av.open(file, "r", options=options, metadata_errors="replace") as container:
                yield container
        except FFmpegError as error:
            raise MediaError(
                f"{os.fspath(path)!r} cannot be read as media: {explain(error)}. "
                "The file is damaged or of an unknown kind."
            ) from error


def decode_tolerantly(packets: Iterable[Callable[[], Sequence[FrameT]]], name: str) -> Generator[FrameT]:
    """Give the frames of packets, each told as what decodes it, without a few packets that are damaged."""
    from av.error import FFmpegError

    good = bad = 0
    for decode in packets:
        try:
            frames = decode()
        except FFmpegError:
            bad += 1
            if bad > _TOLERATED_PACKETS and bad > good:
                raise
            continue
        good += 1
        yield from frames
    if bad:
        logger.warning("Damaged packets of a media file were left out", extra={"file": name, "packets": bad})


def explain(error: Exception) -> str:
    """Tell what went wrong, in a few words and without error numbers and paths."""
    text = getattr(error, "strerror", None) or str(error)
    return text[:1].lower() + text[1:].rstrip(".")
