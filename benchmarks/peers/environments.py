"""One virtual environment a framework, made when it is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Framework:
    """A column of the table: its environment, and the adapter that drives it."""

    environment: str
    adapter: str
    requirements: tuple[str, ...]


FRAMEWORKS = {
    "bare": Framework("bare", "bare", ("numpy", "soxr", "av", "uvloop")),
    "ours": Framework("ours", "ours", ("-e", str(CHECKOUT))),
    "livekit": Framework("livekit", "livekit", ("livekit-agents==1.8.9", "psutil")),
    "pipecat": Framework("pipecat", "pipecat", ("pipecat-ai==1.14.0", "psutil")),
    "vision-agents": Framework("va", "vision_agents", ("vision-agents==0.6.9", "psutil")),
    "videosdk": Framework("videosdk", "videosdk", ("videosdk-agents==1.0.30", "soxr", "psutil")),
}


def home() -> Path:
    """Where environments and results are kept: `BENCH_HOME`, or in the user's cache."""
    return Path(os.environ.get("BENCH_HOME", Path.home() / ".cache" / "peer-bench"))


def python_of(framework: Framework) -> Path:
    """The interpreter of a framework's environment."""
    return home() / "venvs" / framework.environment / "bin" / "python"


def prepare(framework: Framework) -> None:
    """Make the environment, unless it was made with these very requirements."""
    folder = home() / "venvs" / framework.environment
    wanted = "\n".join((sys.version, *framework.requirements))
    stamp = folder / "bench-requirements.txt"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    print(f"Making {folder}", file=sys.stderr, flush=True)
    python = str(folder / "bin" / "python")
    uv = shutil.which("uv")
    if uv:
        make = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)]
        install = [uv, "pip", "install", "--quiet", "--python", python]
    else:
        make = [sys.executable, "-m", "venv", "--clear", str(folder)]
        install = [python, "-m", "pip", "install", "--quiet"]
    subprocess.run(make, check=True)
    # From a folder outside of the checkout, whose settings pin the versions of our own dependencies.
    subprocess.run([*install, *framework.requirements], check=True, cwd=folder)
    stamp.write_text(wanted)
