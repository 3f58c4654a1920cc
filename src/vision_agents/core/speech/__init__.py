"""From the model's text to the caller's ear."""
