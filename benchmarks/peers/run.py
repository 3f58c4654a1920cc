"""Every framework and every scenario, side by side: interleaved rounds, each cell in a fresh process.

    python benchmarks/peers/run.py                      # environments, three rounds, the table
    python benchmarks/peers/run.py --only bare,ours --scenarios latency,barge --rounds 1
    python benchmarks/peers/run.py --report             # the table of the last run again

The machine is never quiet: compare within one run, and look at medians.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from environments import FRAMEWORKS, Framework, home, prepare, python_of
from report import report

HERE = Path(__file__).parent

Row = dict[str, Any]

SCENARIOS: dict[str, tuple[str, Row]] = {
    "latency": ("latency", {"n": 100}),
    "latency_short": ("latency", {"n": 50, "tts_frames": 1}),
    "latency_48k": ("latency", {"n": 50, "output_rate": 48_000}),
    "latency_logged": ("latency", {"n": 30, "log": True}),
    "latency_10ms": ("latency", {"n": 15, "token_interval": 0.01}),
    "latency_paced": ("latency", {"n": 15, "tts_paced": True}),
    "transit": ("transit", {"n": 250}),
    "barge": ("barge", {"n": 30}),
    "audio": ("audio", {"sessions": 10, "seconds": 8}),
    "memory": ("memory", {"counts": [1, 50, 100, 200]}),
    "import": ("import", {}),
}
"""Label of a scenario: its function in `scenarios.py`, and how it is called."""

ONLY = {"latency_48k": ("ours",), "latency_logged": ("ours", "vision-agents")}
"""Scenarios that make sense for some: who else resamples its output or logs every turn?"""

_IMPORT = """
import time, resource, sys
source = compile(open(sys.argv[1]).read(), 'snippet', 'exec')
began = time.perf_counter()
exec(source, {'__name__': 'snippet'})
wall = time.perf_counter() - began
used = resource.getrusage(resource.RUSAGE_SELF)
rss = int(open('/proc/self/statm').read().split()[1]) * 4096 / 2**20
print(wall, used.ru_utime + used.ru_stime, rss, len(sys.modules), flush=True)
import os; os._exit(0)
"""


def run_scenario(framework: Framework, scenario: str, arguments: Row, *, timeout: float) -> Row:
    """Run one cell; gives its figures, or what went wrong under `error`."""
    words = [f"{key}={json.dumps(value)}" for key, value in arguments.items()]
    command = [python_of(framework), HERE / "run_one.py", framework.adapter, scenario, *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return {"error": f"no result within {timeout:.0f} s"}
    last = (done.stdout.strip().splitlines() or [""])[-1]
    if done.returncode or not last.startswith("{"):
        return {"error": done.stderr[-800:] or f"exit {done.returncode}"}
    return json.loads(last)


def _import_snippet(framework: Framework) -> str:
    """Read the constant out of the adapter, which cannot be imported here."""
    source = (HERE / "adapters" / f"{framework.adapter}.py").read_text()
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "IMPORT_SNIPPET":
            return ast.literal_eval(node.value)
    raise ValueError(f"{framework.adapter}.py has no IMPORT_SNIPPET.")


def run_import(framework: Framework, *, timeout: float) -> Row:
    """Import the framework and build one agent, in three fresh interpreters; the cold first is dropped."""
    snippet = home() / "import_snippet.py"
    snippet.write_text(_import_snippet(framework))
    environment = {**os.environ, "BENCH_DIR": str(HERE), "OTEL_SDK_DISABLED": "true"}
    command = [python_of(framework), "-c", _IMPORT, snippet]
    runs: list[list[float]] = []
    for _ in range(3):
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, env=environment, timeout=timeout, check=True
            )
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
            return {"error": str(error)}
        runs.append([float(word) for word in done.stdout.split()[-4:]])
    wall, used, rss, modules = (statistics.median(column) for column in zip(*runs[1:], strict=True))
    return {"scenario": "import", "wall_s": wall, "cpu_s": used, "rss_mb": rss, "modules": modules}


def run_cell(key: str, label: str, *, timeout: float) -> Row:
    """Run one scenario of one framework, whatever it is."""
    scenario, arguments = SCENARIOS[label]
    began = time.monotonic()
    if scenario == "import":
        row = run_import(FRAMEWORKS[key], timeout=timeout)
    else:
        row = run_scenario(FRAMEWORKS[key], scenario, arguments, timeout=timeout)
    took = round(time.monotonic() - began, 1)
    return {**row, "key": key, "label": label, "load1": os.getloadavg()[0], "took_s": took}


def run_rounds(keys: list[str], labels: list[str], *, rounds: int, timeout: float, out: Path) -> None:
    """Append a line of JSON for every cell; the order of the frameworks rotates from round to round."""
    for number in range(rounds):
        for label in labels:
            turn = number % len(keys)
            for key in keys[turn:] + keys[:turn]:
                if key not in ONLY.get(label, keys):
                    continue
                row = {**run_cell(key, label, timeout=timeout), "round": number}
                with out.open("a") as file:
                    file.write(json.dumps(row) + "\n")
                state = "failed" if "error" in row else "ok"
                print(number + 1, label, key, state, row["took_s"], file=sys.stderr, flush=True)


def _names(known: dict[str, Any], given: str) -> list[str]:
    names = [name for name in given.split(",") if name]
    if unknown := set(names) - set(known):
        raise SystemExit(f"Unknown: {', '.join(sorted(unknown))}. Known: {', '.join(known)}.")
    return names or list(known)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="frameworks, with commas between them")
    parser.add_argument("--scenarios", default="", help="scenarios, with commas between them")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for one cell")
    parser.add_argument("--out", type=Path, default=home() / "results.jsonl")
    parser.add_argument("--append", action="store_true", help="keep the rounds that --out already holds")
    parser.add_argument("--report", action="store_true", help="only print the table of --out")
    options = parser.parse_args()
    if not options.report:
        keys, labels = _names(FRAMEWORKS, options.only), _names(SCENARIOS, options.scenarios)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        if not options.append:
            options.out.unlink(missing_ok=True)
        for key in keys:
            prepare(FRAMEWORKS[key])
        run_rounds(keys, labels, rounds=options.rounds, timeout=options.timeout, out=options.out)
    rows = [json.loads(line) for line in options.out.read_text().splitlines()]
    print(report(rows, list(FRAMEWORKS)))


if __name__ == "__main__":
    main()
