"""Whose turn it is: pure decisions, without asyncio and without a clock."""
