import asyncio

import pytest

from vision_agents.core.edge.company import Company
from vision_agents.core.errors import EdgeError

pytestmark = pytest.mark.virtual_time


async def test_who_is_alone_knows_since_when() -> None:
    company = Company()
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(2)
    company.nobody()
    assert company.idle_since == began

    company.somebody()
    assert company.idle_since is None
    await asyncio.sleep(3)
    company.nobody()
    assert company.idle_since == began + 5


async def test_waiting_ends_when_somebody_comes() -> None:
    company = Company()
    asyncio.get_running_loop().call_later(4, company.somebody)
    began = asyncio.get_running_loop().time()

    await company.wait(None)

    assert asyncio.get_running_loop().time() == began + 4


async def test_waiting_is_bounded_and_ends_with_the_call() -> None:
    company = Company()
    with pytest.raises(TimeoutError, match="within 1"):
        await company.wait(1)

    company.somebody()
    company.end("The call has ended")
    company.end("The agent has left the call")
    company.nobody()

    assert company.over == "The call has ended"
    assert company.idle_since is not None
    with pytest.raises(EdgeError, match="The call has ended: nobody can join any more"):
        await company.wait(1)
