"""Plays a scene in virtual time, and keeps a record of all that happened."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tests.core.agents.late_edge import LateEdge
from tests.property.actions import (
    Action,
    Closes,
    CutsOne,
    Gathers,
    HangsUp,
    Interrupts,
    Leaves,
    Mumbles,
    Mutes,
    Nods,
    PlaysSound,
    Presses,
    PressesKeys,
    Releases,
    Reply,
    Say,
    SimpleResponse,
    Speaks,
    StopsSound,
    Thinks,
    Transfers,
    WakesUp,
)
from tests.property.errands import MURMUR_PEAK, Errands
from tests.property.parts import MoodyLLM, MoodySTT, MoodyTTS, Vocabulary
from tests.property.steps import Scene

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.edge.loopback import Edge, HeardFrame
from vision_agents.core.errors import SessionClosed
from vision_agents.core.events.event import Event
from vision_agents.core.history.messages import Message, Role
from vision_agents.core.speech.utterance import UtteranceHandle, UtteranceState
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.core.types.people import User
from vision_agents.testing import ScriptedTurnDetector, ScriptedVAD, SimulatedCaller

LIMITS = Deadlines(transcript=2.0, model_silence=3.0, voice_silence=2.0)
LAST_QUESTION = "still there"


@dataclass(eq=False)
class Promise:
    """A handle, and how often it ended."""

    handle: UtteranceHandle
    ends: list[UtteranceState] = field(default_factory=list[UtteranceState])
    awaited: bool = False


@dataclass
class Record:
    """All that happened: events and frames of the agent's voice in one order."""

    log: list[Event | HeardFrame] = field(default_factory=list[Event | HeardFrame])
    promises: list[Promise] = field(default_factory=list[Promise])
    said: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """The words of each caller."""
    nods: int = 0
    tools_for: list[tuple[str, bool]] = field(default_factory=list[tuple[str, bool]])
    """The tools that ran, and whether all that was asked by then had entered the history."""
    complaints: list[str] = field(default_factory=list[str])
    """Errors that nobody looked at, and warnings of the engine."""
    left_behind: list[str] = field(default_factory=list[str])
    """Tasks and timers after the end."""
    settled: bool = False
    at_work: list[str] = field(default_factory=list[str])
    """Turns that were still being made by then."""
    calm: tuple[str, str] = ("", "")
    """The states of the user and the agent once nothing happens any more."""
    answered: bool = True
    """Whether the agent had the last word by then."""
    closing_took: float = 0.0


class Person:
    """A caller who does one thing after the other, however fast they are told to."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.name = name
        self.caller = SimulatedCaller(stage.edge, user_id=name)
        self._orders: asyncio.Queue[tuple[Coroutine[Any, Any, None], float]] = asyncio.Queue()
        self._scope = TaskScope(name)

    async def comes(self) -> None:
        """Join the call."""
        await self.caller.__aenter__()
        self._scope.start(self._acts(), name="acts")

    def does(self, what: Coroutine[Any, Any, None], pause: float = 0.1) -> None:
        """Do it when the rest is done, and then nothing for a while."""
        self._orders.put_nowait((what, pause))

    async def goes(self) -> None:
        """Leave in the middle of whatever it is."""
        await self._scope.close()
        while not self._orders.empty():
            self._orders.get_nowait()[0].close()
        await self.caller.__aexit__(None, None, None)

    async def _acts(self) -> None:
        while True:
            what, pause = await self._orders.get()
            await what
            await asyncio.sleep(pause)


class Stage:
    """One call: an agent of moody parts, two callers, and somebody who only listens."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.record = Record()
        self.edge = LateEdge() if scene.late else Edge()
        self.vocabulary = Vocabulary()
        self.llm = MoodyLLM(scene.models, self.vocabulary)
        self.tts = MoodyTTS(scene.voices)
        self.stt = MoodySTT(scene.ears)
        self.turn_handling = TurnHandling(speculate=scene.speculates, manual=scene.manual)
        self.errands = Errands(self)
        self.agent = self._make_agent()
        self._people: dict[int, Person] = {}
        self._names = iter(range(1000))
        self._scope = TaskScope("stage")

    @property
    def session(self) -> AgentSession:
        """The agent's session."""
        assert self.agent.session is not None
        return self.agent.session

    def _make_agent(self) -> Agent:
        agent = Agent(
            "Be brief.",
            edge=self.edge,
            agent_user=User(id="agent"),
            llm=self.llm,
            stt=self.stt,
            tts=self.tts,
            vad=ScriptedVAD(),
            turn_detection=ScriptedTurnDetector(unfinished=["k", "n", "s", "t"]),
            turn_handling=self.turn_handling,
            deadlines=LIMITS,
            tools=self.tools,
        )
        agent.events.on(Event, self.record.log.append)
        return agent

    async def plays(self) -> None:
        """Play the scene from the first step to the end of the session."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.record.complaints.append(str(context)))
        call = await self.agent.create_call("default", "scene")
        self.errands.prepare(self.agent)
        self.edge.join_as(User(id="listener"), on_audio=self._hear)
        async with self.agent.join(call):
            for step in self.scene.steps:
                await self._act(step.action)
                await asyncio.sleep(step.then)
            await self._calms_down()
            if not self.session.finished:
                await self._asks_once_more()
            began = loop.time()
            await self.agent.close()
            self.record.closing_took = loop.time() - began
        await self._looks_around()

    def _hear(self, frame: HeardFrame) -> None:
        is_voice = not self.scene.has_sounds or np.abs(frame.pcm.samples).max() > MURMUR_PEAK
        if frame.participant.user_id == "agent" and is_voice:
            self.record.log.append(frame)

    async def _person(self, number: int) -> Person:
        if number not in self._people:
            person = self._people[number] = Person(self, f"caller-{next(self._names)}")
            await person.comes()
        return self._people[number]

    async def _act(self, action: Action) -> None:
        match action:
            case Speaks() | Nods() | Mumbles() | Mutes() | Leaves():
                await self._act_as_caller(action)
            case PressesKeys():
                self.errands.press((await self._person(action.caller)).caller, action.keys)
            case Say() | Reply() | SimpleResponse() | Interrupts() | CutsOne() | Presses() | Releases():
                try:
                    await self._act_as_application(action)
                except SessionClosed:
                    assert self.session.finished
            case Gathers() | Transfers() | PlaysSound() | StopsSound() | Thinks() | WakesUp():
                self.errands.act(action)
            case HangsUp():
                await (await self._person(0)).caller.hangs_up()
            case Closes():
                self._scope.start(self.session.close(), name="closes")
            case _:
                pass

    async def _act_as_caller(self, action: Speaks | Nods | Mumbles | Mutes | Leaves) -> None:
        person = await self._person(action.caller)
        match action:
            case Speaks(words=words, pause=pause):
                begin, rest = self.vocabulary.phrase(words - words // 2), self.vocabulary.phrase(words // 2)
                self.record.said.setdefault(person.name, []).extend([*begin.split(), *rest.split()])
                person.does(person.caller.says(begin), pause)
                if rest:
                    person.does(person.caller.says(rest))
            case Nods():
                self.record.nods += 1
                person.does(person.caller.says("uh huh"))
            case Mumbles(seconds=seconds):
                person.does(person.caller.mumbles(seconds))
            case Mutes():
                person.caller.mutes()
            case Leaves():
                await self._people.pop(action.caller).goes()

    async def _act_as_application(
        self, action: Say | Reply | SimpleResponse | Interrupts | CutsOne | Presses | Releases
    ) -> None:
        session = self.session
        match action:
            case Say(sentences=count, policy=policy, interruptible=interruptible):
                text = self.vocabulary.sentences(count)
                self.keep(session.say(text, policy=policy, interruptible=interruptible))
            case Reply(policy=policy, interruptible=interruptible):
                self.keep(
                    await session.reply(
                        "Say more.", wait_for_playback=False, policy=policy, interruptible=interruptible
                    )
                )
            case SimpleResponse():
                self.keep(await self.agent.simple_response("Say more."))
            case Interrupts(force=force):
                session.interrupt(force=force)
            case CutsOne():
                self._cut(action)
            case Presses():
                session.begin_user_turn()
            case Releases():
                session.end_user_turn()

    def _cut(self, action: CutsOne) -> None:
        handles = [promise.handle for promise in reversed(self.record.promises)]
        if action.back < len(handles):
            handle = handles[action.back]
            try:
                handle.interrupt(force=action.force)
            except RuntimeError:
                assert not handle.is_interruptible
                assert not action.force

    def keep(self, handle: UtteranceHandle) -> None:
        """See how an utterance ends."""
        promise = Promise(handle)
        self.record.promises.append(promise)
        handle.add_done_callback(lambda ended: promise.ends.append(ended.state))
        self._scope.start(self._await(promise), name="awaits")

    async def _await(self, promise: Promise) -> None:
        await promise.handle
        promise.awaited = True

    # The tools.

    @property
    def tools(self) -> list[Callable[..., object]]:
        """What the model may call."""
        own = [self.quick, self.threaded, self.slow, self.failing, self.saying, self.asking]
        return [*own, *self.errands.tools]

    def starts(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something go on beside the scene."""
        self._scope.start(work, name="beside")

    def note(self, tool: str, asked: str) -> None:
        """A tool runs."""
        known = {item.id for item in self.session.history if isinstance(item, Message)}
        self.record.tools_for.append((tool, set(asked.split()) <= known))

    async def quick(self, asked: str) -> str:
        """Be quick."""
        self.note("quick", asked)
        return "done"

    def threaded(self, asked: str) -> str:
        """Work in a thread."""
        self.note("threaded", asked)
        return "done"

    async def slow(self, asked: str) -> str:
        """Take three seconds."""
        self.note("slow", asked)
        await asyncio.sleep(3)
        return "done"

    async def failing(self, asked: str) -> str:
        """Fail."""
        self.note("failing", asked)
        raise OSError("The tool broke.")

    async def saying(self, asked: str) -> str:
        """Say something and wait until it was heard."""
        self.note("saying", asked)
        handle = self.session.say(self.vocabulary.sentences(1))
        self.keep(handle)
        await handle
        return "said"

    async def asking(self, asked: str) -> str:
        """Ask for another answer after this one."""
        self.note("asking", asked)
        self.keep(await self.session.reply("Say more."))
        return "asked"

    # The end.

    async def _calms_down(self) -> None:
        """Let everything that was begun come to its end."""
        for person in self._people.values():
            done = asyncio.Event()
            person.does(_set(done))
            await done.wait()
        if not self.session.finished:
            self.session.end_user_turn()
        await asyncio.sleep(6 if self.scene.has(WakesUp) else 2)
        self.session.wake_up = None
        for person in self._people.values():
            person.caller.mutes()
        quiet = 0
        for _ in range(1000):
            quiet = quiet + 1 if self.session.settled and not self.errands.record.under_way else 0
            if quiet == 8:
                break
            await asyncio.sleep(0.25)
        self.record.settled = quiet == 8 or self.session.finished
        self.record.at_work = [task.get_name() for task in asyncio.all_tasks() if ":turn:" in task.get_name()]
        self.record.calm = (self.session.user_state, self.session.agent_state)
        self.record.answered = all(item.role is Role.ASSISTANT for item in self.session.history.messages[-1:])

    async def _asks_once_more(self) -> None:
        """Whatever has happened: who speaks to the agent now is answered."""
        for moods in (self.llm.moods, self.tts.moods, self.stt.moods):
            moods.clear()
        person = Person(self, "last-caller")
        await person.comes()
        await asyncio.sleep(0.1)
        if self.scene.manual:
            self.session.begin_user_turn()
        self.record.said[person.name] = [*LAST_QUESTION.split()]
        await person.caller.says(LAST_QUESTION)
        if self.scene.manual:
            self.session.end_user_turn()
        await asyncio.sleep(8)
        await person.goes()

    async def _looks_around(self) -> None:
        await self._scope.close()
        for person in self._people.values():
            await person.goes()
        await asyncio.sleep(0)
        loop: Any = asyncio.get_running_loop()
        tasks = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        timers = [str(timer) for timer in loop._scheduled if not timer.cancelled()]
        self.record.left_behind = [*tasks, *timers]


async def _set(event: asyncio.Event) -> None:
    event.set()


class Complaints(logging.Handler):
    """Keeps what the engine logs where something of its own went wrong."""

    def __init__(self, record: Record) -> None:
        super().__init__(logging.WARNING)
        self._record = record

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self._record.complaints.append(self.format(record))
