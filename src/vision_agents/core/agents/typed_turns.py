"""Turns of the user that are typed: words that were read, not heard."""

from __future__ import annotations

import asyncio

from vision_agents.core.agents.agent_turns import AgentTurns
from vision_agents.core.agents.output import Silence
from vision_agents.core.agents.wake_up import WakeUpCalls
from vision_agents.core.events.agent import UserTranscriptEvent
from vision_agents.core.events.bus import EventBus
from vision_agents.core.history.conversation import Conversation
from vision_agents.core.history.messages import Message, Role
from vision_agents.core.observability.timeline import Mark, TurnTimeline
from vision_agents.core.speech.utterance import UtteranceHandle
from vision_agents.core.types.people import Participant


class TypedTurns:
    """The part of a dialogue that takes typed words."""

    turns: AgentTurns
    _history: Conversation
    _bus: EventBus
    _wake_ups: WakeUpCalls

    @property
    def answers(self) -> bool:
        """Whether there is a model that answers."""
        raise NotImplementedError

    def interrupt(self, *, force: bool) -> Silence:
        """Cut what the agent says."""
        raise NotImplementedError

    def take_text(self, text: str, participant: Participant | None) -> UtteranceHandle:
        """Answer typed words; what the agent says is cut, as by spoken ones."""
        now = asyncio.get_running_loop().time()
        self.interrupt(force=False)
        self._wake_ups.user_active()
        self._bus.emit(UserTranscriptEvent, participant=participant, text=text)
        self._history.add(question(participant, text))
        if not self.answers:
            return self.turns.nothing()
        timeline = TurnTimeline()
        timeline.mark(Mark.SPEECH_END, now)
        timeline.mark(Mark.END_OF_TURN, now)
        return self.turns.reply(policy="queue", timeline=timeline)


def question(participant: Participant | None, text: str) -> Message:
    """Make the message of a user's turn."""
    return Message(Role.USER, text, user_id=participant.user_id if participant else None)
