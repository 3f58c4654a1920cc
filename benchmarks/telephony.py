"""How well keys, beeps and voicemail are heard on a telephone line; prints JSON.

python -m benchmarks.telephony
"""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict

from benchmarks.telephone_line.measures import (
    Answered,
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


def verdicts(calls: list[Answered]) -> dict[str, object]:
    waits = [call.wait for call in calls if call.right and not call.answer.is_machine]
    return {
        "right": sum(call.right for call in calls),
        "of": len(calls),
        "wrong": [call.answer.text for call in calls if not call.right],
        "human_waits_s_median": round(statistics.median(waits), 2),
        "human_waits_s_max": round(max(waits), 2),
    }


def main() -> None:
    print(
        json.dumps(
            {
                "keys_500_over_speech_3_percent_loss": asdict(keys_over_speech()),
                "keys_2900_over_speech_3_percent_loss": asdict(keys_over_speech(2900, seed=8)),
                "false_keys": {
                    "speech_600_s": len(keys_heard(speech())),
                    "music_600_s": len(keys_heard(music(600))),
                },
                "beeps_found_of_50": beeps_found(),
                "false_beeps": false_beeps(),
                "answers_by_sound": verdicts(judge_all(words=False)),
                "answers_by_sound_noise_38_db": verdicts(judge_all(words=False, noise_db=-38.0)),
                "answers_with_words": verdicts(judge_all(words=True)),
                "us_per_20_ms_frame": {
                    "keys": frame_cost(DtmfDecoder().push),
                    "call_progress": frame_cost(CallProgress().push),
                },
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
