"""The sixteen keys of a telephone, and the two tones that each of them sounds."""

from __future__ import annotations

KEYS = "123A456B789C*0#D"
"""Row by row; a row shares its low tone, a column its high one."""

LOW_HZ = (697.0, 770.0, 852.0, 941.0)
HIGH_HZ = (1209.0, 1336.0, 1477.0, 1633.0)


def tones_of(key: str) -> tuple[float, float]:
    """Tell the low and the high frequency of a key, in Hz."""
    row, column = divmod(KEYS.index(key), 4)
    return LOW_HZ[row], HIGH_HZ[column]


def keys_of(text: str) -> str:
    """Check that `text` holds nothing but keys, and give it in capitals; raises ValueError."""
    keys = text.upper()
    if not keys or not set(keys) <= set(KEYS):
        raise ValueError(f"Digits must be some of {KEYS!r}: check what is sent ({len(text)} characters).")
    return keys
