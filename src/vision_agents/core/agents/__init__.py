"""The agent and its session: the one place that does things."""
