"""Sees that something moves, and where: no weights, no library beside numpy, some milliseconds a picture."""

from vision_agents.plugins.motion.detector import Box, Motion, MotionDetector
from vision_agents.plugins.motion.processor import MotionChangedEvent, MotionProcessor

__all__ = ["Box", "Motion", "MotionChangedEvent", "MotionDetector", "MotionProcessor"]
