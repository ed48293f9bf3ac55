"""Starts the pump controller when the board is powered."""

import gc
import sys

import micropython

# From here on the port carries frames, in which a byte that means an interrupt to the prompt is one like any other.
micropython.kbd_intr(-1)
# A stock board loads the program into memory, most of which it takes. Garbage is collected often until it delivers, so
# that what stays lies close together and the rest is left in one piece. The pump's own image runs from flash, and there
# each of these collections would put off the first pulse after a reset.
is_stock = "Thecal" not in sys.implementation._machine
if is_stock:
    gc.threshold(6_144)

main = None
try:
    from thecal_fw.start.main import main

    if is_stock:
        # From a file system this takes seconds, and later delivery could not wait that long for it.
        import thecal_fw.requests.server

        # The name would keep all of the program in memory, also once it has ended for want of that.
        del thecal_fw
except MemoryError:
    # Nothing has enabled the motor's driver. Another start would end like this one, so the alarm sounds until somebody
    # does something about it. What has been loaded by then would stay with any name of it.
    main = None
    sys.modules.clear()
    gc.collect()
    from thecal_fw.start.not_running import wait_for_reset

    wait_for_reset(True)

main()
