"""The map of the board's flash, from ``thecal_fw/core/flash_map.py`` and what lies in its regions."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

from generators.text import StaleTextError, table
from thecal_fw.core import flash_map
from thecal_fw.core.dose_record import RECORD_BYTES as DOSE_BYTES
from thecal_fw.core.program import MOST_PROGRAM_BYTES
from thecal_fw.store import keys
from thecal_fw.store.layout import Layout

_RP2 = Path(__file__).resolve().parents[2] / "firmware/thecal_fw/rp2"


def chip_map() -> str:
    """Return what lies where in the chip. Raise StaleTextError if what is kept does not fit the flash."""
    flash_bytes: int = runpy.run_path(str(_RP2 / "pins.py"))["FLASH_BYTES"]
    layout = Layout()
    used = flash_map.STORAGE_AT + layout.all_sectors * flash_map.SECTOR_BYTES
    if used > flash_bytes:
        raise StaleTextError(f"the flash ends at {flash_bytes:#x}, before what is kept in it does: {used:#x}")
    return table(
        ("from", "up to", "what"),
        (
            ("0", _place(flash_map.TRAILER_AT), "the image"),
            (_place(flash_map.TRAILER_AT), _place(flash_map.STORAGE_AT), "its trailer: length and checksum"),
            (_place(flash_map.STORAGE_AT), _place(used), f"{layout.all_sectors} sectors, as below"),
            (_place(used), _place(flash_bytes), "not used; on a stock image the file system reaches to here"),
        ),
    )


def _place(offset: int) -> str:
    return f"`0x{offset:06x}`"


def regions() -> tuple[tuple[int, int, str, str, str], ...]:
    """Return the first sector, how many, what, one entry, and where an entry lies, for each region of the storage
    part."""
    one = Layout()
    state, events, doses = one.state_sectors, one.event_sectors, one.dose_sectors
    programs = flash_map.PAIRS * flash_map.COPIES
    return (
        (one.state_a, state, "state, ring A", *_ring(flash_map.STATE_BYTES, state)),
        (one.state_b, state, "state, ring B: the mirror of A", *_likewise(flash_map.STATE_BYTES)),
        (
            one.programs,
            programs,
            f"programs: {flash_map.PAIRS} pairs of sectors, {flash_map.COPIES} copies in each",
            f"up to {MOST_PROGRAM_BYTES:,} bytes",
            "the state names the pair in force",
        ),
        (one.events, events, "events", *_ring(flash_map.EVENT_BYTES, events)),
        (
            one.keys,
            flash_map.KEY_SECTORS,
            "keys, a copy in each",
            f"{keys.RECORD_BYTES} bytes",
            "always the beginning of the sector",
        ),
        (one.doses_a, doses, "doses, ring A", *_ring(DOSE_BYTES, doses)),
        (one.doses_b, doses, "doses, ring B: the mirror of A", *_likewise(DOSE_BYTES)),
        (one.meter, flash_map.METER_SECTORS, "meter", *_ring(flash_map.METER_BYTES, flash_map.METER_SECTORS)),
    )


def _ring(slot_bytes: int, sectors: int) -> tuple[str, str]:
    slots = flash_map.SECTOR_BYTES // slot_bytes
    return (
        f"{slot_bytes} bytes",
        f"number *n*: sector (*n* // {slots}) mod {sectors} of these, slot *n* mod {slots}",
    )


def _likewise(slot_bytes: int) -> tuple[str, str]:
    return f"{slot_bytes} bytes", "likewise"


def sector_table() -> str:
    rows = [
        (f"{first} to {first + count - 1}", what, entry, where)
        for first, count, what, entry, where in regions()
    ]
    return table(("sectors", "what", "one entry", "how a place follows from its number"), rows)


PARTS: dict[str, Callable[[], str]] = {"flash-map": chip_map, "flash-sectors": sector_table}
