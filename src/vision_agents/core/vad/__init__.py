"""Port: voice activity detection."""
