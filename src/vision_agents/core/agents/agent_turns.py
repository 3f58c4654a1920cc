"""The agent's turns: what it was asked to say or answer, one after the other, and how a turn is cut."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from vision_agents.core.agents.answer import Answer
from vision_agents.core.agents.answerer import Answerer
from vision_agents.core.agents.output import Output
from vision_agents.core.agents.speaker import Speaker, Voice
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.errors import ConfigurationError, ProviderError
from vision_agents.core.functions.running import in_tool, running_call
from vision_agents.core.history.messages import Message
from vision_agents.core.observability.timeline import TurnTimeline
from vision_agents.core.speech.segmenter import SentenceSegmenter
from vision_agents.core.speech.utterance import UtteranceHandle, UtteranceState
from vision_agents.core.turns.observations import Floor
from vision_agents.core.video.frame import VideoFrame

Policy: TypeAlias = Literal["queue", "replace", "drop"]
"""What new speech does to speech that is pending: waits for it, cuts it, or gives way to it."""

_READ_ALOUD = "Say exactly the following words, and nothing else:"


_BLIND = "The language model cannot look at frames: give the agent one with vision."


@dataclass(eq=False, slots=True)
class AgentTurn:
    """Something to say: a fixed `script`, or an answer of the model."""

    answer: Answer
    script: str | None = None
    task: asyncio.Task[None] | None = None
    has_sentence: bool = False
    beside: Answer | None = None
    """The answer whose tool says it."""
    failed: Exception | None = None
    maker: Answerer | None = None
    """What makes the answer."""
    speaker: Speaker | None = None
    """What speaks the script."""
    utterance: UtteranceHandle = field(init=False)
    """What is heard of it."""

    def __post_init__(self) -> None:
        """Keep what is asked for most within reach."""
        self.utterance = self.answer.utterance

    @property
    def committed(self) -> bool:
        """Whether it is more than a guess."""
        return self.answer.committed.is_set()


@dataclass(frozen=True, slots=True)
class TurnHooks:
    """Whom the turns tell.

    Args:
        changed: a turn began or ended, so the floor may be another.
        inside: opens the block in which a turn works.
        ended: a turn is over, one that was prepared in vain included.
        failed: a turn failed; its utterance has ended.
        wasted: an answer that was prepared in vain had so many tokens.
    """

    changed: Callable[[], None]
    inside: Callable[[], AbstractContextManager[object]]
    ended: Callable[[AgentTurn], None]
    failed: Callable[[Exception], None]
    wasted: Callable[[int], None]


class AgentTurns:
    """Runs the agent's turns in order.

    Args:
        responder: makes answers; None where the pipeline has no language model.
        speaker: speaks scripts; None where the pipeline has no synthesiser, and the model is asked to.
        output: plays utterances.
        scope: holds the running turns.
        hooks: hear of changes and failures.
    """

    def __init__(
        self,
        *,
        responder: Answerer | None,
        speaker: Speaker | None,
        output: Output,
        scope: TaskScope,
        hooks: TurnHooks,
    ) -> None:
        self._responder = responder
        self._speaker = speaker
        self._output = output
        self._scope = scope
        self._hooks = hooks
        self._waiting: list[AgentTurn] = []
        self._running: list[AgentTurn] = []
        self._prepared: AgentTurn | None = None
        self._closed = False

    @property
    def idle(self) -> bool:
        """Whether nothing is being made, waiting or playing."""
        return not self._waiting and not self._unfinished and self._output.queue.empty

    @property
    def _unfinished(self) -> list[AgentTurn]:
        """Turns that will still be heard; the others are only winding up."""
        return [turn for turn in self._running if turn.committed and not turn.utterance.done()]

    @property
    def floor(self) -> Floor:
        """What the agent is doing, as the turn machines see it."""
        unfinished = self._unfinished
        if not unfinished and self.idle:
            return Floor.FREE
        if not all(turn.utterance.is_interruptible for turn in unfinished):
            return Floor.PROTECTED
        return Floor.SPEAKING if self.speaking else Floor.THINKING

    @property
    def speaking(self) -> bool:
        """Whether something is being heard."""
        current = self._output.queue.current
        return current is not None and current.state is UtteranceState.PLAYING

    @property
    def held_back(self) -> bool:
        """Whether nobody is to hear the agent yet, and it has something to say."""
        return self._output.gate.closed and not self.idle

    @property
    def current(self) -> UtteranceHandle | None:
        """The utterance whose turn it is, heard already or not; None where there is none."""
        if self._output.queue.current is not None:
            return self._output.queue.current
        return next((turn.utterance for turn in self._unfinished), None)

    @property
    def tool_running(self) -> bool:
        """Whether a tool has not returned."""
        return any(turn.answer.open_calls for turn in self._running)

    def find(self, utterance: UtteranceHandle) -> AgentTurn | None:
        """Find the turn that an utterance belongs to."""
        return next((turn for turn in self._running if turn.utterance is utterance), None)

    def say(self, text: str, *, policy: Policy, interruptible: bool) -> UtteranceHandle:
        """Speak a fixed text; from inside a tool it is spoken beside the turn that called the tool."""
        if not self._audible:
            raise ConfigurationError("say needs a tts: give the agent one.")
        turn = self._new_turn(self._new_answer(interruptible), script=text)
        if self._speaker is None:
            turn.utterance.verbatim = False
            turn.answer.turn_instructions = f"{_READ_ALOUD}\n{text}"
        return self._begin(turn, policy)

    def reply(
        self,
        instructions: str = "",
        *,
        policy: Policy,
        interruptible: bool = True,
        timeline: TurnTimeline | None = None,
        frames: Sequence[VideoFrame] = (),
    ) -> UtteranceHandle:
        """Answer from the history; `instructions` and `frames` hold for this answer only."""
        answer = self._new_answer(interruptible, timeline)
        answer.turn_instructions, answer.frames = instructions, frames
        if frames and (self._responder is None or not self._responder.sees):
            answer.utterance.end(UtteranceState.FAILED, error=ConfigurationError(_BLIND))
            return answer.utterance
        return self._begin(self._answering(answer), policy)

    def nothing(self) -> UtteranceHandle:
        """Give a handle that has ended."""
        utterance = self._output.new_utterance()
        utterance.end(UtteranceState.SKIPPED)
        return utterance

    def prepare(self, question: Message, timeline: TurnTimeline) -> None:
        """Begin to answer a question that may not be complete; nothing of it shows before `commit`."""
        self.discard()
        if self._closed or self._responder is None or not (self._responder.speculates and self.idle):
            return
        answer = self._new_answer(True, timeline)
        answer.question = question
        self._prepared = turn = self._new_turn(answer)
        turn.utterance.add_done_callback(lambda _: self._stopped(turn))
        self._run(turn)

    def discard(self) -> None:
        """Drop what was prepared: the speaker went on."""
        turn, self._prepared = self._prepared, None
        if turn is not None:
            self._hooks.wasted(turn.answer.tokens)
            self._cut(turn)

    def commit(self, text: str) -> Message | None:
        """Stand by what was prepared for `text`, if that is what was said; gives the question it answers.

        The caller puts the question into the history before anything else happens.
        """
        turn = self._prepared
        question = turn.answer.question if turn else None
        fits = question is not None and question.text == text
        if turn is None or not fits or turn.failed or self._unfinished or self._waiting:
            self.discard()
            return None
        self._prepared = None
        turn.answer.committed.set()
        if turn.has_sentence:
            self._output.queue.put(turn.utterance)
        self._hooks.changed()
        return question

    def interrupt(self, *, force: bool = False) -> None:
        """Cut everything that may be cut, what is waiting included."""
        current = self._output.queue.current
        running = sorted(
            self._running, key=lambda turn: turn.utterance is current
        )  # else the next one begins
        for turn in (*self._waiting, *running):
            if turn is not self._prepared and (force or turn.utterance.is_interruptible):
                self._cut(turn)
        self._next()
        self._hooks.changed()

    def change(self, responder: Answerer | None, speaker: Speaker | None) -> None:
        """Let others make what is begun from now on; what was begun is said to its end."""
        self.discard()
        self._responder, self._speaker = responder, speaker

    def unfinished_of(self, responder: Answerer | None) -> list[UtteranceHandle]:
        """What is waiting, being made or heard of one maker's answers."""
        turns = (*self._waiting, *self._running)
        return [turn.utterance for turn in turns if turn.maker is responder]

    def close(self) -> None:
        """Cut everything; what comes from now on is skipped."""
        self._closed = True
        self.discard()
        self.interrupt(force=True)

    def reopen(self) -> None:
        """Speak again after `close`: the agent takes its leave."""
        self._closed = False

    def hold(self) -> None:
        """Fall silent at once, and keep what is being said."""
        self._output.queue.hold()

    def release(self) -> None:
        """Go on with what was held."""
        self._output.queue.release()

    def _cut(self, turn: AgentTurn) -> None:
        if turn in self._waiting:
            self._waiting.remove(turn)
            turn.utterance.end(UtteranceState.SKIPPED)
            return
        turn.utterance.interrupt(force=True)

    def _stopped(self, turn: AgentTurn) -> None:
        """End the work on an utterance that was cut, or could not be played."""
        if turn.utterance.state not in {UtteranceState.INTERRUPTED, UtteranceState.FAILED}:
            return
        if turn in self._waiting:
            self._waiting.remove(turn)
            self._hooks.changed()
            return
        if turn.maker is not None:
            turn.maker.abandon(turn.answer)
        if turn.failed is None and (error := turn.utterance.exception()) is not None:
            self._hooks.failed(error)
        if turn.task is not None:
            turn.task.cancel()

    def _new_answer(self, interruptible: bool, timeline: TurnTimeline | None = None) -> Answer:  # noqa: FBT001
        utterance = self._output.new_utterance(interruptible=interruptible)
        return Answer(utterance, timeline or TurnTimeline())

    def _answering(self, answer: Answer) -> AgentTurn:
        if self._responder is None:
            raise ConfigurationError("An answer needs an llm: give the agent one.")
        return self._new_turn(answer)

    def _new_turn(self, answer: Answer, *, script: str | None = None) -> AgentTurn:
        return AgentTurn(answer, script=script, maker=self._responder, speaker=self._speaker)

    def _begin(self, turn: AgentTurn, policy: Policy) -> UtteranceHandle:
        turn.answer.committed.set()
        turn.utterance.add_done_callback(lambda _: self._stopped(turn))
        self.discard()
        if self._closed or (policy == "drop" and not self.idle and not in_tool()):
            turn.utterance.end(UtteranceState.SKIPPED)
            return turn.utterance
        if in_tool() and turn.script is not None:
            call = running_call.get()
            caller = [t.answer for t in self._running if call and t.utterance.id == call.turn]
            turn.beside = caller[0] if caller else None
            self._run(turn)
            return turn.utterance
        if policy == "replace" and not in_tool():
            self.interrupt()
        if (call := running_call.get()) is not None and call.active:
            turn.utterance.waits_for = call.turn
        self._waiting.append(turn)
        self._next()
        return turn.utterance

    def _next(self) -> None:
        busy = any(not turn.utterance.done() for turn in self._running)
        if self._waiting and not busy and not self._closed:
            self._run(self._waiting.pop(0))

    def _run(self, turn: AgentTurn) -> None:
        self._running.append(turn)
        turn.task = self._scope.start(self._perform(turn), name=f"turn:{turn.utterance.id}")
        turn.task.add_done_callback(lambda _: self._ended(turn))
        self._hooks.changed()

    def _ended(self, turn: AgentTurn) -> None:
        self._running.remove(turn)
        turn.utterance.end(UtteranceState.SKIPPED)
        self._hooks.ended(turn)
        self._next()
        self._hooks.changed()

    async def _perform(self, turn: AgentTurn) -> None:
        try:
            with self._hooks.inside():
                await self._produce(turn)
            await turn.utterance.wait()
        except Exception as error:  # noqa: BLE001 - the top of a turn
            turn.failed = error
            if turn.committed:
                if turn.maker is not None:
                    turn.maker.abandon(turn.answer)
                self._hooks.failed(error)
                self._output.queue.fail(turn.utterance, error)
                await turn.utterance.wait()

    @property
    def _audible(self) -> bool:
        return self._speaker is not None or (self._responder is not None and self._responder.audible)

    async def _produce(self, turn: AgentTurn) -> None:
        queue, speaker = self._output.queue, turn.speaker
        audible = speaker is not None or (turn.maker is not None and turn.maker.audible)

        def put() -> None:
            if audible and not turn.has_sentence:
                turn.has_sentence = True
                if turn.committed:
                    queue.put(turn.utterance, beside=turn.beside is not None)

        if turn.script is not None and turn.beside is not None:
            await turn.beside.quiet.wait()
        if turn.script is not None and speaker is not None:
            put()
            work = turn.answer.work.syntheses
            voice = speaker.voice(turn.utterance.playout, on_audio=queue.wake, work=work)
            await _recite(turn.script, voice)
        elif turn.maker is not None:
            await turn.maker.answer(turn.answer, on_sentence=put, on_audio=queue.wake)
        _check(turn, audible=audible)


def _check(turn: AgentTurn, *, audible: bool) -> None:
    """A turn that made nothing audible has failed: silence is never the answer."""
    produced = turn.utterance.playout.produced
    if turn.answer.handed_over and not produced:  # the other agent speaks
        turn.utterance.end(UtteranceState.COMPLETED)
        return
    if turn.script is None and not produced and not turn.answer.text.strip():
        raise ProviderError("The language model gave no answer.", provider="llm", stage="llm")
    if not audible:
        turn.utterance.end(UtteranceState.COMPLETED)
    elif not produced:
        raise ProviderError("The synthesiser gave no audio.", provider="tts", stage="tts")


async def _recite(text: str, voice: Voice) -> None:
    segmenter = SentenceSegmenter()
    for sentence in (*segmenter.push(text), *segmenter.flush()):
        await voice.say(sentence)
    voice.finish()
