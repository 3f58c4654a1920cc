"""Front door: `Edge`, the built-in WebRTC edge, which needs no account."""

from vision_agents.plugins import webrtc

__all__ = ["Edge"]

Edge = webrtc.Edge
