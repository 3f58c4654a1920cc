"""Two short loops that were made for this package: see README.txt beside them."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
KEYBOARD = _HERE / "keyboard.wav"
"""Somebody types: for the time in which the agent thinks."""
OFFICE = _HERE / "office.wav"
"""A quiet room: for the time of the whole call."""
