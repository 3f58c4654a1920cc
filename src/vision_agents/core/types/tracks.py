"""Kinds of media tracks."""

from enum import IntEnum


class TrackType(IntEnum):
    """What a track carries."""

    UNSPECIFIED = 0
    AUDIO = 1
    VIDEO = 2
    SCREEN_SHARE = 3
    SCREEN_SHARE_AUDIO = 4
