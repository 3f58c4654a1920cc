"""Front door: `Realtime`, Gemini's speech-to-speech model."""

from vision_agents.plugins import gemini

__all__ = ["Realtime"]

Realtime = gemini.Realtime
