"""Starts the probe when the board is powered."""

import micropython

# From here on the port carries frames, in which a byte that means an interrupt to the prompt is one like any other.
micropython.kbd_intr(-1)

from thecal_probe.main import main  # noqa: E402

main()
