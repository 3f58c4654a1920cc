"""What a session says, and how it keeps silent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from vision_agents.core.agents.agent_turns import Policy
from vision_agents.core.agents.dialogue import Dialogue
from vision_agents.core.agents.output import Silence
from vision_agents.core.agents.wake_up import WakeUpCalls
from vision_agents.core.functions.running import in_tool
from vision_agents.core.speech.utterance import UtteranceHandle
from vision_agents.core.types.units import Seconds
from vision_agents.core.video.frame import as_frame


class SessionSpeech:
    """The part of a session that speaks."""

    wake_ups: WakeUpCalls

    @property
    def _present_dialogue(self) -> Dialogue | None:
        """The conversation; None before it begins."""
        raise NotImplementedError

    def _dialogue(self) -> Dialogue:
        """The conversation, or why there is none."""
        raise NotImplementedError

    def say(
        self,
        message: str,
        interruptible: bool = True,  # noqa: FBT001, FBT002 - documented
        *,
        policy: Policy = "replace",
    ) -> UtteranceHandle:
        """Speak a fixed text; returns its handle at once, and awaiting the handle waits for the playback.

        `policy` is what it does to speech that is pending: ``"queue"`` waits for it, ``"replace"`` cuts
        it, ``"drop"`` gives way to it. From inside a tool it is spoken before the answer goes on.
        """
        return self._dialogue().turns.say(message, policy=policy, interruptible=interruptible)

    async def reply(
        self,
        instructions: str,
        wait_for_playback: bool = True,  # noqa: FBT001, FBT002 - documented
        frames: Sequence[object] | None = None,
        interruptible: bool = True,  # noqa: FBT001, FBT002 - documented
        *,
        policy: Policy = "queue",
    ) -> UtteranceHandle:
        """Let the model answer from the history, with `instructions` that hold for this answer only.

        Waits until it was heard; not so inside a tool, for the answer begins after the tool has returned.
        `frames` are pictures for a model with vision, in place of what it would be shown: `VideoFrame`, those
        of PyAV, or pixels of shape ``(height, width, 3)``. Any other model fails the handle.

        Raises:
            TypeError: one of the frames is no picture.
        """
        now = asyncio.get_running_loop().time()
        pictures = tuple(as_frame(picture, captured_at=now) for picture in frames or ())
        turns = self._dialogue().turns
        if not instructions.strip():
            return turns.nothing()
        handle = turns.reply(instructions, policy=policy, interruptible=interruptible, frames=pictures)
        if wait_for_playback and not in_tool():
            await handle
        return handle

    def interrupt(self, *, force: bool = False) -> Silence:
        """Cut what the agent says; `force` also cuts what must not be interrupted.

        Awaiting what it returns waits until the sound has ended; the history is up to date at once.
        """
        return self._dialogue().interrupt(force=force)

    def begin_user_turn(self) -> None:
        """Open the user's turn (push to talk pressed); the agent falls silent. For manual turn handling."""
        self._dialogue().begin_user_turn()

    def end_user_turn(self) -> None:
        """End the user's turn (push to talk released): what was said is answered."""
        self._dialogue().end_user_turn()

    @property
    def current_utterance(self) -> UtteranceHandle | None:
        """What the agent says or is about to say; None where that is nothing."""
        dialogue = self._present_dialogue
        return dialogue.turns.current if dialogue else None

    @property
    def wake_up(self) -> Seconds | None:
        """Seconds of the user's silence before `on_wake_up` is called; None for never. May be changed."""
        return self.wake_ups.after

    @wake_up.setter
    def wake_up(self, seconds: Seconds | None) -> None:
        self.wake_ups.after = seconds

    @property
    def on_wake_up(self) -> Callable[..., Any] | None:
        """Called, sync or async, when the user is silent; with the number of the attempt, if it takes one."""
        return self.wake_ups.callback

    @on_wake_up.setter
    def on_wake_up(self, callback: Callable[..., Any] | None) -> None:
        self.wake_ups.callback = callback

    @property
    def max_wake_ups(self) -> int | None:
        """After so many attempts the next silence ends the session as ``user_silent``; None for no end."""
        return self.wake_ups.max_attempts

    @max_wake_ups.setter
    def max_wake_ups(self, attempts: int | None) -> None:
        self.wake_ups.max_attempts = attempts
