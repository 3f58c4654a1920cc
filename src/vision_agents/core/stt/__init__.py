"""Port: speech to text."""
