"""How long a session waits for its parts before it goes on without them."""

from dataclasses import dataclass, fields

from vision_agents.core.types.units import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Bounds of one session, in seconds.

    Args:
        start: joining the call, parts included.
        close: all closing steps together.
        answer: the audio of somebody who is called up; then the session ends with ``no_answer``.
        drain: what is being said when the agent hangs up; then it is cut.
        transcript: the recogniser's answer to a pause; then the turn is dropped.
        turn_detection: the turn detector's answer to a pause; then silence alone decides.
        tool: one call of a tool; then the model is told that it timed out.
        model_silence: the language model's next sign of life.
        voice_silence: the synthesiser's next audio.
    """

    start: Seconds = 30.0
    close: Seconds = 8.0
    answer: Seconds = 30.0
    drain: Seconds = 10.0
    transcript: Seconds = 10.0
    turn_detection: Seconds = 1.0
    tool: Seconds = 30.0
    model_silence: Seconds = 30.0
    voice_silence: Seconds = 10.0

    def __post_init__(self) -> None:
        """Refuse a bound that nothing could meet."""
        for item in fields(self):
            if getattr(self, item.name) <= 0:
                raise ValueError(f"{item.name} must be > 0, not {getattr(self, item.name)}.")
