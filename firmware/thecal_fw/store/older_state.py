"""The state's record of layouts 1 and 2, as firmware before this wrote it. Only read, after an update.

What such a firmware did not keep is as in a new pump: parts count their service from the pump's beginning, the day of
the last refill is not known, and no stall has been.
"""

import struct

from thecal_fw.store.state import MOST_GAP_S, NEVER, set_flags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.core.octets import Octets
    from thecal_fw.store.state import State

_OLDER_RESET = "watchdog_reset_0_s"
_BEGIN = ("program_pair", "sequence", "boots", "bridge_end", _OLDER_RESET, "watchdog_reset_s")
_MIDDLE = (
    "offset_minutes",
    "active_alarms",
    "uncertain_steps",
    "unseen_steps",
    "stalled_steps",
    "fill_nl",
    "filled_at_steps",
    "calibration_id",
)
_END = (
    "program_digest",
    "latest_event",
    "counted_steps",
    "granted_steps",
    "lifetime_s",
    "utc_s",
    "utc_us",
    "bolus_minute",
)
_NAMES = {
    1: _BEGIN
    + ("delivering", "reservoir_known", "program_bytes", "time_source", "other_pair_erased")
    + _MIDDLE
    + ("nl_per_rev", "microsteps_per_rev")
    + _END,
    2: _BEGIN
    + ("flags", "other_pair_erased", "program_bytes", "pump_day", "tubing_day", "tubing_hundreds")
    + _MIDDLE
    + ("microsteps_per_rev", "nl_per_rev")
    + _END,
}
FORMATS = {1: "<3xBIHHIIBBHBBhIIIIIIIII32sIIIIIII4x", 2: "<3xBIHHIIBBHHHHhIIIIIIHHI32sIIIIIII4x"}
"""Layout version -> how its record is packed."""


def decode_into(state: "State", record: "Octets") -> None:
    """Tell a new state what is in an undamaged record of one of these layouts."""
    names = _NAMES[record[1]]
    values = struct.unpack(FORMATS[record[1]], record)
    older_s = NEVER
    for index in range(len(names)):
        name, value = names[index], values[index]
        if name == "flags":
            set_flags(state, value)
        elif name == _OLDER_RESET:
            older_s = value
        else:
            setattr(state, name, value)
    if older_s != NEVER:
        state.watchdog_gap_s = min(state.watchdog_reset_s - older_s, MOST_GAP_S)
