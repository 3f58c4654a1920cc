"""Tools for testing agents without network, without models and without waiting."""

from vision_agents.testing.caller import Heard, SimulatedCaller
from vision_agents.testing.scripted import (
    Calls,
    Fails,
    Says,
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    ScriptedVAD,
)
from vision_agents.testing.scripted_call import ScriptedCall, scripted_call
from vision_agents.testing.tone_speech import mumble, read_speech, speak
from vision_agents.testing.virtual_time import Deadlock, VirtualTimeLoop, run_virtual

__all__ = [
    "Calls",
    "Deadlock",
    "Fails",
    "Heard",
    "Says",
    "ScriptedCall",
    "ScriptedLLM",
    "ScriptedSTT",
    "ScriptedTTS",
    "ScriptedTurnDetector",
    "ScriptedVAD",
    "SimulatedCaller",
    "VirtualTimeLoop",
    "mumble",
    "read_speech",
    "run_virtual",
    "scripted_call",
    "speak",
]
