"""The deeds of a pump that a scenario says nothing of: alarms that it raised, halts that nothing explains.

The ideal course follows the pump's log in both, so no figure of the pulses shows a pump that alarms or pauses for no
reason. Promises: an alarm is accounted for if a check names or implies it, if the gate is to find it, or if the
scenario lists it among its ``alarms``; a halt only if the host asked for it, or an alarm with that response was active.
An alarm that is listed and never raised is reported as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from thecal_fw.core import alarms, events
from thecal_fw.core.alarms import ALARM_NAMES, RESPONSE_STOP
from thecal_hil.course.course import Stretch
from thecal_hil.scenario.document import Scenario
from thecal_hil.scenario.responses import Logged, activity, response_of

_IMPLIED = {
    "low alarm off its pulse": "low reservoir",
    "empty alarm off its pulse": "empty reservoir",
    "really left at the low alarm": "low reservoir",
}


def unspoken(scenario: Scenario, log: Sequence[Logged], stretches: Sequence[Stretch]) -> list[str]:
    """Return each of them in words. log: all of it, in order. stretches: as the host has asked for them."""
    return [*_alarms(scenario, log), *_halts(log, stretches)]


def spoken_of(scenario: Scenario) -> set[str]:
    """Return names of the alarms that a scenario says something of."""
    names = {check.given["alarm"] for check in scenario.checks if "alarm" in check.given}
    implied = {_IMPLIED[check.measure] for check in scenario.checks if check.measure in _IMPLIED}
    return names | implied | {*scenario.alarms, *scenario.expects}


def _alarms(scenario: Scenario, log: Sequence[Logged]) -> Iterator[str]:
    raised = dict.fromkeys(
        ALARM_NAMES[entry.first] for entry in log if entry.code == events.EVENT_ALARM_RAISED
    )
    known = spoken_of(scenario)
    for name in raised:
        if name not in known:
            yield f"alarm {name!r} was raised, and nothing in the scenario speaks of it"
    for name in scenario.alarms:
        if name not in raised:
            yield f"alarm {name!r} is among the scenario's alarms, and was never raised"


def _halts(log: Sequence[Logged], stretches: Sequence[Stretch]) -> Iterator[str]:
    for entry, active in activity(log):
        if entry.code == events.EVENT_STOPPED:
            explained = response_of(active) == RESPONSE_STOP or _is_asked_for(entry.t_ns, stretches)
        elif entry.code == events.EVENT_HELD:
            # With a low supply nothing is written, and what is not written down first is not delivered.
            explained = bool(active >> alarms.SUPPLY_LOW & 1)
        else:
            continue
        if not explained:
            name = events.EVENT_NAMES[entry.code]
            yield f"{name} at {entry.t_ns / 1e9:.6f} s of the rig, which neither the host nor an alarm asked for"


def _is_asked_for(t_ns: int, stretches: Collection[Stretch]) -> bool:
    """Return True if the host has asked for nothing to be delivered at an instant."""
    for stretch in stretches:
        if stretch.begins_ns < t_ns <= stretch.ends_ns:
            asked = [epoch for epoch in stretch.ideal.history if epoch.start_ns <= t_ns]
            return not asked or asked[-1].regimen is None
    return True
