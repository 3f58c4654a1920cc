"""What the user types instead of saying it."""

from __future__ import annotations

from vision_agents.core.agents.dialogue import Dialogue
from vision_agents.core.agents.typed_turn import typed_turn
from vision_agents.core.edge.transport import Connection
from vision_agents.core.errors import SessionError
from vision_agents.core.types.people import Participant


class SessionTyping:
    """The part of a session that reads."""

    @property
    def connection(self) -> Connection:
        """The joined leg of the call."""
        raise NotImplementedError

    def _dialogue(self) -> Dialogue:
        """The conversation, or why there is none."""
        raise NotImplementedError

    def take_text(self, text: str, participant: Participant | None = None) -> None:
        """Take typed words as a whole turn of a participant; they interrupt like spoken ones.

        Args:
            text: what the participant means to say; blank text is nothing.
            participant: whose words they are; left out, those of the first one in the call.

        Raises:
            SessionError: nobody else is in the call.
        """
        text = text.strip()
        dialogue = self._dialogue()
        who = participant or next(iter(self.connection.participants), None)
        if who is None:
            raise SessionError("Nobody else is in the call: say whose words they are with participant=.")
        if text:
            dialogue.take_turn(typed_turn(who, text))
