"""The state's record of layouts 1 to 4, as firmware before this wrote it. Only read, after an update.

What such a firmware did not keep is as in a new pump: parts count their service from the pump's beginning, the day of
the last refill is not known, and no stall has been. It had room for 32 alarms. Layouts 1 to 3 count microsteps with 32
bits.
"""

import struct

from thecal_fw.core.alarm_sets import SET_BYTES
from thecal_fw.store.state import MOST_GAP_S, NEVER, complete_counts, set_flags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.core.octets import Octets
    from thecal_fw.store.state import State

_SKIPPED = ""
"""What nobody reads: the name of a place that is passed over."""
_BEGIN = (
    (_SKIPPED, "3x"),
    ("program_pair", "B"),
    ("sequence", "I"),
    ("boots", "H"),
    ("bridge_end", "H"),
)
_LAST_TWO_RESETS = (("watchdog_reset_0_s", "I"), ("watchdog_reset_s", "I"))
_LAST_RESET_AND_REFILL = (("watchdog_reset_s", "I"), ("watchdog_gap_s", "H"), ("refilled_day", "H"))
_FLAGS_AND_DAYS = (
    ("flags", "B"),
    ("other_pair_erased", "B"),
    ("program_bytes", "H"),
    ("pump_day", "H"),
    ("tubing_day", "H"),
    ("tubing_hundreds", "H"),
)
_ALARMS = (("offset_minutes", "h"), ("active_alarms", "4s"), ("uncertain_steps", "I"))
_UNSEEN = ((_SKIPPED, "4x"),)
_COUNTED_HIGH = (("counted_high", "I"),)
_RESERVOIR = (("stalled_steps", "I"), ("fill_nl", "I"), ("filled_at_steps", "I"))
_CALIBRATION = (("calibration_id", "H"), ("microsteps_per_rev", "H"), ("nl_per_rev", "I"))
_END = (
    ("program_digest", "32s"),
    ("latest_event", "I"),
    ("counted_steps", "I"),
    ("granted_steps", "I"),
    ("lifetime_s", "I"),
    ("utc_s", "I"),
    ("utc_us", "I"),
    ("bolus_minute", "I"),
    (_SKIPPED, "4x"),
)
_RECORDS = {
    1: _BEGIN
    + _LAST_TWO_RESETS
    + (
        ("delivering", "B"),
        ("reservoir_known", "B"),
        ("program_bytes", "H"),
        ("time_source", "B"),
        ("other_pair_erased", "B"),
    )
    + _ALARMS
    + _UNSEEN
    + _RESERVOIR
    + (("calibration_id", "I"), ("nl_per_rev", "I"), ("microsteps_per_rev", "I"))
    + _END,
    2: _BEGIN + _LAST_TWO_RESETS + _FLAGS_AND_DAYS + _ALARMS + _UNSEEN + _RESERVOIR + _CALIBRATION + _END,
    3: _BEGIN
    + _LAST_RESET_AND_REFILL
    + _FLAGS_AND_DAYS
    + _ALARMS
    + _UNSEEN
    + _RESERVOIR
    + _CALIBRATION
    + _END,
    4: _BEGIN
    + _LAST_RESET_AND_REFILL
    + _FLAGS_AND_DAYS
    + _ALARMS
    + _COUNTED_HIGH
    + _RESERVOIR
    + _CALIBRATION
    + _END,
}
"""Layout version -> the name of each place of its record, and its format."""


def decode_into(state: "State", record: "Octets") -> None:
    """Put into a new state what is in an undamaged record of one of these layouts."""
    places = _RECORDS[record[1]]
    values = iter(struct.unpack("<" + "".join([form for _, form in places]), record))
    older_s = NEVER
    counted_high = 0
    for name, _ in places:
        if name == _SKIPPED:
            continue
        value = next(values)
        if name == "flags":
            set_flags(state, value)
        elif name == "watchdog_reset_0_s":
            older_s = value
        elif name == "counted_high":
            counted_high = value
        elif name == "active_alarms":
            state.active_alarms = value + bytes(SET_BYTES - len(value))
        else:
            setattr(state, name, value)
    if older_s != NEVER:
        state.watchdog_gap_s = min(state.watchdog_reset_s - older_s, MOST_GAP_S)
    complete_counts(state, counted_high)
