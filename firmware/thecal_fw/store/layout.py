"""Where everything lies in the journal's part of the flash: the one place that says so.

Each region is a number of sectors in a row, given by its first sector. The numbers of a board never change once
it has kept anything; tests use smaller ones.
"""

STATE_BYTES = 128
"""A slot of the state rings: one record that holds all of the state."""
EVENT_BYTES = 32
"""A slot of the event log: one event."""
PAIRS = 2
"""Places for a program: the one in force, and the one being written."""
COPIES = 2
"""Sectors that a pair consists of, each with a whole copy of the program."""
METER_SECTORS = 8
"""Behind the doses, a page every few minutes: see ``meter_pages``."""
KEY_SECTORS = 2
"""Right behind the journal, each with all of the keys: see ``keys``."""


class Layout:
    """Sectors of the state ring and its mirror, of the two pairs of programs, and of the events, one behind the
    other. Each ring needs at least two sectors, the event log three. ``sectors`` of them are the journal's; the keys,
    the doses and the meter lie behind, up to ``all_sectors``."""

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
