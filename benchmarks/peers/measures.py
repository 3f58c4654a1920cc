"""What is measured of this process, and the statistics of it."""

from __future__ import annotations

import os
import resource
from pathlib import Path


def cpu() -> float:
    """Seconds of processor time so far, of all threads and of ended children."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def rss_kb() -> int:
    """Resident memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * (os.sysconf("SC_PAGE_SIZE") // 1024)


def threads() -> int:
    """Threads of this process, native ones included."""
    return len(list(Path("/proc/self/task").iterdir()))


def percentile(values: list[float], share: float) -> float:
    """Linear interpolation between the two nearest values; `share` is 0 to 1."""
    ordered = sorted(values)
    position = (len(ordered) - 1) * share
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)
