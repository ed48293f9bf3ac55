"""Starts the pump controller when the board is powered."""

import gc

import micropython

# From here on the port carries frames, in which a byte that means an interrupt to the prompt is one like any other.
micropython.kbd_intr(-1)
# On a stock board the program is loaded into memory; collected often meanwhile, it leaves room in one piece behind it.
gc.threshold(4_096)

from thecal_fw.main import main  # noqa: E402

gc.collect()
gc.threshold(-1)
main()
