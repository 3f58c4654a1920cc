"""Which of several media types a client prefers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def preferred(accept: str, offered: Sequence[str]) -> str:
    """Choose by q, then by the client's order; the first offer where only a wildcard matches, or nothing."""
    best, best_q, best_place = offered[0], 0.0, 0
    for place, (kind, q) in enumerate(_wanted(accept)):
        if kind in offered and (q > best_q or (q == best_q and place < best_place)):
            best, best_q, best_place = kind, q, place
    return best


def _wanted(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.lower().split(","):
        kind, *parameters = (text.strip() for text in part.split(";"))
        q = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                q = _number(value.strip())
        yield kind, q


def _number(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
