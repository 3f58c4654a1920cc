"""The `vision-agents` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line; what goes wrong is told in one sentence, with exit code 2."""
    from vision_agents.cli.app import run

    run()
