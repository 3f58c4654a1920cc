"""The models as plain functions over numpy, float32 mono at 16 kHz in [-1, 1]; they know no ports."""
