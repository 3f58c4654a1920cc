"""Tools for testing agents without network, without models and without waiting."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vision_agents.testing.caller import Heard, SimulatedCaller
    from vision_agents.testing.scene import (
        CallScene,
        RealtimeCall,
        ScriptedCall,
        realtime_call,
        scripted_call,
    )
    from vision_agents.testing.scripted import (
        Calls,
        Fails,
        Says,
        ScriptedLLM,
        ScriptedSTT,
        ScriptedTTS,
        ScriptedTurnDetector,
        ScriptedVAD,
        ScriptedVisionLLM,
    )
    from vision_agents.testing.scripted_realtime import Quirks, ScriptedRealtime
    from vision_agents.testing.tone_speech import mumble, read_speech, speak
    from vision_agents.testing.virtual_time import Deadlock, VirtualTimeLoop, run_virtual

__all__ = [
    "CallScene",
    "Calls",
    "Deadlock",
    "Fails",
    "Heard",
    "Quirks",
    "RealtimeCall",
    "Says",
    "ScriptedCall",
    "ScriptedLLM",
    "ScriptedRealtime",
    "ScriptedSTT",
    "ScriptedTTS",
    "ScriptedTurnDetector",
    "ScriptedVAD",
    "ScriptedVisionLLM",
    "SimulatedCaller",
    "VirtualTimeLoop",
    "mumble",
    "read_speech",
    "realtime_call",
    "run_virtual",
    "scripted_call",
    "speak",
]

_MODULES = {
    "caller": ("Heard", "SimulatedCaller"),
    "scene": ("CallScene", "RealtimeCall", "ScriptedCall", "realtime_call", "scripted_call"),
    "scripted_realtime": ("Quirks", "ScriptedRealtime"),
    "tone_speech": ("mumble", "read_speech", "speak"),
    "virtual_time": ("Deadlock", "VirtualTimeLoop", "run_virtual"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME.get(name, 'scripted')}"), name)
