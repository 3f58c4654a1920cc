"""Where the time of one scenario goes: cProfile over it, the functions with the most own time.

python profile_one.py <adapter> <scenario> [key=value ...]
"""

from __future__ import annotations

import asyncio
import cProfile
import importlib
import json
import os
import pstats
import sys

from scenarios import SCENARIOS


async def main() -> None:
    name, scenario, *words = sys.argv[1:]
    arguments = {key: json.loads(value) for key, _, value in (word.partition("=") for word in words)}
    adapter = importlib.import_module(f"adapters.{name}")
    await adapter.setup()
    profile = cProfile.Profile()
    profile.enable()
    await SCENARIOS[scenario](adapter, **arguments)
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(40)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
