"""The rigs there are, and how to open one by its name: the model and the emulated Pico; a board is opened by its
bench."""
