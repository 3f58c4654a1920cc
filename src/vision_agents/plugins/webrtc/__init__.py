"""Calls in the browser."""
