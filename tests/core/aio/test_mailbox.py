"""A mailbox keeps the order, makes writers wait, and says how it ended."""

import asyncio

import pytest

from vision_agents.core.aio.mailbox import Mailbox, MailboxClosed
from vision_agents.core.aio.scope import TaskScope

pytestmark = pytest.mark.virtual_time


async def test_items_come_in_the_order_in_which_they_were_sent() -> None:
    mailbox: Mailbox[int] = Mailbox(10)
    for number in range(5):
        await mailbox.send(number)
    mailbox.close()

    assert [number async for number in mailbox] == [0, 1, 2, 3, 4]


async def test_a_full_mailbox_makes_the_writer_wait_for_the_reader() -> None:
    mailbox: Mailbox[int] = Mailbox(2)
    sent: list[int] = []

    async def write() -> None:
        for number in range(5):
            await mailbox.send(number)
            sent.append(number)
        mailbox.close()

    async with TaskScope("test") as scope:
        scope.start(write(), name="writer")
        await asyncio.sleep(1)
        assert sent == [0, 1]

        assert await anext(mailbox) == 0
        await asyncio.sleep(1)
        assert sent == [0, 1, 2]

        assert [number async for number in mailbox] == [1, 2, 3, 4]


async def test_a_reader_waits_for_an_item() -> None:
    mailbox: Mailbox[str] = Mailbox(1)
    asyncio.get_running_loop().call_later(3, mailbox.close)

    async def write() -> None:
        await asyncio.sleep(2)
        await mailbox.send("hello")

    async with TaskScope("test") as scope:
        scope.start(write(), name="writer")
        heard = [(item, asyncio.get_running_loop().time()) async for item in mailbox]

    assert heard == [("hello", 2.0)]
    assert asyncio.get_running_loop().time() == 3.0


async def test_several_writers_lose_nothing() -> None:
    mailbox: Mailbox[tuple[str, int]] = Mailbox(1)
    running = 3

    async def write(name: str) -> None:
        nonlocal running
        for number in range(20):
            await mailbox.send((name, number))
        running -= 1
        if not running:
            mailbox.close()

    async with TaskScope("test") as scope:
        for name in "abc":
            scope.start(write(name), name=name)
        received = [item async for item in mailbox]

    for name in "abc":
        assert [number for writer, number in received if writer == name] == list(range(20))


async def test_a_closed_mailbox_gives_what_is_left_then_its_error() -> None:
    mailbox: Mailbox[str] = Mailbox(5)
    await mailbox.send("last words")
    mailbox.close(ConnectionError("line lost"))
    mailbox.close()

    assert await anext(mailbox) == "last words"
    with pytest.raises(ConnectionError, match="line lost"):
        await anext(mailbox)


async def test_nothing_can_be_sent_after_the_end() -> None:
    mailbox: Mailbox[str] = Mailbox(5)
    mailbox.close()

    with pytest.raises(MailboxClosed):
        await mailbox.send("too late")


async def test_closing_frees_a_writer_that_waits_for_room() -> None:
    mailbox: Mailbox[int] = Mailbox(1)
    await mailbox.send(1)
    asyncio.get_running_loop().call_later(5, mailbox.close)

    with pytest.raises(MailboxClosed):
        await mailbox.send(2)

    assert asyncio.get_running_loop().time() == 5.0


async def test_a_reader_that_is_cancelled_loses_nothing() -> None:
    mailbox: Mailbox[int] = Mailbox(5)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(mailbox), timeout=1)
    await mailbox.send(7)

    assert await anext(mailbox) == 7


@pytest.mark.parametrize("capacity", [0, -1])
def test_room_for_nothing_is_refused(capacity: int) -> None:
    with pytest.raises(ValueError, match="capacity must be >= 1"):
        Mailbox(capacity)
