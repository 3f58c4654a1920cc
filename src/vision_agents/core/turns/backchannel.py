"""Is it a reply, or just a sign that somebody is listening?"""

import re

_WORDS = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")

_SIGNS = frozenset(
    [
        "ah",
        "aha",
        "ahh",
        "alright",
        "cool",
        "exactly",
        "gotcha",
        "great",
        "hm",
        "hmm",
        "huh",
        "i",
        "mhm",
        "mm",
        "mmh",
        "mmhm",
        "mmm",
        "nice",
        "oh",
        "ok",
        "okay",
        "ooh",
        "really",
        "right",
        "see",
        "sure",
        "true",
        "uh",
        "uh-huh",
        "uhhuh",
        "uh-hm",
        "uhm",
        "um",
        "mm-hm",
        "mm-hmm",
        "wow",
        "yeah",
        "yep",
        "yes",
        "yup",
    ]
)


def is_backchannel(text: str) -> bool:
    """Tell whether `text` holds at most three words, all of them signs of listening ("uh-huh", "I see")."""
    words = [word.lower() for word in _WORDS.findall(text)]
    return len(words) <= 3 and all(word in _SIGNS for word in words)
