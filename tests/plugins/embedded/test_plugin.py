"""What importing the plugin does, and does not do."""

import importlib
import importlib.util
import subprocess
import sys
from importlib.machinery import ModuleSpec

import pytest

from vision_agents.plugins import embedded


def test_it_offers_the_five_parts_lazily() -> None:
    assert embedded.__all__ == ["LLM", "STT", "TTS", "VAD", "TurnDetector"]
    assert embedded.STT.__module__ == "vision_agents.plugins.embedded.stt"
    with pytest.raises(AttributeError, match="Avatar"):
        _ = embedded.Avatar  # pyright: ignore


def test_building_the_speech_parts_loads_no_runtime() -> None:
    script = (
        "import sys; from vision_agents.plugins.embedded import STT, TTS, VAD, TurnDetector;"
        "STT(), TTS(), VAD(), TurnDetector();"
        "print([m for m in ('onnxruntime', 'hibari', 'xllamacpp', 'av') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("missing", ["onnxruntime", "hibari", "xllamacpp"])
def test_a_missing_runtime_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    real = importlib.util.find_spec

    def find_spec(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == missing else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'open-vision-agents\[embedded\]'") as failed:
        importlib.reload(embedded)
    assert failed.value.name == missing
