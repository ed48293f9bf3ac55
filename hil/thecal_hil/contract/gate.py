"""The gate: rules that must hold at the end of every test on every rig.

No fault alarm is latched, every error and drop counter is zero, the rig itself lost no event, the pump counted as
many steps as the probe saw, all of them toward the patient, and the board runs the very build under test. A scenario
that means to cause one of these says so beforehand; then its absence is the failure, since the scenario did not do what
it is there for.
"""

from __future__ import annotations

from collections.abc import Collection

from thecal_fw.core import alarms
from thecal_fw.core.events import RESET_NAMES, RESET_POWER_ON
from thecal_hil.contract.rig import Capability, Rig

_OF_USE = (
    alarms.EMPTY_RESERVOIR,
    alarms.LOW_RESERVOIR,
    alarms.RESERVOIR_UNKNOWN,
    alarms.TIME_UNKNOWN,
    alarms.CHANGE_LATE,
    alarms.STOPPED_BY_ALARM,
    alarms.PUMP_STOPPED,
    alarms.STOPPED_LONG,
    alarms.BUTTON_FAULT,
    alarms.TUBING_DUE,
    alarms.REPLACEMENT_DUE,
    alarms.END_OF_SERVICE,
    alarms.REPEATED_STARTS,
)
"""Alarms that the use of a pump in order brings about. Any other, also one that is new, is of a fault."""
_FAULTS = {name: alarm for alarm, name in enumerate(alarms.ALARM_NAMES) if alarm not in _OF_USE}
COUNTERS = {
    "garbled frames": "frames_garbled",
    "overlong frames": "frames_overlong",
    "dropped replies": "replies_dropped",
}
_UNPLANNED_RESET = "watchdog reset"

EXPECTABLE = (*_FAULTS, *COUNTERS, _UNPLANNED_RESET)
"""What a scenario can declare that it means to cause."""


class GateError(AssertionError):
    """The pump is not as every test must leave it; the message lists everything that is wrong."""


def check_names(expected: Collection[str]) -> None:
    """Raise ValueError for a declaration the gate knows nothing of."""
    unknown = sorted(set(expected) - set(EXPECTABLE))
    if unknown:
        raise ValueError(
            f"expects({', '.join(map(repr, unknown))}) is unknown; choose of: {', '.join(EXPECTABLE)}"
        )


def check_gate(rig: Rig, expected: Collection[str] = ()) -> None:
    """Raise GateError unless the pump is as every test must leave it, save for what was declared."""
    check_names(expected)
    found = _found(rig)
    wrong = [text for name, text in found.items() if name not in expected]
    wrong += [
        f"the test declares that it causes {name!r}, but there is none"
        for name in expected
        if name not in found
    ]
    wrong += _about_the_rig(rig)
    if wrong:
        raise GateError(f"the {rig.name} rig does not pass the gate:\n  " + "\n  ".join(wrong))


def _found(rig: Rig) -> dict[str, str]:
    """Return everything a declaration could excuse, by its name."""
    status = rig.fresh_pump().interrogate()
    found = {
        name: f"alarm {name!r} is active"
        for name, alarm in _FAULTS.items()
        if status.active_alarms >> alarm & 1
    }
    for name, attribute in COUNTERS.items():
        count = getattr(status, attribute) - rig.counters_before.get(attribute, 0)
        if count:
            found[name] = f"{count} {name}"
    if status.reset_cause != RESET_POWER_ON:
        found[_UNPLANNED_RESET] = f"the pump was last reset by: {RESET_NAMES[status.reset_cause]}"
    return found


def _about_the_rig(rig: Rig) -> list[str]:
    """Return what no declaration excuses: without it nothing the rig recorded means anything."""
    wrong = []
    pump = rig.pump()
    reported = (pump.version, pump.commit)
    if reported != rig.build_under_test:
        wrong.append(f"the board runs {reported}, under test is {rig.build_under_test}")
    if rig.lost_instants():
        wrong.append(f"the rig could not place {rig.lost_instants()} events in time")
    if rig.has_lost_words():
        wrong.append("the firmware put a word into a FIFO of the chip that was full")
    if Capability.VIRTUAL_TIME in rig.capabilities and (backward := rig.backward_steps()):
        wrong.append(f"{backward} steps came with the direction line away from the patient")
    if Capability.EXACT_EDGES in rig.capabilities:
        before = len(rig.steps_since_boot_ns())
        counted = pump.interrogate().counted_steps - rig.counters_before.get("counted_steps", 0)
        after = len(rig.steps_since_boot_ns())
        if not before <= counted <= after:
            wrong.append(f"the pump counts {counted} steps, the probe saw {before} to {after}")
    return wrong
