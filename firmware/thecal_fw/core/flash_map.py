"""The place of everything in the board's flash, and the one module that says so.

From the chip's beginning on: the image; its trailer, on the last page before the storage part; the storage part, which
reaches to the chip's end. On the pump's own image its first ``SECTORS`` are used, one region behind the other in the
order in which they stand here, and the rest is not. On a stock image all of it is MicroPython's file system, and each
of these sectors a file.

Numbers only, which the build writes out wherever the firmware uses them. It gives MicroPython the place where the
storage part begins; rigs and documents take all of it from here. They never change once a board has kept anything.
``store.layout`` gives the regions their places, in tests also to smaller ones.
"""

SECTOR_BYTES = 4_096
"""What is erased at once."""
PAGE_BYTES = 256
"""What is programmed at once, at most."""

STORAGE_AT = 640 * 1_024
"""Counted from the beginning of the flash, as is the next one. A stock image of the Pico has its file system there."""
TRAILER_AT = STORAGE_AT - PAGE_BYTES
"""Length and checksum of the image, which may reach up to here."""

STATE_SECTORS = 32
"""Of a ring; behind it lies its mirror."""
STATE_BYTES = 128
"""A slot: one record that holds all of the state."""
PAIRS = 2
"""Places for a program: the one in force, and the one being written."""
COPIES = 2
"""Sectors that a pair consists of, each with a whole copy of the program."""
EVENT_SECTORS = 60
EVENT_BYTES = 32
"""A slot: one event. With the log ends what is the journal's."""
KEY_SECTORS = 2
"""Each with all of the keys: see ``keys``."""
DOSE_SECTORS = 32
"""Of a ring; behind it lies its mirror."""
METER_SECTORS = 8
METER_BYTES = 64
"""A slot: a page every few minutes, see ``meter_pages``."""
SECTORS = 2 * STATE_SECTORS + PAIRS * COPIES + EVENT_SECTORS + KEY_SECTORS + 2 * DOSE_SECTORS + METER_SECTORS
