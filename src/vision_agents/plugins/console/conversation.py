"""A person's side of a session: what is typed, which keys are pressed, what is shown."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import Protocol

from vision_agents.core.errors import SessionError
from vision_agents.core.events.bus import EventBus
from vision_agents.core.types.people import Participant
from vision_agents.core.types.status import SessionStatus
from vision_agents.core.types.units import Seconds
from vision_agents.plugins.console.connection import ConsoleConnection
from vision_agents.plugins.console.keys import Key, Pressed
from vision_agents.plugins.console.terminal import (
    LineReader,
    is_interactive,
    keys_of_terminal,
    standard_input,
)
from vision_agents.plugins.console.transcript import Line, Screen, Transcript, Voice

_FRAME_TIME: Seconds = 0.1
_LOOK_EVERY: Seconds = 0.05
_QUIET: Seconds = 0.3
_HUNG_UP = "the person at the console hung up"


class Conversation(Protocol):
    """What is needed of a session."""

    @property
    def events(self) -> EventBus:
        """What happens in it."""
        ...

    @property
    def state(self) -> SessionStatus:
        """Where it is in its life."""
        ...

    @property
    def settled(self) -> bool:
        """Whether nobody's turn is under way."""
        ...

    def take_text(self, text: str, participant: Participant | None = None) -> object:
        """Take a line as a turn of the person."""

    def interrupt(self) -> object:
        """Cut what the agent says."""


class Place(Protocol):
    """Where the person is: the edge."""

    @property
    def connection(self) -> ConsoleConnection | None:
        """The joined call; None before."""
        ...

    @property
    def note(self) -> str:
        """Why there is no sound; "" where there is."""
        ...


async def converse(session: Conversation, place: Place) -> None:
    """Show a session and take what is typed, until this is cancelled, or standard input ends."""
    descriptor = standard_input()
    if descriptor is not None and is_interactive(descriptor):
        await _at_terminal(session, place, descriptor)
    else:
        await _in_lines(session, place, descriptor)


class Keyboard:
    """Carries out what is pressed.

    Args:
        session: hears of it.
        place: has the call.
        screen: shows what could not be done.
    """

    def __init__(self, session: Conversation, place: Place) -> None:
        self.typed = ""
        """The line so far."""
        self.screen: Screen | None = None
        self._session = session
        self._place = place

    def press(self, key: Pressed) -> None:
        """Take one key."""
        match key:
            case str():
                self.typed += key
            case Key.BACKSPACE:
                self.typed = self.typed[:-1]
            case Key.ERASE_LINE:
                self.typed = ""
            case _:
                self._do(key)
        if self.screen is not None:
            self.screen.changed()

    def _do(self, key: Key) -> None:
        connection = self._place.connection
        try:
            if key is Key.INTERRUPT:
                self._session.interrupt()
            elif key is Key.ENTER:
                self._send(connection)
            elif key is Key.TEXT_MODE and connection is not None and not connection.toggle_text_mode():
                self._tell(self._place.note)
            elif key is Key.END and connection is not None and not self.typed:
                connection.hang_up(_HUNG_UP)
        except SessionError as error:
            self._tell(str(error))

    def _send(self, connection: ConsoleConnection | None) -> None:
        if connection is None:
            self._tell("The agent is still joining: press Enter again in a moment.")
        elif self.typed.strip():
            self._session.take_text(self.typed.strip(), connection.person)
            self.typed = ""

    def _tell(self, text: str) -> None:
        if self.screen is not None:
            self.screen.show(Line(Voice.NOTE, text))


async def _at_terminal(session: Conversation, place: Place, descriptor: int) -> None:
    from vision_agents.plugins.console.live_screen import LiveScreen

    keyboard = Keyboard(session, place)
    screen = LiveScreen(lambda: place.connection, lambda: keyboard.typed)
    keyboard.screen = screen
    with ExitStack() as stack:
        screen.transcript.attach(session.events)
        stack.callback(screen.transcript.detach, session.events)
        stack.enter_context(keys_of_terminal(descriptor, keyboard.press))
        stack.enter_context(screen.open())
        note = ""
        while True:
            if place.note != note:
                note = place.note
                screen.show(Line(Voice.NOTE, note))
            screen.tick()
            await asyncio.sleep(_FRAME_TIME)


async def _in_lines(session: Conversation, place: Place, descriptor: int | None) -> None:
    """Show lines, and take lines where there is something to read from."""
    from vision_agents.plugins.console.plain_screen import PlainScreen

    screen = PlainScreen()
    transcript = Transcript(screen)
    transcript.attach(session.events)
    try:
        if place.note:
            screen.show(Line(Voice.NOTE, place.note))
        if descriptor is not None:
            await _read(session, place, descriptor)
        await asyncio.Event().wait()
    finally:
        transcript.detach(session.events)


async def _read(session: Conversation, place: Place, descriptor: int) -> None:
    """Take lines one at a time, each when the answer to the one before has been heard."""
    lines = LineReader(descriptor)
    lines.start()
    try:
        while (line := await lines.next()) is not None:
            await _settled(session)
            if line.strip() and place.connection is not None:
                session.take_text(line.strip(), place.connection.person)
    finally:
        lines.stop()
    await _settled(session)
    if place.connection is not None and place.connection.text_mode:
        place.connection.hang_up("standard input has ended")


async def _settled(session: Conversation) -> None:
    """Return when the agent is in the call, and nobody's turn has been under way for a moment."""
    quiet = 0.0
    while quiet < _QUIET:
        await asyncio.sleep(_LOOK_EVERY)
        there = session.state is SessionStatus.ACTIVE and session.settled
        quiet = quiet + _LOOK_EVERY if there else 0.0
