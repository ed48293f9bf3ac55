"""Where everything lies in the board's flash: the one place that says so.

From the chip's beginning on: the image; its trailer, on the last page before the storage part; the storage part, which
reaches to the chip's end. On the pump's own image the sectors of ``Layout`` come first in it and the rest is not used;
on a stock image all of it is MicroPython's file system, and each of these sectors a file. The build tells MicroPython
where the storage part begins, and the rigs and the documents take it from here.

The numbers of a board never change once it has kept anything; tests use smaller ones for the journal.
"""

SECTOR_BYTES = 4_096
"""What is erased at once."""
PAGE_BYTES = 256
"""What is programmed at once, at most."""

STORAGE_AT = 640 * 1_024
"""Counted from the beginning of the flash, as is the next one. A stock image of the Pico has its file system there."""
TRAILER_AT = STORAGE_AT - PAGE_BYTES
"""Length and checksum of the image, which may reach up to here."""

STATE_BYTES = 128
"""A slot of the state rings: one record that holds all of the state."""
EVENT_BYTES = 32
"""A slot of the event log: one event."""
PAIRS = 2
"""Places for a program: the one in force, and the one being written."""
COPIES = 2
"""Sectors that a pair consists of, each with a whole copy of the program."""
METER_BYTES = 64
"""A slot of the meter: one page."""
METER_SECTORS = 8
"""Behind the doses, a page every few minutes: see ``meter_pages``."""
KEY_SECTORS = 2
"""Right behind the journal, each with all of the keys: see ``keys``."""


class Layout:
    """Sectors of the state ring and its mirror, of the two pairs of programs, and of the events, one behind the
    other. Each ring needs at least two sectors, the event log three. ``sectors`` of them are the journal's; the keys,
    the doses and the meter lie behind, up to ``all_sectors``. Sector 0 is at ``STORAGE_AT``."""

    def __init__(self, state_sectors: int = 32, event_sectors: int = 60, dose_sectors: int = 32) -> None:
        self.state_sectors = state_sectors
        self.event_sectors = event_sectors
        self.state_a = 0
        self.state_b = state_sectors
        self.programs = 2 * state_sectors
        self.events = self.programs + PAIRS * COPIES
        self.sectors = self.events + event_sectors
        self.keys = self.sectors
        # Behind everything that there was before, since the numbers of a board never change.
        self.dose_sectors = dose_sectors
        self.doses_a = self.keys + KEY_SECTORS
        self.doses_b = self.doses_a + dose_sectors
        self.meter = self.doses_b + dose_sectors
        self.all_sectors = self.meter + METER_SECTORS
