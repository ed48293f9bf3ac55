"""The regions of ``flash_map`` in their places: each a number of sectors in a row, given by its first one."""

from thecal_fw.core import flash_map


class Layout:
    """Sectors of the state ring and its mirror, of the two pairs of programs, and of the events, one behind the
    other. Each ring needs at least two sectors, the event log three. ``sectors`` of them are the journal's; the keys,
    the doses and the meter lie behind, up to ``all_sectors``. Sector 0 is at ``flash_map.STORAGE_AT``."""

    def __init__(
        self,
        state_sectors: int = flash_map.STATE_SECTORS,
        event_sectors: int = flash_map.EVENT_SECTORS,
        dose_sectors: int = flash_map.DOSE_SECTORS,
    ) -> None:
        self.state_sectors = state_sectors
        self.event_sectors = event_sectors
        self.state_a = 0
        self.state_b = state_sectors
        self.programs = 2 * state_sectors
        self.events = self.programs + flash_map.PAIRS * flash_map.COPIES
        self.sectors = self.events + event_sectors
        self.keys = self.sectors
        # Behind everything that there was before, since the numbers of a board never change.
        self.dose_sectors = dose_sectors
        self.doses_a = self.keys + flash_map.KEY_SECTORS
        self.doses_b = self.doses_a + dose_sectors
        self.meter = self.doses_b + dose_sectors
        self.all_sectors = self.meter + flash_map.METER_SECTORS
