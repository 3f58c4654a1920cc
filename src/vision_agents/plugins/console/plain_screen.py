"""The conversation as plain lines, for pipes, files and simple terminals."""

from __future__ import annotations

from rich.console import Console

from vision_agents.plugins.console.transcript import Line, Voice


class PlainScreen:
    """One line for each thing said; the agent's sentences as they begin to be heard."""

    def __init__(self) -> None:
        self._console = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)

    def show(self, line: Line) -> None:
        """Show a line; the agent's words are there already."""
        if line.voice is not Voice.AGENT:
            self._print(line.voice, line.text)
        elif line.aside:
            self._print(Voice.NOTE, line.aside)

    def caption(self, text: str) -> None:
        """Show a sentence of the agent."""
        self._print(Voice.AGENT, text)

    def changed(self) -> None:
        """Nothing is shown that does not stay."""

    def _print(self, voice: Voice, text: str) -> None:
        self._console.print(f"{voice.value}: {' '.join(text.split())}")
