"""Signs of listening are told from replies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision_agents.core.turns.backchannel import is_backchannel


@pytest.mark.parametrize(
    "text",
    ["uh huh", "Uh-huh.", "yeah, right", "I see.", "Mm-hmm", "Oh, really?", "Mhm…", "uh, yeah, sure"],
)
def test_signs_of_listening(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize(
    "text",
    ["no", "stop", "wait", "Yes, but why?", "okay okay okay okay", "what", "I do", "see you", "okay 5", "嗯"],
)
def test_replies(text: str) -> None:
    assert not is_backchannel(text)


@given(st.lists(st.sampled_from(["okay", "no", "I", "see", "right", "Paris"]), min_size=1, max_size=5))
def test_case_and_punctuation_do_not_matter(words: list[str]) -> None:
    plain = is_backchannel(" ".join(words))
    assert is_backchannel(", ".join(words).upper() + "!") == plain
    assert is_backchannel("  ".join(words).lower()) == plain
