"""Moonshine tiny: English speech to text, several pieces of audio at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vision_agents.plugins.embedded.engines.onnx import OnnxSession, open_session
from vision_agents.plugins.embedded.engines.segments import with_lead
from vision_agents.plugins.embedded.engines.tokens import Vocabulary

SAMPLE_RATE = 16_000
_LAYERS, _HEADS, _HEAD_SIZE = 6, 8, 36
_BEGIN, _END = 1, 2
# Nobody speaks faster; a model that repeats itself would.
_TOKENS_PER_SECOND = 6.5
_MIN_TOKENS = 8
# How the model understands a voice it finds hard depends on the silence before it. Where it is unsure,
# another try often is right, and it knows which one: on two robotic voices a quarter of the errors goes.
_LEADS_S = (0.1, 0.4, 0.05)
_SURE = 0.9
# Speech scored 0.63 and more in every voice tried, noise and silence 0.67 and less, mostly under 0.5.
_LEAST_CONFIDENCE = 0.5
_LOOP_LENGTH = 12
# What the model makes of silence, noise and hum. A spoken "You" gets a full stop.
_FILLERS = frozenset(("You", "Thank you for watching.", "Thank you for watching!"))
_LAST_LATIN_LETTER = "\u024f"
# Shorter input has no frame for the encoder.
_MIN_SAMPLES = SAMPLE_RATE // 4

_Array: TypeAlias = npt.NDArray[np.float32]
_Ids: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said, and how sure of it the model is: the geometric mean of its tokens' probabilities."""

    text: str
    confidence: float


@dataclass(slots=True)
class _Row:
    """The tokens of one piece as they come, at most `limit`."""

    limit: int
    tokens: list[int] = field(default_factory=list[int])
    log_probabilities: list[float] = field(default_factory=list[float])
    ended: bool = False

    def take(self, token: int, log_probability: float) -> None:
        if self.ended:
            return
        self.log_probabilities.append(log_probability)
        if token != _END:
            self.tokens.append(token)
        self.ended = token == _END or len(self.tokens) == self.limit


class Moonshine:
    """The model; one instance serves any number of sessions, from any thread."""

    def __init__(self, encoder: OnnxSession, decoder: OnnxSession, vocabulary: Vocabulary) -> None:
        self._encoder = encoder
        self._decoder = decoder
        self._vocabulary = vocabulary

    @classmethod
    def load(cls, paths: Mapping[str, Path]) -> Moonshine:
        """Open the weights (``encoder``, ``decoder``, ``tokenizer``) and run them once."""
        engine = cls(
            open_session(paths["encoder"]),
            open_session(paths["decoder"]),
            Vocabulary.load(paths["tokenizer"]),
        )
        engine.transcribe([np.zeros(SAMPLE_RATE, np.float32)])
        return engine

    def transcribe(self, pieces: Sequence[_Array]) -> list[Heard]:
        """Give the words of each piece: a piece of audio without words gives an empty text.

        The pieces may differ in length and do not change one another's words, up to the rounding of
        the 8-bit decoder.

        Args:
            pieces: float32 mono at 16 kHz; memory grows with their length, so 15 s at most.
        """
        heard = [Heard("", 0.0)] * len(pieces)
        unsure = list(range(len(pieces)))
        for lead in _LEADS_S:
            tries = self._hear([with_lead(pieces[row], lead, sample_rate=SAMPLE_RATE) for row in unsure])
            for row, one in zip(unsure, tries, strict=True):
                heard[row] = max(heard[row], one, key=lambda candidate: candidate.confidence)
            unsure = [row for row in unsure if heard[row].text and heard[row].confidence < _SURE]
            if not unsure:
                break
        return heard

    def _hear(self, pieces: Sequence[_Array]) -> list[Heard]:
        hidden = [self._encode(piece) for piece in pieces]
        rows = [_Row(_token_limit(len(piece))) for piece in pieces]
        self._decode(rows, *_side_by_side(hidden, [_samples(piece) for piece in pieces]))
        return [_heard(row, self._vocabulary) for row in rows]

    def _encode(self, piece: _Array) -> _Array:
        """One at a time: silence behind a piece changes its normalisation, and a batch is no faster."""
        audio = np.zeros((1, _samples(piece)), np.float32)
        audio[0, : len(piece)] = piece
        feeds = {"input_values": audio, "attention_mask": np.ones_like(audio, np.int64)}
        return self._encoder.run(None, feeds)[0]

    def _decode(self, rows: Sequence[_Row], hidden: _Array, mask: _Ids) -> None:
        """Take the likeliest token, one after another, until every row has ended."""
        memory = {name: np.zeros((len(rows), _HEADS, 0, _HEAD_SIZE), np.float32) for name in _PAST}
        given = {"encoder_hidden_states": hidden, "encoder_attention_mask": mask}
        ids = np.full((len(rows), 1), _BEGIN, np.int64)
        # What the decoder keeps of the encoder is right after the first step and empty in later ones.
        wanted = _PRESENT
        while not all(row.ended for row in rows):
            later = np.array([wanted is not _PRESENT])
            feeds = {**given, **memory, "input_ids": ids, "use_cache_branch": later}
            logits, *kept = self._decoder.run(["logits", *wanted], feeds)
            memory.update({_past(name): value for name, value in zip(wanted, kept, strict=True)})
            ids, log_probabilities = _likeliest(logits[:, -1])
            for row, token, log_probability in zip(rows, ids[:, 0], log_probabilities, strict=True):
                row.take(int(token), float(log_probability))
            wanted = _PRESENT_DECODER


def _past(present: str) -> str:
    return present.replace("present", "past_key_values")


_PRESENT = [
    f"present.{layer}.{side}.{kind}"
    for layer in range(_LAYERS)
    for side in ("decoder", "encoder")
    for kind in ("key", "value")
]
_PRESENT_DECODER = [name for name in _PRESENT if ".decoder." in name]
_PAST = [_past(name) for name in _PRESENT]


def _samples(piece: _Array) -> int:
    return max(len(piece), _MIN_SAMPLES)


def _side_by_side(hidden: Sequence[_Array], samples: Sequence[int]) -> tuple[_Array, _Ids]:
    """One array of all that the encoder heard, and a mask, in samples, of what is not padding."""
    joined = np.zeros((len(hidden), max(h.shape[1] for h in hidden), hidden[0].shape[2]), np.float32)
    mask = np.zeros((len(hidden), max(samples)), np.int64)
    for row, (piece, length) in enumerate(zip(hidden, samples, strict=True)):
        joined[row, : piece.shape[1]] = piece[0]
        mask[row, :length] = 1
    return joined, mask


def _likeliest(logits: _Array) -> tuple[_Ids, _Array]:
    """The best token of each row, shape ``(B, 1)``, and the logarithm of its probability."""
    ids = logits.argmax(axis=-1, keepdims=True)
    best = np.take_along_axis(logits, ids, axis=-1)
    return ids, -np.log(np.exp(logits - best).sum(axis=-1))


def _token_limit(samples: int) -> int:
    return max(_MIN_TOKENS, int(samples / SAMPLE_RATE * _TOKENS_PER_SECOND) + 2)


def _heard(row: _Row, vocabulary: Vocabulary) -> Heard:
    """Words, or nothing where the model only filled a stretch of noise."""
    text = vocabulary.text(row.tokens)
    confidence = math.exp(sum(row.log_probabilities) / len(row.log_probabilities))
    return Heard("" if _is_made_up(text, row.tokens, confidence) else text, confidence)


def _is_made_up(text: str, tokens: Sequence[int], confidence: float) -> bool:
    if (
        text in _FILLERS
        or "©" in text
        or confidence < _LEAST_CONFIDENCE
        or not any(c.isalnum() for c in text)
    ):
        return True
    if any(c.isalpha() and c > _LAST_LATIN_LETTER for c in text):
        return True
    triples = list(zip(tokens, tokens[1:], tokens[2:], strict=False))
    return len(triples) >= _LOOP_LENGTH and len(set(triples)) < len(triples) / 2
