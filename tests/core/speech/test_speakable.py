"""What goes to a synthesiser holds words and no markup."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vision_agents.core.speech.speakable import speakable


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("**Bold**, *italic*, ***both***, __bold__ and _italic_.", "Bold, italic, both, bold and italic."),
        ("**_nested_** and (*bracketed*)", "nested and (bracketed)"),
        ("~~gone~~ `code` ``more``", "gone code more"),
        ("# Heading", "Heading"),
        ("### A *fine* heading", "A fine heading"),
        ("- Milk\n* Eggs\n+ Ham\n• Tea", "Milk Eggs Ham Tea"),
        ("  - [x] done\n  - [ ] open", "done open"),
        ("> quoted\n> > twice", "quoted twice"),
        ("1. Milk", "1. Milk"),
        ("```python\nprint(1)\n```\nDone.", "print(1) Done."),
        ("~~~\ncode\n~~~", "code"),
        ("See [the site](https://example.com/a_(b)?c=1).", "See the site."),
        ('![a cat](cat.png "Cat") sits', "a cat sits"),
        ("<https://example.com> or <me@example.com>", "https://example.com or me@example.com"),
        ("| City | Degrees |\n|:-----|---:|\n| Paris | 20 |", "City, Degrees Paris, 20"),
        ("before\n\n---\n\nafter", "before after"),
        ("Great 😀! Go 👩‍💻 now ❤️ please 👍🏽", "Great! Go now please"),
        ("✅ done, ⚠️ careful, 🇫🇷 Paris", "done, careful, Paris"),
        ("Press 1️⃣ now", "Press 1 now"),
        ("  many \t blanks\nand lines  ", "many blanks and lines"),
    ],
)
def test_markup_and_pictures_are_taken_out(text: str, spoken: str) -> None:
    assert speakable(text) == spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    [("**One.", "One."), ("Two.** Three", "Two. Three"), ("```python", ""), ("| a |", "a"), ("`one", "one")],
)
def test_markup_that_was_cut_in_two_is_taken_out(text: str, spoken: str) -> None:
    assert speakable(text) == spoken


@pytest.mark.parametrize("text", ["", " ", "😀", "---", "**", "...", "***\n```", "[](https://example.com)"])
def test_what_has_no_word_is_nothing(text: str) -> None:
    assert speakable(text) == ""


PLAIN = """2 * 3 = 6; 2*3 2**3 x ** y a*b; snake_case first_last@example.com; C# F#, #1 #tag; ~5 ~/home;
    $5.99, €20 5% 72°F 18°C; 1,000.50 10:30 3-4; C++ A/B AT&T; (a) [1] {x} a<b 5 > 3; don't “quoted” 'single';
    ¿Qué? ¡Sí! -5 +5 ±1; C♯ B♭ ™ © → ½ ²; well... so—this – that…; 你好。 नमस्ते। क्‍ष مرحبا، می‌خواهم"""


@pytest.mark.parametrize("text", [" ".join(part.split()) for part in PLAIN.split(";")])
def test_what_only_looks_like_markup_stays(text: str) -> None:
    assert speakable(text) == text


words = st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=8)
marks = st.sampled_from(["", "", "", ",", ".", "!", "?", ":", ";", "'s", "…", "%", "°C", "-", ")"])


@given(st.lists(st.tuples(words, marks).map("".join), min_size=1, max_size=20).map(" ".join))
def test_plain_prose_passes_unchanged(text: str) -> None:
    assert speakable(text) == text


def letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


@given(st.text(st.sampled_from("ab1 \n*_~`#-+>|[.!]😀é")))
def test_no_letter_is_lost_moved_or_added(text: str) -> None:
    assume("```" not in text and "~~~" not in text)  # the line of a fence names a language
    assert letters(speakable(text)) == letters(text)


PLAIN_SIGNS = st.sampled_from("ab1 .,!?;:'’…") | st.characters(min_codepoint=0xC0, max_codepoint=0xD7FF)


@given(st.text(PLAIN_SIGNS))
def test_the_short_way_leads_where_the_long_one_does(text: str) -> None:
    """An accent of code makes it the long way, and is taken out."""
    assume("  " not in text)
    assert speakable(text) == speakable(f"{text}`")
