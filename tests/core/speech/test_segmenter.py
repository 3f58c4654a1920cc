"""The segmenter finds sentences in a growing text, each as early as it is certain."""

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision_agents.core.speech.segmenter import SegmenterSettings, SentenceSegmenter

WHOLE_SENTENCES = SegmenterSettings(first_clause=None)


def cut(text: str, settings: SegmenterSettings = WHOLE_SENTENCES) -> list[str]:
    segmenter = SentenceSegmenter(settings)
    return [*segmenter.push(text), *segmenter.flush()]


def cut_in_pieces(
    pieces: list[str], settings: SegmenterSettings = WHOLE_SENTENCES
) -> tuple[list[str], list[str]]:
    """Give what came while text was pushed, and what came at the flush."""
    segmenter = SentenceSegmenter(settings)
    early = [sentence for piece in pieces for sentence in segmenter.push(piece)]
    return early, segmenter.flush()


@pytest.mark.parametrize(
    "sentences",
    [
        ["It is sunny.", "Take a hat!", "Or an umbrella?", "Bye"],
        ["No.", "I can't.", "See No. 5 and Nos. 7 and 8."],
        ["Dr. Smith and Mrs. Jones met Prof. Lee.", "They talked."],
        ["Use a tool, e.g. a hammer, i.e. something heavy.", "Then stop."],
        ["J. R. R. Tolkien wrote it.", "Samuel L. Jackson read it."],
        ["He moved to the U.S. in Jan. 1950.", "It was cold."],
        ["I live in the U.S.", "It is big."],
        ["We open at 9 a.m. on Monday.", "We close at 5 p.m.", "The shop is full."],
        ["Apple Inc. makes phones, pads etc. for everyone.", "So does Foo Ltd. in Rome."],
        ["She has a Ph.D. in physics.", "He lives at 5 Main St. near the park."],
        ["Plan B.", "Then we go."],
        ["Gen. Lee met Col. Sanders vs. the rest.", "The gen was good."],
        ["Pi is 3.14159, and 1,000.50 is more.", "Version 1.2.3 is out."],
        ["The server is 10.0.0.1 today.", "Come at 5.30 please."],
        ["I have 3.", "You have 4.", "We met in 2024."],
        ["It was on the 3. day of the month.", "Really."],
        ["1. Milk", "2. Eggs", "3. Two hams"],
        ["1. milk", "2. eggs"],
        ["Visit example.com or https://a.example.org/x.html?q=1.5 today.", "Thanks."],
        ["Write to first.last@example.com.", "Then open main.py."],
        ["Well... maybe.", "Wait...", "What?", "Hm… fine."],
        ["He said “Go.”", "She said “No!”", "They left."],
        ['He said "Go."', "(Really?!)", "'Yes.'", "Done."],
        ["„Los.“", "»Nein!«", "«Oui.»", "Dann."],
        ["**Note.**", "This is *it.*", "And `that`."],
        ["What?!", "No!!!", "Yes?"],
        ["a != b is true.", "Good."],
        ["¿Qué tal?", "¡Muy bien!", "Adiós."],
        ["你好。", "今天天气很好！", "你呢？", "「走吧。」", "他说"],
        ["我……不知道。", "真的吗？！"],
        ["नमस्ते।", "आप कैसे हैं?", "ठीक हूँ॥"],
        ["مرحبا؟", "یہ اچھا ہے۔", "نعم"],
        ["Here is the list:", "- Milk and honey", "- Eggs", "That is all."],
        ["The temperature is 72°F.", "It rose by 5%.", "It costs $4."],
    ],
)
def test_sentences_are_found(sentences: list[str]) -> None:
    separator = "\n" if any(s.startswith("- ") for s in sentences) else " "
    assert cut(separator.join(sentences)) == sentences


def test_a_mark_after_a_word_ends_the_sentence_at_once() -> None:
    segmenter = SentenceSegmenter()
    assert [segmenter.push(token) for token in ["It", " is", " sunny", ".", " Take"]] == [
        [],
        [],
        [],
        ["It is sunny."],
        [],
    ]


@pytest.mark.parametrize(
    "text",
    ["Hello!", "Really?", "Is it 3?", "Is he a Dr.?", "你好。", "नमस्ते।", "It rose by 5%.", "It is 18°C."],
)
def test_what_is_unambiguous_needs_no_look_ahead(text: str) -> None:
    assert cut_in_pieces([text]) == ([text], [])


@pytest.mark.parametrize(
    ("text", "following", "sentence"),
    [
        ("It is 3.", " Then", "It is 3."),
        ("In the U.S.", " It is", "In the U.S."),
        ("No.", " I", "No."),
        ('He said "Go.', '" ', 'He said "Go."'),
        ("See example.com.", " ", "See example.com."),
        ("Wait...", " What", "Wait..."),
        ("He said “No!", "” ", "He said “No!”"),
        ("It is 3.", "\n", "It is 3."),
        ("It is 3.", " \n", "It is 3."),
        ("In the U.S.", " " * 40, "In the U.S."),
        ("I saw https://example.com/?", " ", "I saw https://example.com/?"),
        ("It will cost you as much as 10,", " ", "It will cost you as much as 10,"),
        ("Please listen to what I say:", " ", "Please listen to what I say:"),
    ],
)
def test_what_may_go_on_waits_for_what_follows(text: str, following: str, sentence: str) -> None:
    segmenter = SentenceSegmenter()
    assert segmenter.push(text) == []
    assert segmenter.push(following) == [sentence]


@pytest.mark.parametrize(
    ("text", "following"),
    [
        ("It is 3.", "5 today"),
        ("In the U.S.", " Army"),
        ("No.", " 5"),
        ("See example.com.", "uk"),
        ("Wait...", " what"),
        ("I saw https://example.com/?", "q=1"),
        ("It will cost you as much as 10,", "000"),
        ("Please be here at exactly 10:", "30"),
    ],
)
def test_what_goes_on_is_not_cut(text: str, following: str) -> None:
    segmenter = SentenceSegmenter()
    assert segmenter.push(text) == []
    assert segmenter.push(f"{following} it is. ") == [f"{text}{following} it is."]


def test_a_name_that_goes_on_keeps_nothing_waiting() -> None:
    assert cut_in_pieces(["He left the U.S. army today."]) == (["He left the U.S. army today."], [])
    assert cut_in_pieces(["He left the U.S. Army today."]) == (["He left the U.S. Army today."], [])


def test_a_mark_after_a_blank_ends_what_stands_before_it() -> None:
    assert cut("Ask Dr . Then go.") == ["Ask Dr .", "Then go."]


def test_full_marks_need_no_blank() -> None:
    assert cut("你好。天气很好！你呢？「走吧。」他") == ["你好。", "天气很好！", "你呢？", "「走吧。」", "他"]
    assert cut("नमस्ते।ठीक॥है") == ["नमस्ते।", "ठीक॥", "है"]


@pytest.mark.parametrize("text", ["It is 3.", "In the U.S.", "No.", 'He said "Go."', "Wait...", "Hello"])
def test_the_rest_comes_at_the_end(text: str) -> None:
    assert cut_in_pieces([text]) == ([], [text])


def test_a_bullet_point_ends_with_its_line() -> None:
    early, rest = cut_in_pieces(["Buy this:\n* Milk\n* Eggs\n"])
    assert (early, rest) == (["Buy this:", "* Milk", "* Eggs"], [])


@pytest.mark.parametrize("text", ["", "   ", "\n\n", "...", "---\n***", "?!", "😀"])
def test_nothing_speakable_is_no_sentence(text: str) -> None:
    assert cut(text) == []


def test_marks_without_words_go_with_what_follows() -> None:
    assert cut("... Hello. — Yes.") == ["... Hello.", "— Yes."]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (
            "I think that is a very good idea, and we should, well, do it. Yes, sir, at once, of course.",
            [
                "I think that is a very good idea,",
                "and we should, well, do it.",
                "Yes, sir, at once, of course.",
            ],
        ),
        ("Well, it depends on the weather.", ["Well, it depends on the weather."]),
        ("Here is what I found for you: it rains.", ["Here is what I found for you:", "it rains."]),
        ("That is all that I know — sorry.", ["That is all that I know —", "sorry."]),
        ("It will cost you about 1,000,000 euros.", ["It will cost you about 1,000,000 euros."]),
        ("The meeting will be at 10:30 today.", ["The meeting will be at 10:30 today."]),
        ("I found it at https://example.com for you.", ["I found it at https://example.com for you."]),
        ("He told me (yesterday, I believe, it was) so.", ["He told me (yesterday, I believe, it was) so."]),
        ("今天巴黎天气晴朗，气温是二十度。", ["今天巴黎天气晴朗，", "气温是二十度。"]),
        ("That is all that I know—sorry.", ["That is all that I know—", "sorry."]),
        ("It is explained on pages 5—7.", ["It is explained on pages 5—7."]),
        ("It is what one calls class A—1.", ["It is what one calls class A—", "1."]),
        ("Hi. This is a long sentence, as you see.", ["Hi.", "This is a long sentence, as you see."]),
    ],
)
def test_only_the_first_piece_may_end_at_a_clause(text: str, pieces: list[str]) -> None:
    assert cut(text, SegmenterSettings()) == pieces


def test_the_first_clause_comes_at_its_mark() -> None:
    segmenter = SentenceSegmenter()
    assert segmenter.push("I think that is a very good idea,") == ["I think that is a very good idea,"]


@pytest.mark.parametrize(("length", "pieces"), [(5, ["Hello,", "you."]), (6, ["Hello, you."])])
def test_the_least_length_of_a_first_clause_is_a_setting(length: int, pieces: list[str]) -> None:
    assert cut("Hello, you.", SegmenterSettings(first_clause=length)) == pieces


def test_a_word_that_may_begin_a_sentence_is_waited_for() -> None:
    early, rest = cut_in_pieces(["In the U.S. Th", "e", " end"])
    assert (early, rest) == (["In the U.S."], ["The end"])


def test_after_a_flush_the_text_begins_anew() -> None:
    segmenter = SentenceSegmenter()
    assert segmenter.push("Let me check that for you, one moment") == ["Let me check that for you,"]
    assert segmenter.flush() == ["one moment"]
    assert segmenter.push("It is sunny in Paris today, and warm: 3.") == ["It is sunny in Paris today,"]
    assert segmenter.push("5 degrees more.") == ["and warm: 3.5 degrees more."]


@pytest.mark.parametrize("letter", ["ก", "好", "x"])
def test_a_text_without_marks_and_blanks_is_cut_at_the_longest_length(letter: str) -> None:
    settings = SegmenterSettings(max_length=50)
    early, rest = cut_in_pieces([letter] * 220, settings)
    assert [len(piece) for piece in [*early, *rest]] == [50, 50, 50, 50, 20]


def test_an_over_long_sentence_is_cut_at_its_last_clause_or_blank() -> None:
    settings = SegmenterSettings(max_length=40, first_clause=None)
    assert cut("one two three four five, six seven eight nine ten eleven twelve thirteen", settings) == [
        "one two three four five,",
        "six seven eight nine ten eleven twelve",
        "thirteen",
    ]


@pytest.mark.parametrize("cluster", ["e\u0301", "ก\u0e34\u0e48", "क\u093f"])
def test_a_forced_cut_takes_no_accent_from_its_letter(cluster: str) -> None:
    for pad in range(4):
        text = "x" * pad + cluster * 60
        pieces = cut(text, SegmenterSettings(max_length=40))
        assert "".join(pieces) == text
        assert all(piece.startswith(("x", cluster[0])) for piece in pieces)


def test_addresses_and_runs_survive_when_they_come_in_one_piece() -> None:
    pieces = ["Open", " main", ".py", " or", " example", ".com", "?!", " Then", " wait", "...", " or", " not"]
    early, rest = cut_in_pieces(pieces)
    assert [*early, *rest] == ["Open main.py or example.com?!", "Then wait... or not"]


@pytest.mark.parametrize(
    "settings", [{"max_length": 39}, {"first_clause": 0}, {"first_clause": -1}, {"max_length": -5}]
)
def test_nonsense_is_refused(settings: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        SegmenterSettings(**settings)


WORDS = """It is a the sunny Then I we Dr Mr J R U.S a.m e.g Inc etc Jan No St 3 3.5 1,000.50 10.0.0.1 1 2
    2024 example.com me@x.org main.py https://x.org/a?b=1 你好 नमस्ते مرحبا สวัสดี don't (see this) "quoted
    end" “in out” *bold* **so** `code` snake_case 72°F 5% $4 - – — 😀 Well"""
ENDINGS = """. . . ! ? ... … ?! , ; : 。 । ؟ ۔ ." .) .”"""
BLANKS = [" ", " ", " ", " ", "  ", "\n", "\n- ", "\n1. ", " 2. "]

texts = st.lists(
    st.tuples(
        st.sampled_from(WORDS.split()),
        st.just("") | st.sampled_from(ENDINGS.split()),
        st.sampled_from(BLANKS),
    ),
    max_size=40,
).map(lambda parts: "".join(word + ending + blank for word, ending, blank in parts))
settings = st.builds(
    SegmenterSettings, max_length=st.integers(40, 120), first_clause=st.none() | st.integers(1, 30)
)


def pieces_of(text: str, positions: list[int]) -> list[str]:
    return [text[a:b] for a, b in pairwise([0, *positions, len(text)])]


def letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


@given(data=st.data(), text=texts, settings=settings)
def test_the_sentences_are_the_same_however_the_text_comes(
    data: st.DataObject, text: str, settings: SegmenterSettings
) -> None:
    def splits_no_run(at: int) -> bool:
        return text[at - 1].isalnum() or text[at - 1].isspace() or text[at].isspace()

    places = [at for at in range(1, len(text)) if splits_no_run(at)]
    positions = sorted(data.draw(st.sets(st.sampled_from(places)))) if places else []
    early, rest = cut_in_pieces(pieces_of(text, positions), settings)
    assert [*early, *rest] == cut(text, settings)


signs = st.text(st.sampled_from("aB1.!?…,:;—\n \"'()。，।*_-éก์"))


@given(data=st.data(), text=texts | signs, settings=settings)
def test_nothing_is_lost_doubled_or_over_long(
    data: st.DataObject, text: str, settings: SegmenterSettings
) -> None:
    positions = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=20)))
    early, rest = cut_in_pieces(pieces_of(text, positions), settings)
    sentences = [*early, *rest]
    assert letters("".join(sentences)) == letters(text)
    assert all(len(sentence) <= settings.max_length for sentence in sentences)
    assert all(sentence == sentence.strip() and letters(sentence) for sentence in sentences)


@given(text=texts)
def test_every_visible_character_before_the_last_word_is_kept(text: str) -> None:
    kept = re.sub(r"\s", "", "".join(cut(text)))
    whole = re.sub(r"\s", "", text)
    assert whole.startswith(kept)
    assert not letters(whole[len(kept) :])


@pytest.mark.parametrize(("length", "size"), [(30_000, 3), (100_000, 100_000)])
@pytest.mark.parametrize("unit", ["It is a word. ", "a", "好", " ", ".", '"a.', "e.g. ", "1. ", "a, ", "\n-"])
def test_a_long_text_takes_linear_time(unit: str, length: int, size: int) -> None:
    text = unit * (length // len(unit))
    started = time.process_time()
    cut_in_pieces([text[at : at + size] for at in range(0, length, size)])
    assert time.process_time() - started < 2.0
