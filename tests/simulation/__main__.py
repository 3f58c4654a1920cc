"""Play many seeds: `python -m tests.simulation --seeds 1000`; one of them again: `--seed 7 --seeds 1`."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation.run import play
from tests.simulation.scenario import LIFE


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--life", type=float, default=LIFE, help="seconds of cluster life for each")
    options = parser.parse_args()
    began, bad, sessions = time.perf_counter(), 0, 0
    for seed in range(options.seed, options.seed + options.seeds):
        outcome = play(seed, life=options.life)
        sessions += outcome.sessions
        if outcome.failures:
            bad += 1
            print(f"seed {seed}:", *outcome.failures[:5], sep="\n  ")
        if options.seeds == 1:
            print("story:", *outcome.story, sep="\n  ")
    took = time.perf_counter() - began
    print(f"{bad} of {options.seeds} seeds failed; {sessions} sessions, {took:.0f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
