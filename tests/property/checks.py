"""What must be true of every call, however it went."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from tests.property.actions import (
    Action,
    Closes,
    CutsOne,
    HangsUp,
    Interrupts,
    Leaves,
    Mutes,
    Presses,
    Releases,
)
from tests.property.errand_checks import check_errands, check_sounds
from tests.property.parts import heard_stretches, unpaired
from tests.property.stage import LAST_QUESTION, LIMITS, Stage

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.loopback import HeardFrame
from vision_agents.core.events.agent import (
    AgentCaptionEvent,
    AgentFinishEvent,
    AgentHandedOverEvent,
    AgentStateChangedEvent,
    AgentTurnEndedEvent,
    AgentTurnStartedEvent,
    UserStateChangedEvent,
    UserTranscriptEvent,
    UserTurnEndedEvent,
    UserTurnStartedEvent,
)
from vision_agents.core.events.event import Event
from vision_agents.core.events.plugin import (
    ErrorEvent,
    LLMResponseFinalEvent,
    ToolEndEvent,
    ToolStartEvent,
    TTSSynthesisStartEvent,
)
from vision_agents.core.events.telephone import DtmfReceivedEvent
from vision_agents.core.history.messages import Message, Role
from vision_agents.core.types.status import AgentState, Reason, SessionStatus, UserState

EventT = TypeVar("EventT", bound=Event)

_EXPECTED_ERROR = re.compile(
    r"The (model|voice|ear) broke|The synthesiser failed|gave no (answer|audio)"
    r"|gave (nothing|no audio) for|TimeoutError"
)


_BEGINNINGS = (
    AgentTurnStartedEvent,
    AgentCaptionEvent,
    UserTurnStartedEvent,
    UserTurnEndedEvent,
    UserTranscriptEvent,
    TTSSynthesisStartEvent,
    LLMResponseFinalEvent,
    ToolStartEvent,
    DtmfReceivedEvent,
    AgentHandedOverEvent,
)
"""Nothing of this happens to a session that is closing: it only ends."""


def check(stage: Stage) -> None:
    """Look at everything."""
    check_ends(stage)
    check_handles(stage)
    check_order_of_events(stage)
    check_agent_turns(stage)
    check_user_turns(stage)
    check_tools(stage)
    check_errands(stage, events(stage), is_cut_short=ended_by_a_step(stage))
    check_sounds(events(stage))


def events(stage: Stage) -> list[Event]:
    """The events of the call, in order."""
    return [entry for entry in stage.record.log if isinstance(entry, Event)]


def ended_by_a_step(stage: Stage) -> bool:
    """Whether the scene itself ends the session, by somebody who takes the call or keeps silent, too."""
    reason = stage.session.close_reason
    by_itself = {Reason.TRANSFERRED, Reason.USER_SILENT}
    return stage.scene.has(HangsUp, Closes) or (reason is not None and reason.reason in by_itself)


def check_ends(stage: Stage) -> None:
    """Everything comes to an end, and nothing stays behind."""
    record, session = stage.record, stage.session
    assert record.settled, "somebody's turn never ended"
    assert record.at_work == [], "a turn that is over is still being made"
    if not ended_by_a_step(stage):
        assert record.calm == (UserState.IDLE, AgentState.IDLE)
    assert session.status is SessionStatus.CLOSED
    assert session.agent_state is AgentState.CLOSING
    assert record.closing_took <= LIMITS.close
    assert record.left_behind == [], record.left_behind
    assert record.complaints == [], record.complaints


def check_handles(stage: Stage) -> None:
    """Every utterance ends in exactly one state."""
    for promise in stage.record.promises:
        assert promise.handle.done()
        assert promise.ends == [promise.handle.state]
        assert promise.awaited
        forced = ended_by_a_step(stage) or any(_forces(step.action) for step in stage.scene.steps)
        assert promise.handle.is_interruptible or not promise.handle.interrupted or forced


def _forces(action: Action) -> bool:
    return isinstance(action, Interrupts | CutsOne) and action.force


def check_order_of_events(stage: Stage) -> None:
    """Events come in an order that makes sense, and nothing after the end."""
    happened = events(stage)
    assert isinstance(happened[-1], AgentFinishEvent)
    assert sum(isinstance(event, AgentFinishEvent) for event in happened) == 1
    assert [event.at for event in happened] == sorted(event.at for event in happened)
    assert {event.session_id for event in happened} == {stage.session.id}
    agent = [event for event in happened if isinstance(event, AgentStateChangedEvent)]
    user = [event for event in happened if isinstance(event, UserStateChangedEvent)]
    for changes in (agent, user):
        assert [change.state for change in changes[:-1]] == [change.old_state for change in changes[1:]]
    assert [change.state for change in agent].index(AgentState.CLOSING) == len(agent) - 1
    closing = happened.index(agent[-1])
    assert [event for event in happened[closing:] if isinstance(event, _BEGINNINGS)] == []
    speaking: set[str] = set()
    for event in happened:
        if isinstance(event, UserTurnStartedEvent) and event.participant:
            speaking.add(event.participant.id)
        if isinstance(event, UserTurnEndedEvent) and event.participant:
            speaking.remove(event.participant.id)
    errors = [event.error_message for event in happened if isinstance(event, ErrorEvent)]
    unexpected = [error for error in errors if not _EXPECTED_ERROR.search(error)]
    assert unexpected == [], unexpected


@dataclass
class AgentTurn:
    """What was heard of an utterance, and what was told of it."""

    frames: list[tuple[float, PcmData]] = field(default_factory=list[tuple[float, PcmData]])
    ended: AgentTurnEndedEvent | None = None


def agent_turns(stage: Stage) -> list[AgentTurn]:
    """The agent's turns in the order in which they ended; a frame belongs to the one that began last."""
    going_on: dict[str, AgentTurn] = {}
    ended: list[AgentTurn] = []
    for entry in stage.record.log:
        match entry:
            case HeardFrame(at=at, pcm=pcm):
                tail = [turn for turn in ended[-1:] if not going_on and _may_fade(stage, turn, at)]
                assert going_on or tail, f"a voice at {at} belongs to nothing"
                [*tail, *going_on.values()][-1].frames.append((at, pcm))
            case AgentTurnStartedEvent(utterance_id=utterance):
                assert utterance not in going_on
                going_on[utterance] = AgentTurn()
            case AgentTurnEndedEvent(utterance_id=utterance):
                turn = going_on.pop(utterance)
                turn.ended = entry
                ended.append(turn)
            case _:
                pass
    assert not going_on, "a turn of the agent began and never ended"
    return ended


def _may_fade(stage: Stage, turn: AgentTurn, at: float) -> bool:
    """Whether the last of a voice that was cut may be heard by now: with a sound behind it, a frame later."""
    return stage.scene.has_sounds and turn.ended is not None and at - turn.ended.at <= 0.05


def check_agent_turns(stage: Stage) -> None:
    """The history holds what was heard: no more, no less, and in order."""
    told: list[tuple[str, bool]] = []
    for turn in agent_turns(stage):
        assert turn.ended is not None
        text, spoken = _words(turn.ended.text), _words(turn.ended.spoken_text)
        rest = _after(spoken, text)
        stretches = _apart(heard_stretches(turn.frames), [*spoken, *rest], repeats=stage.scene.has(Leaves))
        least, most = heard_words(stretches, [*spoken, *rest])
        assert least - 1 <= len(spoken) <= most + 1, (spoken, least, most)
        if turn.ended.spoken_text:
            told.append((turn.ended.spoken_text, turn.ended.interrupted))
    messages = [item for item in stage.session.history.messages if item.role is Role.ASSISTANT]
    assert [(message.text, message.interrupted) for message in messages] == told


def _after(spoken: list[str], text: list[str]) -> list[str]:
    """What of `text` comes after the words that were spoken; sentences without audio are left out of them."""
    rest = iter(text)
    assert all(word in rest for word in spoken), (spoken, text)
    return list(rest)


def heard_words(stretches: Iterable[list[str]], text: list[str]) -> tuple[int, int]:
    """How many words of `text` were surely heard, and how many perhaps: the last may have been cut.

    A stretch after the first one goes on where the one before it ended, or a little earlier.
    """
    surely = perhaps = 0
    for words in stretches:
        begin = next((at for at, word in enumerate(text) if word.startswith(words[0])), surely)
        assert begin <= surely, f"{words} comes too late after {text[:surely]}"
        assert words[:-1] == text[begin : begin + len(words) - 1]
        whole = begin + len(words) <= len(text) and words[-1] == text[begin + len(words) - 1]
        surely = max(surely, begin + len(words) - (not whole))
        perhaps = max(perhaps, begin + len(words))
    return surely, perhaps


def _apart(stretches: Iterable[str], text: list[str], *, repeats: bool) -> Iterator[list[str]]:
    """The words of each stretch; a voice held for less than a frame leaves a piece of a word before one.

    With `repeats` a whole word may come twice, too: who leaves in the moment of a hold takes it back at once.
    """
    for stretch in stretches:
        words: list[str] = []
        for heard in stretch.split():
            whole = next((word for word in text if heard.endswith(word)), heard)
            if heard != whole:
                yield [*words, heard.removesuffix(whole)]
                words = []
            elif repeats and words[-1:] == [whole]:
                yield words
                words = []
            words.append(whole)
        if words:
            yield words


def check_user_turns(stage: Stage) -> None:
    """The history holds what the callers said."""
    history = [item for item in stage.session.history.messages if item.role is Role.USER]
    told = [event.text for event in events(stage) if isinstance(event, UserTranscriptEvent)]
    assert [message.text for message in history] == told
    assert set(told) <= set(stage.stt.read)
    for name, said in stage.record.said.items():
        heard = [word for message in history if message.user_id == name for word in _words(message.text)]
        if stage.scene.has(Mutes):
            heard = [part for word in heard for part in _parted(word, said)]
        if not stage.scene.has(Presses, Releases):  # a button may cut a word in two
            _check_order(heard, said)
        if stage.scene.hears_all and not ended_by_a_step(stage):
            assert [word for word in heard if word in said] == said
    if not ended_by_a_step(stage):
        assert stage.record.answered or not stage.scene.is_sound, "the agent owes an answer"
        last = stage.session.history.messages[-2:]
        assert [message.role for message in last] == [Role.USER, Role.ASSISTANT]
        assert LAST_QUESTION in last[0].text
        assert not last[1].interrupted


def _parted(word: str, said: list[str]) -> Iterator[str]:
    """The words in one that was heard: a pause of which no frame came may be no longer than jitter is."""
    while whole := next((each for each in said if word.startswith(each) and word != each), None):
        yield whole
        word = word.removeprefix(whole)
    yield word


def _check_order(heard: list[str], said: list[str]) -> None:
    """Nothing is heard that was not said, nothing twice; a word at an edge may be cut."""
    rest = iter(said)
    for word in heard:
        if word not in "uh huh":  # a nod, or a part of one
            assert any(word in candidate for candidate in rest), (heard, said)


def check_tools(stage: Stage) -> None:
    """Tools run only for what was really asked, and every call has its result."""
    assert all(asked for _, asked in stage.record.tools_for)
    assert unpaired(stage.session.history) == []
    assert stage.llm.unpaired == []
    started = {event.tool_call_id: event for event in _all(stage, ToolStartEvent)}
    ended = {event.tool_call_id: event for event in _all(stage, ToolEndEvent)}
    assert len(started) == len(_all(stage, ToolStartEvent))
    assert len(ended) == len(_all(stage, ToolEndEvent))
    assert ended.keys() <= started.keys()
    without_run = Counter(event.tool_name for event in started.values())
    without_run.subtract(tool for tool, _ in stage.record.tools_for)
    # One that was cut while it waited for a thread never ran.
    cut = [
        event for event in ended.values() if event.tool_name == "threaded" and event.error == "interrupted"
    ]
    assert 0 <= without_run.pop("threaded", 0) <= len(cut)
    assert not any(without_run.values()), without_run


def _all(stage: Stage, kind: type[EventT]) -> list[EventT]:
    return [event for event in events(stage) if isinstance(event, kind)]


def _words(text: str) -> list[str]:
    return text.lower().replace(".", " ").split()


def messages(stage: Stage) -> Iterator[tuple[str, str]]:
    """Who said what, for a report."""
    return ((item.role.value, item.text) for item in stage.session.history if isinstance(item, Message))
