"""A language model with others behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from vision_agents.core.llm.llm import LLM, LLMEvent, LLMProfile, LLMRequest
from vision_agents.core.types.component import ComponentInfo
from vision_agents.core.types.fallback import Fallback, FallbackRules


class FallbackLLM(LLM):
    """Asks the first model that works; one that fails before its first word is replaced unnoticed.

    After the first word the failure is raised: a second beginning would be heard.

    Args:
        models: the models, the one that is wanted first.
        rules: when one that failed is asked again.
    """

    def __init__(self, *models: LLM, rules: FallbackRules | None = None) -> None:
        super().__init__()
        self.fallback = Fallback(models, rules)
        profiles = [model.profile for model in models]
        self.profile = LLMProfile(
            tools=all(profile.tools for profile in profiles),
            vision=all(profile.vision for profile in profiles),
        )
        for model in models:
            self.functions.adopt(model.functions)
        self._follow(models[0])
        self.fallback.switched = self._follow
        self.warmup, self.start, self.close = self.fallback.warmup, self.fallback.start, self.fallback.close

    def _follow(self, model: LLM) -> None:
        self.provider, self.model = model.provider, model.model

    def describe(self) -> ComponentInfo:
        """Tell the active model."""
        return self.fallback.describe()

    def respond(self, request: LLMRequest) -> AsyncIterator[LLMEvent]:
        """Answer with the first model that gives a word."""
        return self.fallback.stream(lambda model: model.respond(request))
