"""Running agents: one in the terminal, or many behind HTTP."""
