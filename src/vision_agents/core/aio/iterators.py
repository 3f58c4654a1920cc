"""Async iterators that end in time, and are closed when they are left early."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


@asynccontextmanager
async def closing(iterator: AsyncIterator[Any]) -> AsyncGenerator[None]:
    """Close the iterator at the end of the block: one that is left early may still work behind the scenes."""
    try:
        yield
    finally:
        close = getattr(iterator, "aclose", None)
        if close is not None:
            await close()


async def with_patience(
    iterator: AsyncIterator[T], patience: float, too_slow: Callable[[], Exception]
) -> AsyncIterator[T]:
    """Pass items on; raise `too_slow()` where one takes longer than `patience` seconds."""
    while True:
        try:
            async with asyncio.timeout(patience):
                item = await anext(iterator)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise too_slow() from error
        yield item
