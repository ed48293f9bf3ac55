"""Frames from somebody without a key, by the million: `frames` makes them, `attack` sends them and judges the pump."""
