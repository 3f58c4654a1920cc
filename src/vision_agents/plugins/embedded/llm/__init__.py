"""A language model on the user's own machine, with tools."""

from vision_agents.plugins.embedded.llm.llm import LLM
from vision_agents.plugins.embedded.llm.settings import LLMSettings

__all__ = ["LLM", "LLMSettings"]
