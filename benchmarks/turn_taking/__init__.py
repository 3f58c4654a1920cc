"""Rules for the end of a turn, on spoken turns with hesitations."""
