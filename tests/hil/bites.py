"""A bite of the watchdog as the pump's clock shows it."""

from __future__ import annotations

from thecal_fw.core.events import RESET_WATCHDOG
from thecal_fw.core.wall_clock import TIME_CARRIED_OVER
from thecal_hil.contract.rig import ResetCause, Rig


def lost_in_a_bite_ns(rig: Rig) -> int:
    """Have the watchdog bite a pump that delivers, and hold that it carries time and count over; return the rig's time
    that its clock does not show."""
    wall_ns = rig.clock().wall_ns(rig.now_ns)
    from_ns = rig.now_ns
    rig.reset(ResetCause.WATCHDOG)
    rig.run_for(3)
    after = rig.pump().interrogate()
    assert (after.reset_cause, after.time_source) == (RESET_WATCHDOG, TIME_CARRIED_OVER)
    assert after.uncertain_steps == 0
    passed_ns = rig.clock().wall_ns(rig.now_ns) - wall_ns
    return rig.now_ns - from_ns - passed_ns
