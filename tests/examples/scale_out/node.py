"""Runs `examples/scale_out.py` with the assistant beside this file in the place of the one with models."""

import runpy
from pathlib import Path

runpy.run_path(str(Path(__file__).parents[3] / "examples" / "scale_out.py"), run_name="__main__")
