"""Long work on many pumps, each with a command of its own: it searches, counts or times, and leaves a summary."""
