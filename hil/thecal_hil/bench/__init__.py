"""Real boards: a bench's file, whose board it is just now, and the rigs that a board with or without a probe makes."""
