"""WebRTC on this machine, our peer beside aiortc as it comes; prints a line of JSON for each measurement.

::

    python -m benchmarks.webrtc round-trip --client process    a beep, and a client that buffers nothing
    python -m benchmarks.webrtc round-trip --client chromium   page to Python to page, and pings
    python -m benchmarks.webrtc loss --seconds 30 --seed 7     3 % loss, 20 to 30 ms delay, each way
    python -m benchmarks.webrtc density --sessions 20          echo calls for 60 s: underruns, CPU, threads
    python -m benchmarks.webrtc cycles --cycles 200            calls that come and go: what is left of them

Everything stays on 127.0.0.1. On a machine that does other work at the same time they measure that work: run
them there as ``chrt -f 10 python -m benchmarks.webrtc ...``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any

from benchmarks.webrtc.echo import SERVERS

from benchmarks.webrtc import cycles, density, loss, round_trip


def _round_trip(options: argparse.Namespace, server: str) -> dict[str, Any]:
    measure = round_trip.in_chromium if options.client == "chromium" else round_trip.in_process
    return asyncio.run(measure(server, beeps=options.beeps))


def _loss(options: argparse.Namespace, server: str) -> dict[str, Any]:
    return asyncio.run(loss.measure(server, seed=options.seed, seconds=options.seconds))


def _density(options: argparse.Namespace, server: str) -> dict[str, Any]:
    return density.measure(server, sessions=options.sessions, seconds=options.seconds)


def _cycles(options: argparse.Namespace, _: str) -> dict[str, Any]:
    return asyncio.run(cycles.measure(cycles=options.cycles))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.webrtc", description=__doc__)
    parser.add_argument("what", choices=["round-trip", "loss", "density", "cycles"])
    parser.add_argument("--server", choices=[*SERVERS], action="append", help="default: both")
    parser.add_argument("--client", choices=["process", "chromium"], default="chromium")
    parser.add_argument("--beeps", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--cycles", type=int, default=200)
    return parser.parse_args()


def main() -> None:
    options = _options()
    measures = {"round-trip": _round_trip, "loss": _loss, "density": _density, "cycles": _cycles}
    servers: list[str] = ["ours"] if options.what == "cycles" else options.server or [*SERVERS]
    for server in servers:
        print(json.dumps({"benchmark": options.what, **measures[options.what](options, server)}), flush=True)


if __name__ == "__main__":
    main()
