"""Units that appear in signatures."""

from typing import TypeAlias

Seconds: TypeAlias = float
"""A duration, or a point on a clock named by the parameter, in seconds."""
