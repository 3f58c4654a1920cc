"""Models that run on the user's own machine: no key, no account, no network once the weights are there."""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vision_agents.plugins.embedded.llm import LLM
    from vision_agents.plugins.embedded.stt import STT
    from vision_agents.plugins.embedded.tts import TTS
    from vision_agents.plugins.embedded.turn_detector import TurnDetector
    from vision_agents.plugins.embedded.vad import VAD

__all__ = ["LLM", "STT", "TTS", "VAD", "TurnDetector"]

_MODULES = {"LLM": "llm", "STT": "stt", "TTS": "tts", "VAD": "vad", "TurnDetector": "turn_detector"}

for _package in ("onnxruntime", "hibari", "xllamacpp"):
    if find_spec(_package) is None:
        raise ModuleNotFoundError(
            f"The embedded models need {_package}: run `pip install 'open-vision-agents[embedded]'`.",
            name=_package,
        )


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
