"""Who is doing what: the two states of a session, and nothing said twice."""

from vision_agents.core.events.agent import AgentStateChangedEvent, UserStateChangedEvent
from vision_agents.core.events.bus import EventBus
from vision_agents.core.types.status import AgentState, UserState


class StateTracker:
    """Holds both states; a change is published, and after `closing` the agent's never changes again."""

    def __init__(self, events: EventBus) -> None:
        self._events = events
        self.user = UserState.IDLE
        self.agent = AgentState.IDLE

    def set_user(self, state: UserState) -> None:
        """Go to a state of the human side."""
        if state is not self.user:
            old, self.user = self.user, state
            self._events.emit(UserStateChangedEvent, state=state, old_state=old)

    def set_agent(self, state: AgentState) -> None:
        """Go to a state of the agent."""
        if state is not self.agent and self.agent is not AgentState.CLOSING:
            old, self.agent = self.agent, state
            self._events.emit(AgentStateChangedEvent, state=state, old_state=old)
