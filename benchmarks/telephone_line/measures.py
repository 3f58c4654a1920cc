"""How well keys, beeps and voicemail are told apart from what else is heard on a line."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from benchmarks.telephone_line.recordings import RATE, Answer, Sound, answers, speech
from benchmarks.telephone_line.sounds import PROGRESS, lossy, mu_law, music, noise, progress, silence, tone

from vision_agents.core.agents.answering import AnswerListener
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.telephony.call_progress import BeepHeard, CallProgress
from vision_agents.core.telephony.dtmf_decoder import DigitBegan, DtmfDecoder
from vision_agents.core.telephony.dtmf_tones import dtmf_tones
from vision_agents.core.telephony.keypad import KEYS
from vision_agents.core.turns.answer_events import AnsweredBy, MessageTime, Verdict

LOSS = 0.03
TEN_MINUTES = 600.0
PERIOD = 0.2
"""A tone and a gap of 100 ms each."""


def level(sound: Sound) -> float:
    return float(np.sqrt(np.mean(np.square(sound))))


def keys_heard(sound: Sound) -> list[DigitBegan]:
    decoder = DtmfDecoder()
    events = [*decoder.push(PcmData(sound, RATE)), *decoder.skip(0.5)]
    return [event for event in events if isinstance(event, DigitBegan)]


@dataclass(slots=True)
class KeyScore:
    """What became of keys that were pressed every 0.2 s."""

    pressed: int
    decoded: int = 0
    wrong: int = 0
    doubled: int = 0
    invented: int = 0
    """Keys where none was pressed."""

    @classmethod
    def of(cls, digits: str, heard: list[DigitBegan]) -> KeyScore:
        score, seen = cls(len(digits)), set[int]()
        for event in heard:
            place = round(event.at / PERIOD)
            if place >= len(digits) or abs(event.at - place * PERIOD) > 0.08:
                score.invented += 1
            elif place in seen:
                score.doubled += 1
            elif event.digit == digits[place]:
                score.decoded += 1
            else:
                score.wrong += 1
            seen.add(place)
        return score


def keys_over_speech(count: int = 500, *, seed: int = 5, voice: Sound | None = None) -> KeyScore:
    """Keys of 100 ms with as much power as the voice beside them, and 3 % of the frames lost."""
    voice = speech() if voice is None else voice
    digits = "".join(np.random.default_rng(seed).choice(list(KEYS), count))
    tones = dtmf_tones(digits, RATE).to_float32().samples
    sounding = tones.reshape(-1, round(PERIOD * RATE))[:, : round(PERIOD * RATE / 2)]
    mixed = voice[: len(tones)] + tones * level(voice) / level(np.asarray(sounding, np.float32))
    return KeyScore.of(digits, keys_heard(lossy(mixed.astype(np.float32), LOSS, seed)))


def beeps_heard(sound: Sound) -> list[BeepHeard]:
    line = CallProgress()
    events = [*line.push(PcmData(sound, RATE)), *line.skip(1.0)]
    return [event for event in events if isinstance(event, BeepHeard)]


def beeps_found(count: int = 50, *, seed: int = 7) -> int:
    """Beeps of 400 to 1400 Hz after the greetings: 0.12 to 1.2 s, -32 to -8 dB; G.711, noise and loss."""
    rng = np.random.default_rng(seed)
    greetings = [answer.sound for answer in answers() if answer.is_machine]
    found = 0
    for number, frequency in enumerate(np.linspace(400, 1400, count)):
        gap, length, loudness = rng.uniform((0.1, 0.12, -32), (1.5, 1.2, -8))
        beep = tone((float(frequency),), float(length), float(loudness))
        line = np.concatenate([greetings[number % 20], silence(float(gap)), beep, silence(1.0)])
        heard = beeps_heard(_worsened(line, number))
        found += [round(event.frequency_hz / float(frequency), 2) for event in heard] == [1.0]
    return found


def _worsened(line: Sound, number: int) -> Sound:
    """As it was, after G.711, with noise, or with lost frames, in turn."""
    ways: tuple[Callable[[], Sound], ...] = (
        lambda: line,
        lambda: mu_law(line),
        lambda: line + noise(len(line), -50.0, number),
        lambda: lossy(line, LOSS, number),
    )
    return ways[number % 4]()


def false_beeps() -> dict[str, int]:
    """Beeps found where there are none; the music follows a few words, so that a beep would count."""
    return {
        "speech": len(beeps_heard(speech())),
        "music": len(beeps_heard(np.concatenate([speech()[: 2 * RATE], music(TEN_MINUTES)]))),
        **{name: len(beeps_heard(progress(name, 20.0))) for name in PROGRESS},
    }


@dataclass(frozen=True, slots=True)
class Answered:
    """How one answered call was judged."""

    answer: Answer
    verdict: Verdict | None
    message_at: float | None
    ended: float
    """When the last word was over."""

    @property
    def right(self) -> bool:
        wanted = AnsweredBy.VOICEMAIL if self.answer.is_machine else AnsweredBy.HUMAN
        return self.verdict is not None and self.verdict.answered_by is wanted

    @property
    def wait(self) -> float:
        assert self.verdict is not None
        return self.verdict.at - self.ended


def judge(answer: Answer, number: int, *, words: bool, noise_db: float | None = None) -> Answered:
    """Answer a call, with a beep where one belongs; the words are understood 0.3 s after the last one."""
    rng = np.random.default_rng(number)
    shortest, longest = (0.1, 0.2, 400, 0.2), (1.0, 0.9, 1400, 1.0)
    lead, gap, frequency, length = (float(drawn) for drawn in rng.uniform(shortest, longest))
    beep = [silence(gap), tone((frequency,), length)] if answer.beeps else []
    line = np.concatenate([silence(lead), answer.sound, *beep, silence(5.0)])
    if noise_db is not None:
        line += noise(len(line), noise_db, number)
    listener, ended, told = AnswerListener(), lead + len(answer.sound) / RATE, not words
    decisions: list[object] = []
    for at in range(0, len(line), RATE // 10):
        decisions += listener.hear(PcmData(line[at : at + RATE // 10], RATE))
        if not told and listener.position >= ended + 0.3:
            told = True
            decisions += listener.understand(answer.text)
    verdicts = [decision for decision in decisions if isinstance(decision, Verdict)]
    messages = [decision.at for decision in decisions if isinstance(decision, MessageTime)]
    return Answered(answer, next(iter(verdicts), None), next(iter(messages), None), ended)


def judge_all(*, words: bool, noise_db: float | None = None) -> list[Answered]:
    return [judge(answer, n, words=words, noise_db=noise_db) for n, answer in enumerate(answers())]


def frame_cost(listener: Callable[[PcmData], Any]) -> float:
    """CPU time of a 20 ms frame of speech at 8 kHz, in microseconds."""
    size = RATE // 50
    frames = [PcmData(speech()[at : at + size], RATE) for at in range(0, 3000 * size, size)]
    began = time.process_time()
    for frame in frames:
        listener(frame)
    return round((time.process_time() - began) / len(frames) * 1e6, 1)
