"""Pictures: frames, tracks, forwarders, files."""
