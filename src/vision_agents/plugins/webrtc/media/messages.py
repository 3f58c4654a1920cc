"""The data channel: JSON objects, both ways."""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import cast

from aiortc import RTCDataChannel
from aiortc.exceptions import InvalidStateError

from vision_agents.plugins.webrtc.media.stats import MessageStats

logger = logging.getLogger("vision_agents.plugins.webrtc")

LABEL = "events"
MAX_MESSAGE = 64 * 1024
"""Characters of one message from the browser."""

_MAX_EARLY = 256
_MAX_UNSENT_BYTES = 1 << 20


class Messages:
    """The channel ``events``: what is sent before it opens is kept, 256 messages at most.

    Args:
        on_message: takes a JSON object.
        stats: where to count.
    """

    def __init__(self, on_message: Callable[[Mapping[str, object]], None], stats: MessageStats) -> None:
        self._on_message = on_message
        self._stats = stats
        self._channel: RTCDataChannel | None = None
        self._early: deque[str] = deque()
        self._closed = False

    def attach(self, channel: RTCDataChannel) -> None:
        """Use a channel that the browser opened; only the first with our label is one of ours."""
        if channel.label != LABEL or self._channel is not None or self._closed:
            return
        self._channel = channel
        channel.on("message", self._receive)
        while self._early:
            self._send_text(channel, self._early.popleft())

    def send(self, data: Mapping[str, object]) -> None:
        """Send a JSON object; without an open channel, or with too much unsent, it is dropped and counted."""
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        if self._channel is not None:
            self._send_text(self._channel, text)
        elif self._closed or len(self._early) >= _MAX_EARLY:
            self._stats.dropped += 1
        else:
            self._early.append(text)

    def close(self) -> None:
        """Send and receive nothing more."""
        self._closed = True
        self._stats.dropped += len(self._early)
        self._early.clear()
        self._channel = None

    def _send_text(self, channel: RTCDataChannel, text: str) -> None:
        try:
            if channel.bufferedAmount < _MAX_UNSENT_BYTES:
                channel.send(text)
                self._stats.sent += 1
                return
        except InvalidStateError:
            pass  # the browser has closed it
        self._stats.dropped += 1

    def _receive(self, message: str | bytes) -> None:
        if self._closed:
            return
        data = _json_object(message)
        if data is None:
            self._stats.refused += 1
            return
        self._stats.received += 1
        self._on_message(data)


def _json_object(message: str | bytes) -> Mapping[str, object] | None:
    if not isinstance(message, str) or len(message) > MAX_MESSAGE:
        return None
    try:
        data: object = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return cast("Mapping[str, object]", data) if isinstance(data, dict) else None
