"""A turn of the user that is typed: words that were read, not heard."""

from __future__ import annotations

import asyncio

from vision_agents.core.agents.listener import UserTurn
from vision_agents.core.observability.timeline import Mark, TurnTimeline, UserSpeech
from vision_agents.core.types.people import Participant


def typed_turn(participant: Participant, text: str) -> UserTurn:
    """Make a turn that began and ended now: who waits for the answer has waited since the Enter key."""
    now = asyncio.get_running_loop().time()
    timeline = TurnTimeline()
    timeline.mark(Mark.SPEECH_END, now)
    timeline.mark(Mark.END_OF_TURN, now)
    timeline.speech = UserSpeech(participant.id, now, 0.0, 0.0)
    return UserTurn(participant, text, now, duration=0.0, trailing_silence=0.0, timeline=timeline)
