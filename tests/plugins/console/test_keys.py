"""Bytes of a terminal, and the keys they are."""

from __future__ import annotations

import pytest

from vision_agents.plugins.console.keys import Key, KeyReader


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"hi", ["h", "i"]),
        (b"\r", [Key.ENTER]),
        (b"\n", [Key.ENTER]),
        (b"\x7f\x08", [Key.BACKSPACE, Key.BACKSPACE]),
        (b"\x15\x14\x04", [Key.ERASE_LINE, Key.TEXT_MODE, Key.END]),
        ("né 日".encode(), ["n", "é", " ", "日"]),
        (b"\x07\x00\x0b", []),
        (b"\x1b[Aa", ["a"]),
        (b"\x1b[1;5Ca", ["a"]),
        (b"\x1bOPa", ["a"]),
        (b"\x1bxa", ["a"]),
        (b"\x1b\x1b[A", [Key.INTERRUPT]),
        (b"\xffa", ["\N{REPLACEMENT CHARACTER}", "a"]),
    ],
)
def test_what_is_sent_and_what_was_pressed(data: bytes, keys: list[Key | str]) -> None:
    assert KeyReader().feed(data) == keys


def test_a_character_may_come_in_pieces() -> None:
    reader, data = KeyReader(), "日".encode()

    assert [reader.feed(data[i : i + 1]) for i in range(3)] == [[], [], ["日"]]


def test_an_escape_that_nothing_follows_is_the_key() -> None:
    reader = KeyReader()

    assert reader.feed(b"\x1b") == []
    assert reader.waiting
    assert reader.flush() == [Key.INTERRUPT]
    assert not reader.waiting
    assert reader.flush() == []


def test_an_arrow_in_two_pieces_is_no_escape() -> None:
    reader = KeyReader()

    assert reader.feed(b"\x1b") + reader.feed(b"[") + reader.feed(b"A") == []
    assert reader.flush() == []
    assert reader.feed(b"a") == ["a"]
