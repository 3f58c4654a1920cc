"""Speak and encode what the measurements of the telephone line listen to; needs espeak-ng, flite and ffmpeg.

python -m benchmarks.telephone_line.record

The files are kept in tests/audio/telephone, so that nothing of this is needed to run the tests.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import numpy as np
from benchmarks.telephone_line.recordings import ANSWERS, FOLDER, INDEX, SPEECH
from benchmarks.turn_taking.sentences import read_lines
from benchmarks.turn_taking.voices import RATE, Sound, Voice, embedded_voices, further_voices

ANSWER_TEXTS = Path(__file__).with_name("answers.txt")
PAUSE = 0.8
"""Between the parts of an answer, in seconds."""
LONG_ENOUGH = 600.0
LEVEL_DB = -23.0
"""Of the voice while it speaks, below a full-scale square."""
BIT_RATE = "9k"


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * RATE), np.float32)


def levelled(sound: Sound) -> Sound:
    """Without the silence at both ends, and as loud as all others."""
    loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
    sound = sound[loud[0] : loud[-1]]
    return sound * np.float32(10 ** (LEVEL_DB / 20) / np.sqrt(np.mean(sound**2)))


def sentences(voices: list[Voice]) -> Iterator[Sound]:
    texts = [line.text for line in read_lines()]
    for number, (text, voice) in enumerate(zip(cycle(texts), cycle(voices), strict=False)):
        shifted = voices[(voices.index(voice) + number // len(texts)) % len(voices)]
        yield levelled(shifted.say(text))


def speak_for(seconds: float, voices: list[Voice]) -> Sound:
    """Say one sentence after the other, each in another voice."""
    parts: list[Sound] = []
    spoken = 0
    for sound in sentences(voices):
        if spoken >= seconds * RATE:
            break
        parts += [sound, silence(0.25)]
        spoken += len(sound) + len(parts[-1])
    return np.concatenate(parts)


def speak_answers(voices: list[Voice]) -> tuple[Sound, list[dict[str, object]]]:
    """Say every answer in its own voice; the index tells where each begins and ends."""
    rows = [line for line in ANSWER_TEXTS.read_text().splitlines() if line and not line.startswith("#")]
    sounds: list[Sound] = []
    index: list[dict[str, object]] = []
    at = 0
    for row, voice in zip(rows, cycle(voices), strict=False):
        kind, text = (part.strip() for part in row.split(":", 1))
        spoken: list[Sound] = []
        for part in text.split("|"):
            spoken += [silence(PAUSE)] * bool(spoken) + [levelled(voice.say(part.strip()))]
        sound = np.concatenate(spoken)
        index.append(
            {
                "kind": kind.split()[0],
                "beep": kind.endswith("beep"),
                "voice": voice.name,
                "text": " ".join(part.strip() for part in text.split("|")),
                "start": round(at / RATE, 3),
                "end": round((at + len(sound)) / RATE, 3),
            }
        )
        sounds += [sound, silence(0.5)]
        at += len(sound) + len(sounds[-1])
    return np.concatenate(sounds), index


def encode(sound: Sound, path: Path) -> None:
    """Write Opus in its narrowband voice mode: what a line of today does to a voice."""
    command = f"ffmpeg -v error -y -f f32le -ar {RATE} -ac 1 -i - -ar 8000 -c:a libopus -b:a {BIT_RATE}"
    options = "-application voip -frame_duration 60 -map_metadata -1 -fflags +bitexact"
    subprocess.run([*command.split(), *options.split(), str(path)], input=sound.tobytes(), check=True)


def main() -> None:
    voices = [*embedded_voices(), *(voice for group in further_voices() for voice in group)]
    FOLDER.mkdir(exist_ok=True)
    encode(speak_for(LONG_ENOUGH, voices), SPEECH)
    sound, index = speak_answers(voices[::-1])
    encode(sound, ANSWERS)
    INDEX.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in index) + "\n]\n")


if __name__ == "__main__":
    main()
