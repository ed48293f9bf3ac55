"""The memory that the largest program and a great many requests leave, and how long each request takes."""
