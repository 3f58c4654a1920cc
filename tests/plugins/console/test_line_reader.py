"""Lines of what is no terminal."""

from __future__ import annotations

import os
from pathlib import Path

from vision_agents.plugins.console.terminal import LineReader


async def lines_of(reader: LineReader) -> list[str]:
    found: list[str] = []
    while (line := await reader.next()) is not None:
        found.append(line)
    return found


async def test_a_pipe_gives_its_lines_as_they_come() -> None:
    reading, writing = os.pipe()
    reader = LineReader(reading)
    reader.start()
    os.write(writing, "caf\N{LATIN SMALL LETTER E WITH ACUTE}\nhal".encode()[:9])
    assert await reader.next() == "caf\N{LATIN SMALL LETTER E WITH ACUTE}"
    os.write(writing, b"f\nlast")
    os.close(writing)

    assert await lines_of(reader) == ["half", "last"]
    os.close(reading)


async def test_a_file_is_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("one\n\ntwo\n")
    with path.open() as file:
        reader = LineReader(file.fileno())
        reader.start()
        assert await lines_of(reader) == ["one", "", "two", ""]


async def test_who_stops_reading_leaves_the_rest() -> None:
    reading, writing = os.pipe()
    reader = LineReader(reading)
    reader.start()
    reader.stop()
    os.write(writing, b"unread\n")

    assert os.read(reading, 100) == b"unread\n"
    os.close(reading)
    os.close(writing)
