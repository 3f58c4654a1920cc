"""Which rule ends turns soonest without ending them too soon? Writes the tables of docs/turns.md.

    python -m benchmarks.turn_taking            # the embedded voice; espeak-ng and flite where installed
    python -m benchmarks.turn_taking --dry      # only prints

The first run speaks the calls and asks the models about every pause, which takes minutes; both are kept in
`--folder`, and a later run takes about a minute.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.turn_taking.corpus import Call, corpus
from benchmarks.turn_taking.ear import Ear, Models
from benchmarks.turn_taking.live import hear
from benchmarks.turn_taking.replay import Ended, Latency, Replay
from benchmarks.turn_taking.score import Outcome, outcomes
from benchmarks.turn_taking.strategies import DEFAULT, Strategy, strategies

from benchmarks.turn_taking import report

LATENCY = Latency()
_SAME = 0.05
"""Seconds by which the real listener may differ: a frame more or less, where two things fall together."""


def replay(strategy: Strategy, call: Call, ear: Ear) -> list[Ended]:
    """Hear a call by one strategy, on remembered answers."""
    return Replay(
        call,
        ear,
        strategy.turns,
        detector=strategy.detector,
        latency=LATENCY,
        whole_turn=strategy.whole_turn,
    ).run()


def measure(strategy: Strategy, calls: list[tuple[Call, Ear]]) -> list[Outcome]:
    """Hear all calls by one strategy."""
    results = [result for call, ear in calls for result in outcomes(call, replay(strategy, call, ear))]
    for _, ear in calls:
        ear.save()
    print(f"{strategy.group}: {strategy.name}", file=sys.stderr, flush=True)
    return results


def check(calls: list[tuple[Call, Ear]]) -> report.Live:
    """Hear calls through the real listener by the default, and compare."""
    same = turns = 0
    for call, ear in calls:
        live = hear(call, DEFAULT.turns, latency=LATENCY)
        again = replay(DEFAULT, call, ear)
        same += sum(any(_alike(one, other) for other in again) for one in live)
        turns += len(live)
    return report.Live(len(calls), turns, same)


def _alike(one: Ended, other: Ended) -> bool:
    return one.text == other.text and abs(one.at - other.at) <= _SAME


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path.home() / ".cache" / "turn-taking-bench")
    parser.add_argument("--live", type=int, default=8, help="calls that the real listener hears, too")
    parser.add_argument("--dry", action="store_true", help="write no file")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    models = Models()
    calls = [(call, Ear(call, options.folder, models)) for call in corpus(options.folder)]
    rows = [report.row(one, measure(one, calls)) for one in strategies()]
    of_default = report.divided(measure(DEFAULT, calls))
    live = check(calls[:: max(1, len(calls) // max(1, options.live))][: options.live])
    found = report.Results(rows, of_default, live)
    print(report.tables(found))
    if not options.dry:
        report.save(found)


if __name__ == "__main__":
    main()
