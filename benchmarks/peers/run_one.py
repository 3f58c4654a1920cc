"""One scenario of one adapter in this process; the last line of the output is its figures as JSON.

    python run_one.py <adapter> <scenario> [key=value ...]

`log=true` lets the framework log at INFO, into the void.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import os
import sys
import traceback
from typing import Any

from scenarios import SCENARIOS


def _arguments(words: list[str]) -> dict[str, Any]:
    return {key: json.loads(value) for key, _, value in (word.partition("=") for word in words)}


def main() -> None:
    name, scenario, *words = sys.argv[1:]
    arguments = _arguments(words)
    log = arguments.pop("log", False)
    stream = open(os.devnull, "w") if log else sys.stderr  # noqa: PTH123, SIM115 - until the process ends
    logging.basicConfig(level=logging.INFO if log else logging.WARNING, stream=stream)
    adapter = importlib.import_module(f"adapters.{name}")
    if log:
        logging.disable(logging.NOTSET)

    async def run() -> None:
        try:
            await adapter.setup()
            figures = await SCENARIOS[scenario](adapter, **arguments)
        except BaseException:  # noqa: BLE001 - whatever it is, it is shown
            traceback.print_exc()
            os._exit(1)
        about = {"framework": adapter.NAME, "version": adapter.VERSION, "scenario": scenario}
        print(json.dumps({**about, **figures}), flush=True)
        # Leave at once: some frameworks hang in their cleanup.
        os._exit(0)

    asyncio.run(run())


if __name__ == "__main__":
    main()
