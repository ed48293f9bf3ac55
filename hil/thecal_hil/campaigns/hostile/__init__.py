"""Campaign: boards whose answers are arbitrary, mutated, out of order or without end, against every command."""
