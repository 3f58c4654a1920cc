"""The runtime keeps to itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, pathlib
{load}
print([path.name for path in pathlib.Path.home().rglob("*")])
print([os.readlink(f"/proc/self/fd/{{fd}}") for fd in os.listdir("/proc/self/fd") if int(fd) > 2
       and os.path.exists(f"/proc/self/fd/{{fd}}")])
"""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks at open files through /proc")
@pytest.mark.parametrize(
    "load",
    [
        "from vision_agents.plugins.embedded.engines.onnx import runtime; runtime()",
        "from vision_agents.plugins.embedded.engines.hibari import HibariVoice; HibariVoice.load()",
    ],
    ids=["onnxruntime", "hibari"],
)
def test_loading_a_model_stores_no_identity_and_opens_no_connection(tmp_path: Path, load: str) -> None:
    environment = {**os.environ, "HOME": str(tmp_path)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(load=load)],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "[]\n[]\n"
