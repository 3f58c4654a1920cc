"""The conversation on a terminal: lines that scroll, and below them what changes."""

from __future__ import annotations

import io
from collections.abc import Callable, Generator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from rich.cells import cell_len
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from vision_agents.core.types.status import AgentState
from vision_agents.plugins.console.connection import ConsoleConnection
from vision_agents.plugins.console.transcript import Line, Transcript, Voice

_STYLES = {
    Voice.USER: "cyan",
    Voice.AGENT: "green",
    Voice.TOOL: "yellow",
    Voice.ERROR: "red",
    Voice.NOTE: "dim",
}
_STATES = {
    AgentState.STARTING: "dim",
    AgentState.LISTENING: "cyan",
    AgentState.THINKING: "yellow",
    AgentState.SPEAKING: "green",
}
_KEYS = "Enter sends  Esc interrupts  Ctrl+T text mode  Ctrl+C ends"
_METER_CELLS = 14


class _Above(io.TextIOBase):
    """A file whose lines appear above what is drawn.

    The redirection that `Live` offers is not enough: a log handler that uses `rich` looks through it.
    """

    def __init__(self, console: Console) -> None:
        # A console must write to what it was made for, not back to here.
        console.file = console.file
        self._console = console
        self._begun = ""

    def write(self, text: str, /) -> int:
        """Show the lines that are complete."""
        *lines, self._begun = f"{self._begun}{text}".split("\n")
        for line in lines:
            self._console.print(Text.from_ansi(line))
        return len(text)

    def isatty(self) -> bool:
        """Let what is written have colours."""
        return True


class LiveScreen:
    """Redraws the lowest rows; all else scrolls as in any program.

    Args:
        connection: gives the call, for its meters and its mode; None before it is joined.
        typed: gives the line that is being typed.
    """

    def __init__(self, connection: Callable[[], ConsoleConnection | None], typed: Callable[[], str]) -> None:
        self.transcript = Transcript(self)
        self._connection = connection
        self._typed = typed
        self._console = Console(highlight=False, markup=False, emoji=False)
        self._drawn: tuple[object, ...] = ()
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    @contextmanager
    def open(self) -> Generator[None]:
        """Draw, for the length of the block; what others print meanwhile appears above."""
        above = _Above(self._console)
        with self._live, redirect_stdout(above), redirect_stderr(above):
            yield

    def show(self, line: Line) -> None:
        """Let a line stay."""
        text = Text.assemble((f"{line.voice.value}:", f"bold {_STYLES[line.voice]}"), " ")
        text.append(" ".join(line.text.split()), "dim" if line.voice is Voice.NOTE else "")
        if line.aside:
            text.append(f"  {line.aside}", "dim")
        self._console.print(text)
        self.changed()

    def caption(self, text: str) -> None:
        """Nothing more: what is being said is drawn anyway."""

    def changed(self) -> None:
        """Draw again."""
        if self._live.is_started:
            self._drawn = self._meters()
            self._live.update(self._picture(), refresh=True)

    def tick(self) -> None:
        """Draw again if a meter moves; a screen on which nothing happens sends nothing."""
        if self._meters() != self._drawn:
            self.changed()

    def _meters(self) -> tuple[object, ...]:
        call = self._connection()
        return (
            (None,) if call is None else (call.text_mode, _lit(call.heard.height), _lit(call.played.height))
        )

    def _picture(self) -> Group:
        transcript, width = self.transcript, self._console.width
        rows = [Text("─" * width, "dim")]
        if transcript.saying:
            rows.append(_now(Voice.AGENT, transcript.saying, width))
        if transcript.hearing:
            rows.append(_now(Voice.USER, transcript.hearing, width))
        rows += [self._status(width), Text(_KEYS, "dim", no_wrap=True, overflow="crop"), self._input(width)]
        return Group(*rows)

    def _status(self, width: int) -> Text:
        state, connection = self.transcript.state, self._connection()
        status = Text(no_wrap=True, overflow="crop")
        status.append(f"● {state.value:<10}", _STATES.get(state, "white"))
        if connection is not None:
            if connection.text_mode:
                status.append("text mode  ", "magenta")
            else:
                status.append_text(_meter("you", connection.heard.height, "cyan"))
            status.append_text(_meter("agent", connection.played.height, "green"))
        if self.transcript.delay:
            status.append(f"answered in {self.transcript.delay}", "dim")
        status.truncate(width)
        return status

    def _input(self, width: int) -> Text:
        return Text.assemble(("> ", "bold"), _last_cells(self._typed(), width - 4), ("▏", "dim"))


def _now(voice: Voice, text: str, width: int) -> Text:
    row = Text.assemble((f"{voice.value}: ", _STYLES[voice]), (f"{text} …", "italic"))
    return row if cell_len(row.plain) <= width else Text(f"… {_last_cells(row.plain, width - 2)}", "italic")


def _meter(name: str, height: float, style: str) -> Text:
    lit = _lit(height)
    return Text.assemble(
        f"{name} ",
        ("█" * lit, style if lit < _METER_CELLS - 1 else "red"),
        ("░" * (_METER_CELLS - lit), "dim"),
        "  ",
    )


def _lit(height: float) -> int:
    return round(height * _METER_CELLS)


def _last_cells(text: str, cells: int) -> str:
    """The end of a text, as much as fits: a wide character takes two cells."""
    while text and cell_len(text) > cells:
        text = text[1:]
    return text
