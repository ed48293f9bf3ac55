"""The overview that a visit needs first of a pump, in a nurse's words, and what has happened since the last refill.

The rest of what an interrogation reports is for the bench and stays behind ``thecal interrogate --all``. What is as it
should be takes no line where a line would only be read over: stalls, passed over boluses and the like are reported
where there are any.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from thecal.alarm_sets import names_of
from thecal.amounts import plain
from thecal.bolus import kind_name
from thecal.clocks import duration_text
from thecal.program_figures import gives_therapy
from thecal.reports.handout import date_text, dose_text
from thecal.reports.interrogation import Interrogation, events_since_last_visit
from thecal_fw.core import events
from thecal_fw.core.alarms import ALARMS, AT_CLEARED_BY, AT_NAME, AT_NUMBER
from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_PATIENT, KIND_PRIME

if TYPE_CHECKING:
    from thecal.client import Event
    from thecal.dose_history import LastDose

_ON_DEMAND = (KIND_CLINICIAN, KIND_PATIENT, KIND_PRIME)
_WORDS = {
    events.EVENT_RESET: "the pump restarted",
    events.EVENT_PROGRAM_COMMITTED: "the program was changed",
    events.EVENT_STARTED: "delivery was started",
    events.EVENT_STOPPED: "delivery was stopped",
    events.EVENT_TIME_SET: "the clock was set",
    events.EVENT_BOLUS_REFUSED: "a bolus was refused",
    events.EVENT_PASSED_OVER: "boluses of the program were passed over",
    events.EVENT_METER_HELD: "a dose was held back",
    events.EVENT_STALLED: "the motor stalled",
    events.EVENT_MISSED: "something prescribed was not given",
    events.EVENT_HELD: "delivery was held",
    events.EVENT_PAIRED: "a new key was given",
    events.EVENT_WRONG_KEY: "a wrong key was tried",
    events.EVENT_LOST_EVENTS: "entries of the log were lost",
}


def overview_rows(read: Interrogation) -> list[tuple[str, str]]:
    status, program = read.status, read.program
    patient = program.patient if program is not None and program.patient else "not named in the program"
    rows = [("patient", patient), ("state", _state(read)), ("dose", _dose(read))]
    if read.last_dose is not None and not (status.is_delivering and gives_therapy(program)):
        rows.append(("last delivered", _last_delivered(read.last_dose)))
    if status.drug:
        rows.append(("drug", f"{status.drug}, {status.concentration_ng_per_ml / 1e3:g} mcg/mL"))
    rows += [("refill by", _refill_by(read)), ("reservoir", _reservoir(read))]
    rows += [("ALARM" if status.active_alarms else "alarms", text) for text in _alarms(status.active_alarms)]
    rows += read.clocks.rows()
    boluses = read.boluses
    rows.append(
        (
            "boluses on demand",
            f"{boluses.on_demand_in_24_h} in the last 24 hours, {boluses.patient_in_24_h} of them the patient's",
        )
    )
    return rows + [("look at", text) for text in _to_look_at(read)]


def since_last_refill(read: Interrogation) -> list[tuple[str, str]]:
    """Return what has happened since: each kind of thing once, how often and when last, by the pump's local time."""
    told: dict[str, list[Event]] = {}
    for event in events_since_last_visit(read.log):
        words = _words(event)
        if words:
            told.setdefault(words, []).append(event)
    offset = read.status.offset_minutes
    return [
        (words, f"{'once' if len(found) == 1 else f'{len(found)} times'}, {_when(found, offset)}")
        for words, found in told.items()
    ]


def _state(read: Interrogation) -> str:
    status = read.status
    if not status.is_delivering:
        return f"{status.state_name.upper()}: gives nothing. `thecal start` begins delivery"
    return (
        f"{status.state_name}, a change is about to take effect"
        if status.change_pending
        else status.state_name
    )


def _dose(read: Interrogation) -> str:
    status, program = read.status, read.program
    if program is None or not gives_therapy(program):
        return "none that is meant to act" if program is not None and program.delivers() else "none"
    if read.bridge_left_s:
        volume = f"{status.rate_nl_per_day / 1e6:g} mL/day"
        left = duration_text(read.bridge_left_s)
        return f"now {volume} of the drug before: bridge, {left} left; then {dose_text(program)}"
    now = f", now {plain(status.dose_mcg_per_day)} mcg/day" if status.is_delivering else ", not given now"
    return f"{dose_text(program)}{now}"


def _last_delivered(last: LastDose) -> str:
    ended = "still given" if last.ended_ago_s is None else f"until {duration_text(last.ended_ago_s)} ago"
    return f"{plain(last.mcg_per_day)} mcg/day, {ended}, by the pump's running time"


def _refill_by(read: Interrogation) -> str:
    if read.dates is None:
        return "not known: no program that delivers, or it is not known what the reservoir holds"
    if read.dates.refill_by is None:
        return date_text(None)
    days = (read.dates.refill_by - read.local_read_at).days
    late = " PAST" if days < 0 else f", in {days} days"
    return f"{date_text(read.dates.refill_by)}{late}"


def _reservoir(read: Interrogation) -> str:
    status = read.status
    if not status.fill_known:
        return "not known; set it with `thecal refill`"
    filled = (
        f", filled on {date_text(datetime.combine(status.last_refill, datetime.min.time()))}"
        if (status.last_refill)
        else ""
    )
    return f"{status.residual_nl / 1e6:.1f} of {status.fill_nl / 1e6:g} mL by calculation{filled}"


def _alarms(active: int) -> list[str]:
    if not active:
        return ["none"]
    rows = [row for row in ALARMS if active >> row[AT_NUMBER] & 1]
    return [f"{row[AT_NAME]}; cleared by: {row[AT_CLEARED_BY]}" for row in rows]


def _to_look_at(read: Interrogation) -> list[str]:
    """Return everything that is not as it should be."""
    status, found = read.status, []
    if status.passed_over:
        found.append(f"{status.passed_over} boluses of the program were passed over since the refill")
    if status.stalls:
        found.append(f"the motor stalled {status.stalls} times since the refill")
    if status.failed_tests:
        found.append(f"the self-test failed: {', '.join(status.failed_test_names)}")
    if read.boluses.held_by_meter:
        found.append(f"{read.boluses.held_by_meter} doses were held back since the refill")
    if not read.boluses.is_history_known:
        found.append("what was given before the last reset is not known: no bolus on demand for now")
    if status.uncertain_nl >= 1_000:
        found.append(
            f"{float(status.uncertain_nl) / 1e3:.1f} microlitres since the refill may not have been given"
        )
    return found


def _words(event: Event) -> str:
    """Return a nurse's words for an event; empty for what only the bench wants to know."""
    if event.code == events.EVENT_ALARM_RAISED:
        return f"alarm: {''.join(names_of(1 << event.first)) or event.first}"
    if event.code == events.EVENT_BOLUS_BEGUN:
        kind = event.second >> events.KIND_SHIFT
        return f"{kind_name(kind)} bolus given" if kind in _ON_DEMAND else ""
    return _WORDS.get(event.code, "")


def _when(found: Sequence[Event], offset_minutes: int) -> str:
    last = found[-1]
    if not last.time_source:
        return "the pump did not know the time"
    local = datetime.fromtimestamp(last.utc_s, UTC) + timedelta(minutes=offset_minutes)
    return f"{'on' if len(found) == 1 else 'last on'} {local:%a %Y-%m-%d %H:%M} by the pump's clock"
