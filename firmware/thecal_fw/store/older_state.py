"""The state's record of layout 1, as firmware before this wrote it. Read only, at the first reset after an update."""

import struct

_NAMES = (
    "program_pair",
    "sequence",
    "boots",
    "bridge_end",
    "watchdog_reset_0_s",
    "watchdog_reset_1_s",
    "delivering",
    "reservoir_known",
    "program_bytes",
    "time_source",
    "other_pair_erased",
    "offset_minutes",
    "active_alarms",
    "uncertain_steps",
    "unseen_steps",
    "stalled_steps",
    "fill_nl",
    "filled_at_steps",
    "calibration_id",
    "nl_per_rev",
    "microsteps_per_rev",
    "program_digest",
    "latest_event",
    "counted_steps",
    "granted_steps",
    "lifetime_s",
    "utc_s",
    "utc_us",
    "bolus_minute",
)
FORMAT = "<3xBIHHIIBBHBBhIIIIIIIII32sIIIIIII4x"


def decode_into(state, record) -> None:
    values = struct.unpack(FORMAT, record)
    for index in range(len(_NAMES)):
        setattr(state, _NAMES[index], values[index])
