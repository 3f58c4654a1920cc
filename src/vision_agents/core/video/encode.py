"""Pictures as JPEG and PNG, for models and files; all of it blocks: do it in a thread."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, cast

from vision_agents.core.errors import MediaError
from vision_agents.core.video.frame import VideoFrame


def frame_to_jpeg_bytes(frame: VideoFrame, *, max_size: int | None = None, quality: int = 85) -> bytes:
    """Encode a picture as JPEG.

    Args:
        frame: the picture.
        max_size: the longer side is made at most so long, in pixels.
        quality: 1 to 100.

    Raises:
        ValueError: another quality, or a size below 2.
        MediaError: PyAV is not installed.
    """
    if not 1 <= quality <= 100:
        raise ValueError(f"quality must be 1 to 100, not {quality}.")
    # libav counts from 2, the best, to 31.
    return _encode(frame, max_size, codec="mjpeg", scale=round(2 + (100 - quality) * 29 / 99))


def frame_to_png_bytes(frame: VideoFrame, *, max_size: int | None = None) -> bytes:
    """Encode a picture as PNG, see `frame_to_jpeg_bytes`; nothing of it is lost but by `max_size`."""
    return _encode(frame, max_size, codec="png")


def fitted(width: int, height: int, max_size: int | None) -> tuple[int, int]:
    """Give the size of a picture whose longer side is at most `max_size`, with the same shape."""
    if max_size is None or max(width, height) <= max_size:
        return width, height
    if max_size < 2:
        raise ValueError(f"max_size must be at least 2 pixels, not {max_size}.")
    share = max_size / max(width, height)
    return max(1, round(width * share)), max(1, round(height * share))


def _encode(
    frame: VideoFrame, max_size: int | None, *, codec: Literal["mjpeg", "png"], scale: int | None = None
) -> bytes:
    try:
        from av import CodecContext
        from av import VideoFrame as Picture
    except ModuleNotFoundError as error:
        raise MediaError(
            "Encoding pictures needs PyAV: run pip install 'open-vision-agents[embedded]'."
        ) from error
    width, height = fitted(frame.width, frame.height, max_size)
    pixels = "rgb24" if codec == "png" else "yuvj420p"
    picture = Picture.from_ndarray(frame.to_rgb(), format="rgb24")
    context = CodecContext.create(codec, "w")
    context.width, context.height, context.pix_fmt = width, height, pixels
    context.time_base = Fraction(1, 1)
    if scale is not None:
        context.qmin = context.qmax = scale
    fitting = picture.reformat(width=width, height=height, format=pixels)
    packets = cast("list[bytes]", [*context.encode(fitting), *context.encode(None)])  # pyright: ignore[reportUnknownMemberType] - bytes by the buffer protocol
    return b"".join(packets)
