"""What a log may tell of an error."""

import pytest

from vision_agents.core.agents.agent import Agent
from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.errors import ConfigurationError, ProviderError

SECRET = "sk-0123456789"


def test_t67_only_texts_of_our_own_making_are_told() -> None:
    with pytest.raises(ProviderError) as planted:
        raise ProviderError(SECRET, provider="them", stage="llm")
    foreign = failure_fields(planted.value)
    with pytest.raises(ConfigurationError) as caught:
        _ = Agent().edge
    own = failure_fields(caught.value)

    assert (foreign["error"], "text" in foreign) == ("ProviderError", False)
    assert own["text"].startswith("The agent has no edge")
    assert "agent.py" in own["where"]
    assert failure_fields(ValueError(SECRET)) == {"error": "ValueError", "where": ""}
