"""What makes the agent's answers, whichever kind of model is behind it."""

from collections.abc import Callable
from typing import Protocol

from vision_agents.core.agents.answer import Answer


class Answerer(Protocol):
    """Makes one answer at a time."""

    @property
    def audible(self) -> bool:
        """Whether answers are heard."""
        ...

    @property
    def sees(self) -> bool:
        """Whether the model can look at frames."""
        ...

    @property
    def speculates(self) -> bool:
        """Whether an answer may be begun before the turn is over."""
        ...

    async def answer(
        self, answer: Answer, *, on_sentence: Callable[[], None], on_audio: Callable[[], None]
    ) -> None:
        """Make the whole answer; returns when its audio is ready, which is long before it was heard.

        `on_sentence` is called when there is something to play soon, `on_audio` whenever there is more.
        """
        ...

    def abandon(self, answer: Answer) -> None:
        """Hear that an answer was cut or has failed, after its utterance has ended."""
        ...
