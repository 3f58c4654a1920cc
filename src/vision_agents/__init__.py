"""AI agents that join voice and video calls: listen, think, use tools, speak, and can be interrupted."""
