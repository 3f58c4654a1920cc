"""The media of one browser: a peer connection, told in the engine's own shapes."""
