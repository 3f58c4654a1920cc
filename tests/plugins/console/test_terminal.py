"""Talking with an agent by keyboard: a real process on a real terminal, or at the end of a pipe."""

from __future__ import annotations

import subprocess
import sys
import termios
from collections.abc import Iterator

import pytest
from tests.plugins.console.pty_session import AGENT, PtySession
from tests.plugins.console.talking_agent import ANSWER, GREETING

QUESTION = "weather in paris"


@pytest.fixture
def terminal() -> Iterator[PtySession]:
    with PtySession("--no-audio") as session:
        session.until(f"agent: {GREETING}")
        session.until("● idle")
        yield session


def ask(terminal: PtySession) -> None:
    terminal.press(f"{QUESTION}\r")
    terminal.until("agent: It is sunny in Paris. Take a hat.  ")
    terminal.until("● idle")


def count(terminal: PtySession) -> None:
    """Let the agent begin something long."""
    terminal.press("count\r")
    terminal.until("you: count")
    terminal.until("● speaking")


def test_a_typed_question_is_answered_and_all_is_shown(terminal: PtySession) -> None:
    assert not terminal.settings[3] & termios.ECHO  # pyright: ignore[reportOperatorIssue]
    ask(terminal)

    assert terminal.said == [
        f"agent: {GREETING}",
        f"you: {QUESTION}",
        "tool: get_weather(location='Paris') -> It is sunny in Paris.",
        f"agent: {ANSWER}",
    ]
    (answered,) = [row for row in terminal.lines if row.startswith(f"agent: {ANSWER}  ")]
    assert " ms (turn 0, model " in answered
    assert any("text mode" in row and "● thinking" in row for row in terminal.lines)
    assert any("● speaking" in row and "agent ███" in row for row in terminal.lines)
    assert any("answered in" in row for row in terminal.lines)
    assert "agent: It is sunny in Paris. …" in terminal.lines  # while it is being said

    terminal.press("\x14")
    terminal.until("note: Text mode: type, and press Enter.")

    terminal.press("\x03")
    assert terminal.ends() == 0
    assert terminal.settings == terminal.before
    assert "Traceback" not in "\n".join(terminal.lines)


def test_a_line_is_edited_escape_and_typing_interrupt_and_control_d_hangs_up(terminal: PtySession) -> None:
    terminal.press("nonsense\x15wetter\x7f\x7f\x7f\x7f\x7fea")
    terminal.until("> wea▏")
    terminal.press("ther in\x04 p\x1b[D\x1b[3~aris\r")
    terminal.until(f"you: {QUESTION}")
    terminal.until(f"agent: {ANSWER}  ")
    terminal.until("● idle")

    count(terminal)
    for _ in range(6):  # the meter moves
        terminal.until("● speaking")
    terminal.press("\x1b")
    cut = terminal.until("interrupted")
    assert cut.startswith("agent: one")
    assert "sixteen" not in cut

    terminal.press("bye\r")
    terminal.until("agent: Goodbye.  ")
    terminal.press("\x04")
    assert terminal.ends() == 0
    assert any("call_ended" in row for row in terminal.lines)
    assert terminal.settings == terminal.before


def test_typing_interrupts_and_the_log_appears_above_what_is_drawn(terminal: PtySession) -> None:
    ask(terminal)
    count(terminal)
    terminal.press("something else\r")
    terminal.until("error: The script has no line for 'something else'.")

    assert [row for row in terminal.lines if "interrupted" in row]
    (logged,) = [row for row in terminal.lines if "A turn of the agent failed" in row]
    assert logged.startswith("[")


def test_a_narrow_terminal_shows_the_end_of_a_long_line() -> None:
    with PtySession("--no-audio", columns=40) as terminal:
        terminal.until("● idle")
        terminal.press("a" * 30 + "日本日本日本日本x")
        row = terminal.until("本x▏")

        assert row.startswith("> a")
        assert len(row) + row.count("日") + row.count("本") <= 40


def test_a_closed_terminal_ends_the_call() -> None:
    session = PtySession("--no-audio")
    session.until(f"agent: {GREETING}")
    session.close_terminal()

    assert session.process.wait(15) is not None


# Without a terminal.


def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(AGENT), "run", "--no-splash", *arguments]
    return subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=False)


CONVERSATION = [
    f"agent: {GREETING}",
    f"you: {QUESTION}",
    "tool: get_weather(location='Paris') -> It is sunny in Paris.",
    "agent: It is sunny in Paris.",
    "agent: Take a hat.",
]


def test_lines_of_a_pipe_are_turns_and_its_end_is_the_end() -> None:
    done = run("--console", "--no-audio", given=f"{QUESTION}\n")

    assert done.returncode == 0, done.stderr
    shown = done.stdout.splitlines()
    assert shown[0] == "note: Text mode: type, and press Enter."
    assert shown[1:6] == CONVERSATION
    assert shown[6].startswith("note: ")
    assert shown[7].startswith("Response delay: median ")
