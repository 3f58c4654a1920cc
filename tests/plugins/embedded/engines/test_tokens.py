"""Reading the vocabulary and joining tokens."""

from pathlib import Path

import pytest

from vision_agents.plugins.embedded.engines.tokens import Vocabulary


@pytest.fixture
def vocabulary(tmp_path: Path) -> Vocabulary:
    words = [b"", b"<s>", "▁Hello".encode(), "▁wor".encode(), b"ld"]
    words += [b"<0xC3>", b"<0xA9>", b"<0xFF>", b"x" * 300]
    path = tmp_path / "tokenizer.bin"
    lengths = [bytes([len(w)]) if len(w) < 128 else bytes([len(w) % 128 + 128, len(w) // 128]) for w in words]
    path.write_bytes(b"".join(length + word for length, word in zip(lengths, words, strict=True)))
    return Vocabulary.load(path)


def test_words_are_joined_and_control_tokens_are_silent(vocabulary: Vocabulary) -> None:
    assert vocabulary.text([1, 2, 3, 4]) == "Hello world"


def test_a_rarer_character_comes_as_bytes_and_a_broken_one_does_no_harm(vocabulary: Vocabulary) -> None:
    assert vocabulary.text([5, 6]) == "é"
    assert vocabulary.text([7]) == "\ufffd"


def test_long_words_have_a_length_of_two_bytes(vocabulary: Vocabulary) -> None:
    assert vocabulary.text([8]) == "x" * 300
    assert len(vocabulary) == 9
