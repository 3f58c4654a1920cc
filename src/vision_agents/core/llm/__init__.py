"""Port: language models."""
