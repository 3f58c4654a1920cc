"""``python -m vision_agents.cli`` is the `vision-agents` command."""

from vision_agents.cli import main

if __name__ == "__main__":
    main()
