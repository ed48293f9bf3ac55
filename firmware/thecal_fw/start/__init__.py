"""The way from power-on to the main loop, and what is left of it when the program has ended."""
