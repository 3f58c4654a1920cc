"""Tools for testing agents without network, without models and without waiting."""

from vision_agents.testing.virtual_time import Deadlock, VirtualTimeLoop, run_virtual

__all__ = ["Deadlock", "VirtualTimeLoop", "run_virtual"]
