"""A pump continues with the journal that older firmware has left in its flash.

The journals were written by that firmware on the model: one of the commit f0750af (layout 3 of the state) and one of
12007a9 (layout 4). Each delivered 1,000,003 nL/day for 325 s from a full reservoir of 40 mL, its clock set to Monday,
00:00 UTC, and had a motor that stood still from 60 s to 120 s; nobody acknowledged what that raised. They are the
sectors that are not blank, each behind its number, compressed, in base 85.
"""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path

import pytest

from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous
from thecal_fw.core import alarms, events
from thecal_fw.core.journal_condition import GOOD
from thecal_fw.core.pump_state import STATE_DELIVERING
from thecal_fw.core.wall_clock import TIME_RESTORED
from thecal_fw.store.state import LAYOUT_VERSION

JOURNALS = Path(__file__).with_name("journals")
FOUND_BY_ITSELF = {
    "lifetime_steps": 275,
    "counted_steps": 7,
    "uncertain_steps": 64,
    "lost_steps": 16,
    "utc_s": MONDAY_UTC_S + 285,
    "utc_us": 775_480,
    "boots": 2,
}
"""What the older firmware itself, either of them, reports ten seconds after a start with its journal."""
RAISED = 1 << alarms.MOTOR_STALL | 1 << alarms.UNDER_DELIVERY


def started_with(journal: str) -> PumpBench:
    """Return a pump of this firmware, at its first start in the flash that another one has left."""
    bench = PumpBench()
    chip = bench.pump.board.chip
    text = (JOURNALS / f"{journal}.txt").read_text(encoding="ascii")
    content = zlib.decompress(base64.b85decode(text.replace("\n", "")))
    for begin in range(0, len(content), 2 + chip.SECTOR_BYTES):
        (sector,) = struct.unpack_from("<H", content, begin)
        for place, value in enumerate(content[begin + 2 : begin + 2 + chip.SECTOR_BYTES]):
            if value != 0xFF:
                chip.rot(sector, place, 1, value)
    bench.reset(events.RESET_POWER_ON)
    return bench


@pytest.mark.requirement("state-survives-firmware-update", "alarm-numbers-outlive-update")
@pytest.mark.parametrize("journal", ["layout_3", "layout_4"])
def test_a_pump_goes_on_with_the_journal_of_older_firmware_and_what_it_writes_is_read_again(journal) -> None:
    bench = started_with(journal)
    controller = bench.pump.controller
    assert controller.keeper.journal.condition == GOOD
    bench.run_for(10)
    status = bench.status()
    assert status["state"] == STATE_DELIVERING
    assert status["rate_nl_per_day"] == 1_000_003
    assert status["program_digest"] == continuous(1_000_003).digest()
    assert (status["fill_nl"], status["fill_known"]) == (40_000_000, True)
    assert {name: status[name] for name in FOUND_BY_ITSELF} == FOUND_BY_ITSELF
    assert status["time_source"] == TIME_RESTORED
    assert status["offset_minutes"] == 60
    assert status["active_alarms"] == RAISED
    assert controller.keeper.journal._rings._record[1] == LAYOUT_VERSION
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(10)
    again = bench.status()
    assert (again["state"], again["active_alarms"]) == (STATE_DELIVERING, RAISED)
    assert again["program_digest"] == status["program_digest"]
    assert again["lifetime_steps"] > status["lifetime_steps"]
    bench.host.acknowledge(RAISED)
    bench.reset(events.RESET_POWER_ON)
    assert bench.status()["active_alarms"] == 0
