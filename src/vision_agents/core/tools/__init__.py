"""Running the functions that a model calls."""
