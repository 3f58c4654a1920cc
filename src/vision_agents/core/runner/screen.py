"""What a run shows on standard output: the conversation as it happens, and how fast the agent was."""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib.metadata import version
from statistics import median

from rich.console import Console
from rich.text import Text

from vision_agents.core.events.agent import AgentTurnEndedEvent, TurnMarksEvent, UserTranscriptEvent
from vision_agents.core.events.bus import EventBus
from vision_agents.core.events.plugin import ToolEndEvent, ToolStartEvent
from vision_agents.core.events.tool_lines import ToolLines


class Screen:
    """Styled on a terminal, plain text elsewhere; one line for each thing that is said or done."""

    def __init__(self) -> None:
        self._console = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
        self._errors = Console(stderr=True)
        self._tools = ToolLines()
        self._delays_ms: list[float] = []

    def show_banner(self) -> None:
        """Say what is running; on a terminal only."""
        if self._console.is_terminal:
            self._console.rule(Text(f"Vision Agents {version('open-vision-agents')}", style="bold"))

    def progress(self, text: str) -> AbstractContextManager[object]:
        """Show that something takes a while, for the length of the block; on a terminal only."""
        return self._errors.status(text)

    def show_page(self, url: str) -> None:
        """Say where a person can join the call."""
        self._console.print(Text.assemble("Talk to the agent: ", (url, "bold")))

    def attach(self, events: EventBus, *, counts_only: bool = False) -> None:
        """Show the conversation of a bus from now on; with `counts_only` somebody else shows it."""
        events.on(TurnMarksEvent, self._on_marks)
        if counts_only:
            return
        events.on(UserTranscriptEvent, self._on_transcript)
        events.on(ToolStartEvent, self._tools.on_start)
        events.on(ToolEndEvent, self._on_tool_end)
        events.on(AgentTurnEndedEvent, self._on_agent_turn)

    def show_summary(self) -> None:
        """Tell how long the caller waited for an answer."""
        if self._delays_ms:
            turns = "1 turn" if len(self._delays_ms) == 1 else f"{len(self._delays_ms)} turns"
            text = f"Response delay: median {median(self._delays_ms):.0f} ms over {turns}."
            self._console.print(Text(text, style="dim"))

    def _on_transcript(self, event: UserTranscriptEvent) -> None:
        self._say("caller", event.text, style="cyan")

    def _on_tool_end(self, event: ToolEndEvent) -> None:
        self._say("tool", self._tools.ended(event), style="yellow")

    def _on_agent_turn(self, event: AgentTurnEndedEvent) -> None:
        cut = " ... (interrupted)" if event.interrupted else ""
        self._say("agent", f"{event.spoken_text}{cut}", style="green")

    def _on_marks(self, event: TurnMarksEvent) -> None:
        if event.response_delay_ms is not None:
            self._delays_ms.append(event.response_delay_ms)

    def _say(self, who: str, text: str, *, style: str) -> None:
        line = " ".join(text.split())  # whatever a tool gives: one line
        self._console.print(Text.assemble((f"{who}:", f"bold {style}"), " ", line))
