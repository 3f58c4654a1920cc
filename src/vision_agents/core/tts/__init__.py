"""Port: text to speech."""
