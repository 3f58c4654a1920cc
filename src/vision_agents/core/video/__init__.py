"""Frames of pictures."""
