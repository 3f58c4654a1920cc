"""Port: a face for the agent."""
