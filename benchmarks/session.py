"""Our own sessions on the loopback edge: turn latency, barge-in, audio path, memory; a line of JSON each.

    python benchmarks/session.py [latency|barge|transit|audio|memory ...]

The scenarios are those of the comparison in `peers/`, driven by the same adapter, each in a fresh process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PEERS = Path(__file__).parent / "peers"
SCENARIOS = {
    "latency": ["n=30"],
    "barge": ["n=20"],
    "transit": ["n=150"],
    "audio": ["sessions=10", "seconds=8"],
    "memory": ["counts=[1,50,100,200]"],
}


def main() -> None:
    for scenario in sys.argv[1:] or SCENARIOS:
        command = [sys.executable, PEERS / "run_one.py", "ours", scenario, *SCENARIOS[scenario]]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        figures = json.loads(done.stdout.splitlines()[-1])
        figures.pop("samples_ms", None)
        print(json.dumps({"benchmark": f"session_{scenario}", **figures}))


if __name__ == "__main__":
    main()
