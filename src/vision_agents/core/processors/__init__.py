"""Port: what watches or changes the media of a call."""
