"""How well keys, beeps and voicemail are heard on a telephone line; prints JSON.

python -m benchmarks.telephony           all figures
python -m benchmarks.telephony --table   those of docs/telephony.md, as its table
"""

from __future__ import annotations

import json
import statistics
import sys
from dataclasses import asdict
from typing import Any

from benchmarks.telephone_line.measures import (
    Answered,
    KeyScore,
    beeps_found,
    false_beeps,
    frame_cost,
    judge_all,
    keys_heard,
    keys_over_speech,
)
from benchmarks.telephone_line.recordings import speech
from benchmarks.telephone_line.sounds import music

from vision_agents.core.telephony.call_progress import CallProgress
from vision_agents.core.telephony.dtmf_decoder import DtmfDecoder

MANY_SEEDS = range(6)


def many_keys() -> dict[str, int]:
    scores = [asdict(keys_over_speech(2900, seed=seed)) for seed in MANY_SEEDS]
    return {name: sum(score[name] for score in scores) for name in asdict(KeyScore(0))}


def verdicts(calls: list[Answered]) -> dict[str, Any]:
    waits = [call.wait for call in calls if call.right and not call.answer.is_machine]
    return {
        "right": sum(call.right for call in calls),
        "of": len(calls),
        "wrong": [call.answer.text for call in calls if not call.right],
        "human_waits_s_median": round(statistics.median(waits), 2),
        "human_waits_s_max": round(max(waits), 2),
    }


def measure() -> dict[str, Any]:
    return {
        "keys_500": asdict(keys_over_speech()),
        "keys_many": many_keys(),
        "false_keys": {"speech": len(keys_heard(speech())), "music": len(keys_heard(music(600)))},
        "beeps_found": beeps_found(),
        "false_beeps": false_beeps(),
        "answers_by_sound": verdicts(judge_all(words=False)),
        "answers_by_sound_in_noise": verdicts(judge_all(words=False, noise_db=-38.0)),
        "answers_with_words": verdicts(judge_all(words=True)),
        "us_per_20_ms_frame": {
            "keys": frame_cost(DtmfDecoder().push),
            "call_progress": frame_cost(CallProgress().push),
        },
    }


def table(found: dict[str, Any]) -> str:
    keys, many, beeps = found["keys_500"], found["keys_many"], found["false_beeps"]
    tones = sum(count for name, count in beeps.items() if name not in {"speech", "music"})
    rows = [
        ("500 keys beneath speech: decoded, wrong, doubled", _key_row(keys), "495, -, 0"),
        (f"{many['pressed']} keys beneath speech: decoded, wrong, doubled", _key_row(many), "99 %, -, -"),
        ("keys in 10 minutes of speech, of music", "{speech}, {music}".format(**found["false_keys"]), "0, -"),
        ("beeps found, of 50", found["beeps_found"], "50"),
        ("beeps in 10 minutes of speech, of music", f"{beeps['speech']}, {beeps['music']}", "0, 0"),
        ("beeps in ringback, busy and congestion tones (US, UK, 425 Hz)", tones, "0"),
        ("answered calls judged right, by sound alone", _verdict_row(found["answers_by_sound"]), "38 of 40"),
        ("the same with noise 14 dB below the voice", _verdict_row(found["answers_by_sound_in_noise"]), "-"),
        ("the same with the words", _verdict_row(found["answers_with_words"]), "38 of 40"),
        ("verdict after the last word of a person, at the latest", f"{_longest_wait(found)} s", "2.5 s"),
    ]
    lines = ["| figure | measured | promised |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {name} | {value} | {promised} |" for name, value, promised in rows)])


def _key_row(score: dict[str, int]) -> str:
    return f"{score['decoded']}, {score['wrong']}, {score['doubled']}"


def _verdict_row(judged: dict[str, Any]) -> str:
    return f"{judged['right']} of {judged['of']}"


def _longest_wait(found: dict[str, Any]) -> float:
    return max(found[name]["human_waits_s_max"] for name in found if name.startswith("answers"))


def main() -> None:
    found = measure()
    print(table(found) if "--table" in sys.argv else json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
