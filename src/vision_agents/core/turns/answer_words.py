"""What the first words of a call tell about who took it (English), and reading a model's verdict."""

from __future__ import annotations

import re

from vision_agents.core.turns.answer_events import AnsweredBy

_DIGIT = "(?:one|two|three|four|five|six|seven|eight|nine|zero|star|pound|hash|[0-9*#])"
_CALLED = "(?: have|'ve| are|'re)? (?:called|calling|dialed|dialled|dialing|dialling)"

_RULES: tuple[tuple[AnsweredBy, tuple[str, ...]], ...] = (
    (
        AnsweredBy.UNAVAILABLE,
        (
            rf"\bnumber (?:that )?you{_CALLED}\b.*\b(?:not in service|disconnected|cannot be|not valid)",
            r"\bcall (?:cannot|can not|could not) be completed\b",
            r"\bno longer in service\b",
        ),
    ),
    (
        AnsweredBy.SCREENING,
        (
            r"\b(?:say|state|record|give) your name\b(?!.*\bmessage\b)",
            r"\breason (?:for|why) you(?:r call|'re calling| are calling)",
            r"\bscreening (?:service|this call|calls)\b",
            r"\bsee if (?:this person|they|he|she)(?: is| are|'s|'re) available\b",
        ),
    ),
    (
        AnsweredBy.IVR,
        (
            rf"\bpress {_DIGIT}(?!\w)",
            r"\b(?:press or say|say or press)\b",
            r"\bmain menu\b",
            r"\b(?:following|menu) options\b",
        ),
    ),
    (
        AnsweredBy.VOICEMAIL,
        (
            r"\bleave\b.{0,30}\b(?:message|name|number)\b",
            r"\b(?:after|at|following) the (?:short )?(?:tone|beep|signal)\b",
            r"\b(?:voice ?mail|mail ?box|message system)\b",
            r"\banswering (?:machine|service)\b",
            r"\brecord (?:your|a) message\b",
            r"\bmissed (?:your|the) call\b",
            r"\b(?:cannot|can't|can not|unable to) (?:come to|take|answer|get to)\b.{0,12}\b(?:phone|call)",
            rf"\b(?:person|customer|party|subscriber) you{_CALLED}\b",
            r"\b(?:get back to|call) you(?: back)? (?:as soon as|when)\b",
        ),
    ),
    (
        AnsweredBy.HUMAN,
        (
            r"\b(?:how|what) (?:can|may|could) (?:i|we)\b",
            r"(?:\bspeaking[\s.!]*|\?\s*)$",  # machines do not end with a question
            r"\bwho(?:'s| is|s) (?:this|it|that|there|calling|speaking)\b",
            r"\bcan you hear me\b",
            r"\b(?:one moment|hold on|what's up)\b",
        ),
    ),
)
_PATTERNS = tuple((answered_by, re.compile("|".join(rules))) for answered_by, rules in _RULES)

_GREETINGS = frozenset(
    {"hallo", "hello", "hey", "hi", "hiya", "huh", "oh", "ok", "okay", "speaking", "uh", "um"}
) | {"a", "afternoon", "evening", "good", "morning", "sir", "yeah", "yep", "yes"}
_WORD = re.compile(r"[^\W_]+")


def who_says(text: str) -> AnsweredBy | None:
    """Tell who uses these words; None where they could be anybody's."""
    said = text.lower().replace("’", "'")
    for answered_by, pattern in _PATTERNS:
        if pattern.search(said):
            return answered_by
    words = _WORD.findall(said)
    return AnsweredBy.HUMAN if words and len(words) <= 4 and set(words) <= _GREETINGS else None


ANSWER_FORMAT = (
    "Answer with exactly one of these words and nothing else: "
    + ", ".join(kind.value for kind in AnsweredBy)
    + "."
)
"""Belongs at the end of every prompt that asks a model, one's own too."""


def read_verdict(answer: str) -> AnsweredBy:
    """Read a model's answer: one word that is a verdict and nothing else; all else is `uncertain`."""
    words = _WORD.findall(answer.lower())
    return AnsweredBy(words[0]) if len(words) == 1 and words[0] in {*AnsweredBy} else AnsweredBy.UNCERTAIN
