"""Starts the pump controller when the board is powered."""

import gc
import sys

import micropython

# From here on the port carries frames, in which a byte that means an interrupt to the prompt is one like any other.
micropython.kbd_intr(-1)
# On a stock board the program is loaded into memory and nearly fills it. What the controller takes in one piece is kept
# free for it meanwhile, and what loading leaves behind is collected often. The pump's own image runs from flash, and
# there each of these collections would put off the first pulse after a reset.
is_stock = "Thecal" not in sys.implementation._machine
kept_free = [bytearray(16_384)] if is_stock else []
if is_stock:
    gc.threshold(4_096)

import thecal_fw  # noqa: E402
from thecal_fw.main import main  # noqa: E402

if thecal_fw.__file__.endswith(".mpy"):
    # From a file system this takes seconds, and later delivery could not wait that long for it.
    import thecal_fw.link_server

gc.threshold(-1)
main(kept_free)
