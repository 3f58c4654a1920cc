"""Words that every part of the engine shares."""
