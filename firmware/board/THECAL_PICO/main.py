"""Starts the pump controller when the board is powered."""

import gc
import sys

import micropython

# From here on the port carries frames, in which a byte that means an interrupt to the prompt is one like any other.
micropython.kbd_intr(-1)
# A stock board loads the program into memory, most of which it takes. Garbage is collected often until it delivers, so that
# what stays lies close together and the rest is left in one piece. The pump's own image runs from flash, and there each
# of these collections would put off the first pulse after a reset.
if "Thecal" not in sys.implementation._machine:
    gc.threshold(4_096)

import thecal_fw  # noqa: E402
from thecal_fw.main import main  # noqa: E402

if thecal_fw.__file__.endswith(".mpy"):
    # From a file system this takes seconds, and later delivery could not wait that long for it.
    import thecal_fw.link_server

main()
