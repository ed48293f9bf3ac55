"""A day of therapy on the emulated board, each pulse held against the prescription: what `make verify` does."""
