"""What the largest program and a great many requests leave of the board's memory, and how long each request takes."""
