"""Figures of an attempt that are read off what the pump reports: its log, its interrogation, its answers.

Promises: as for the probe's figures. One that was to happen and is not in the log is not a number, and so fails.
"""

from __future__ import annotations

from math import ceil, isnan, nan

import numpy as np

from thecal.client import Event
from thecal.status import Status
from thecal_fw.core import events
from thecal_fw.core.alarms import ALARM_NAMES
from thecal_fw.core.bolus import KIND_NAMES
from thecal_fw.core.bolus_history import REFUSAL_NAMES
from thecal_hil.contract.rig import BUZZER
from thecal_hil.course.course import MICROSTEPS_PER_NL
from thecal_hil.scenario.attempt import Attempt
from thecal_hil.scenario.params import Given
from thecal_hil.scenario.pulse_measures import enabled_after_ns, window_ns
from thecal_sim.units import NL_PER_UL, NS_PER_MS, NS_PER_S

ALARMS = ALARM_NAMES
EVENTS = events.EVENT_NAMES
KINDS = KIND_NAMES
REFUSALS = REFUSAL_NAMES
COUNTERS = {
    "garbled frames": "frames_garbled",
    "overlong frames": "frames_overlong",
    "dropped replies": "replies_dropped",
}
_NL_PER_STEP = 1 / MICROSTEPS_PER_NL
_ANSWERED_WITHIN_NS = NS_PER_S // 2


# --- alarms


def _changes(attempt: Attempt, code: int, alarm: str) -> list[tuple[int, Event]]:
    number = ALARM_NAMES.index(alarm)
    return [(t_ns, event) for t_ns, event in attempt.events(code) if event.first == number]


def _first_after(attempt: Attempt, given: Given, code: int) -> float:
    after_ns = attempt.after_zero_ns(given["after"])
    later = [t_ns for t_ns, _ in _changes(attempt, code, given["alarm"]) if t_ns >= after_ns]
    return (later[0] - after_ns) / NS_PER_S if later else nan


def raised_at_ns(attempt: Attempt, alarm: str) -> int | None:
    """Return when the pump says that it raised an alarm first, in the rig's time."""
    raised = _changes(attempt, events.EVENT_ALARM_RAISED, alarm)
    return raised[0][0] if raised else None


def raised_after_s(attempt: Attempt, given: Given) -> float:
    return _first_after(attempt, given, events.EVENT_ALARM_RAISED)


def cleared_after_s(attempt: Attempt, given: Given) -> float:
    return _first_after(attempt, given, events.EVENT_ALARM_CLEARED)


def times_raised(attempt: Attempt, given: Given) -> float:
    begin_ns, end_ns = window_ns(attempt, given)
    raised = _changes(attempt, events.EVENT_ALARM_RAISED, given["alarm"])
    return sum(begin_ns <= t_ns <= end_ns for t_ns, _ in raised)


def is_active(attempt: Attempt, given: Given) -> float:
    return _look(attempt, given).active_alarms >> ALARM_NAMES.index(given["alarm"]) & 1


def active_alarms(attempt: Attempt, given: Given) -> float:
    return bin(_look(attempt, given).active_alarms).count("1")


def low_reservoir_pulse_error(attempt: Attempt, given: Given) -> float:
    """Return how many microsteps the log's low-reservoir alarm is off, counted from the fill of the set-up."""
    raised, due = _changes(attempt, events.EVENT_ALARM_RAISED, "low reservoir"), _low_reservoir_pulse(attempt)
    return nan if not raised or due is None else raised[0][1].second - due


def _low_reservoir_pulse(attempt: Attempt) -> int | None:
    """Return the microstep with which the calculated volume reaches the threshold, exactly."""
    setup = attempt.scenario.setup
    if setup.fill_nl is None or setup.prescription is None:
        return None
    low_nl = attempt.therapy(setup.prescription).low_reservoir_nl
    return ceil((setup.fill_nl - low_nl) * MICROSTEPS_PER_NL)


def low_buzzer_ms(attempt: Attempt, given: Given) -> float:
    """Return the time from the pulse with which the low-reservoir alarm is due to the buzzer's next tone."""
    due, steps_ns = _low_reservoir_pulse(attempt), attempt.rig.step_times_ns
    if due is None or not 0 < due <= len(steps_ns):
        return nan
    pulse_ns = int(steps_ns[due - 1])
    sounds = attempt.rig.rising_ns(BUZZER)
    after = sounds[sounds >= pulse_ns]
    return float(after[0] - pulse_ns) / NS_PER_MS if len(after) else nan


def empty_reservoir_pulse_error(attempt: Attempt, given: Given) -> float:
    raised = _changes(attempt, events.EVENT_ALARM_RAISED, "empty reservoir")
    fill_nl = attempt.scenario.setup.fill_nl
    return nan if not raised or fill_nl is None else raised[0][1].second - ceil(fill_nl * MICROSTEPS_PER_NL)


# --- what interrogation tells


def _look(attempt: Attempt, given: Given) -> Status:
    if "at" in given:
        return attempt.looks[given["at"]]
    if attempt.final is None:
        raise RuntimeError("the attempt is not over")
    return attempt.final


def rate_ul_per_day(attempt: Attempt, given: Given) -> float:
    return _look(attempt, given).rate_nl_per_day / NL_PER_UL


def is_delivering(attempt: Attempt, given: Given) -> float:
    return int(_look(attempt, given).is_delivering)


def residual_ml(attempt: Attempt, given: Given) -> float:
    return _look(attempt, given).residual_nl / 1_000_000


def residual_error_ul(attempt: Attempt, given: Given) -> float:
    """Return what the pump reports is left less what is, by the probe; both since the fill of the set-up, at the
    end."""
    fill_nl = attempt.scenario.setup.fill_nl
    if fill_nl is None or attempt.final is None:
        return nan
    steps = attempt.rig.step_times_ns
    given_nl = float(int((steps <= attempt.ends_ns).sum()) * _NL_PER_STEP)
    return (attempt.final.residual_nl - max(0.0, fill_nl - given_nl)) / NL_PER_UL


def uncertain_ul(attempt: Attempt, given: Given) -> float:
    return float(_look(attempt, given).uncertain_nl) / NL_PER_UL


def uncertain_quanta(attempt: Attempt, given: Given) -> float:
    """Return the uncertain volume in quanta of the program: as much as one power cut may leave uncertain."""
    look = _look(attempt, given)
    return look.uncertain_steps / look.quantum_steps


def lost_steps(attempt: Attempt, given: Given) -> float:
    return _look(attempt, given).lost_steps


def unseen_steps(attempt: Attempt, given: Given) -> float:
    return _look(attempt, given).unseen_steps


def lifetime_less_seen_steps(attempt: Attempt, given: Given) -> float:
    """Return what the pump counts as delivered in its life less what the probe saw: below zero, something is
    forgotten."""
    if attempt.final is None:
        return nan
    return attempt.final.lifetime_steps - int((attempt.rig.step_times_ns <= attempt.ends_ns).sum())


def worst_miscount_steps(attempt: Attempt, given: Given) -> float:
    """Return how far the pump's own count was from the probe's at any look."""
    steps_ns = attempt.rig.step_times_ns
    worst = 0 if attempt.looks else nan
    for at_ns, look in attempt.looks.items():
        # The answer takes a moment; a pulse may come out within it.
        asked_ns = attempt.after_zero_ns(at_ns)
        least, most = np.searchsorted(steps_ns, [asked_ns, asked_ns + _ANSWERED_WITHIN_NS], "right")
        worst = max(worst, int(least) - look.lifetime_steps, look.lifetime_steps - int(most))
    return worst


def reset_to_delivering_ms(attempt: Attempt, given: Given) -> float:
    """Return the longest time from a reset to an enabled driver and a program in force, over all resets."""
    effective_ns = [t_ns for t_ns, _ in attempt.events(events.EVENT_PROGRAM_EFFECTIVE)]
    found = [
        max(
            next((t_ns for t_ns in effective_ns if t_ns >= reset.clock_ns), nan),
            enabled_after_ns(attempt, reset.clock_ns),
        )
        - reset.began_ns
        for reset in attempt.resets
    ]
    return nan if not found or any(map(isnan, found)) else max(found) / NS_PER_MS


def least_queued_ms(attempt: Attempt, given: Given) -> float:
    queued = [look.queued_ms for look in attempt.looks.values() if look.is_delivering]
    return min(queued) if queued else nan


def has_program(attempt: Attempt, given: Given) -> float:
    """Return 1 if the pump's program is a certain prescription, else 0."""
    return int(
        _look(attempt, given).program_digest == attempt.therapy(given["prescription"]).program.digest()
    )


def knows_time(attempt: Attempt, given: Given) -> float:
    return int(bool(_look(attempt, given).time_source))


def counter(attempt: Attempt, given: Given) -> float:
    return 0 if attempt.final is None else getattr(attempt.final, COUNTERS[given["counter"]])


def heap_per_pulse_bytes(attempt: Attempt, given: Given) -> float:
    return nan if attempt.heap_bytes_per_pulse is None else attempt.heap_bytes_per_pulse


# --- boluses


def _of_kind(attempt: Attempt, given: Given, code: int) -> list[Event]:
    begin_ns, end_ns = window_ns(attempt, given)
    kind = KIND_NAMES.index(given["kind"])
    return [
        event
        for t_ns, event in attempt.events(code)
        if event.second >> events.KIND_SHIFT == kind and begin_ns <= t_ns <= end_ns
    ]


def boluses_whole(attempt: Attempt, given: Given) -> float:
    ended = _of_kind(attempt, given, events.EVENT_BOLUS_ENDED)
    return sum(not event.second & events.WAS_CUT_SHORT for event in ended)


def boluses_cut_short(attempt: Attempt, given: Given) -> float:
    return sum(
        event.second & events.WAS_CUT_SHORT for event in _of_kind(attempt, given, events.EVENT_BOLUS_ENDED)
    )


def bolus_volume_ul(attempt: Attempt, given: Given) -> float:
    """Return all that boluses of a kind have given, by the log."""
    return sum(event.first for event in _of_kind(attempt, given, events.EVENT_BOLUS_ENDED)) / NL_PER_UL


def boluses_refused(attempt: Attempt, given: Given) -> float:
    refused = _of_kind(attempt, given, events.EVENT_BOLUS_REFUSED)
    if "reason" in given:
        refused = [event for event in refused if event.first == REFUSAL_NAMES.index(given["reason"])]
    return len(refused)


# --- the log and the flash


def logged(attempt: Attempt, given: Given) -> float:
    begin_ns, end_ns = window_ns(attempt, given)
    code = events.EVENT_NAMES.index(given["event"])
    return sum(begin_ns <= t_ns <= end_ns for t_ns, _ in attempt.events(code))


def logged_after_s(attempt: Attempt, given: Given) -> float:
    after_ns = attempt.after_zero_ns(given["after"])
    code = events.EVENT_NAMES.index(given["event"])
    later = [t_ns for t_ns, _ in attempt.events(code) if t_ns >= after_ns]
    return (later[0] - after_ns) / NS_PER_S if later else nan


def gaps_in_log(attempt: Attempt, given: Given) -> float:
    """Return the events missing of all from the attempt's beginning to the latest that the pump reports, each counted
    once."""
    if attempt.final is None or not attempt.log:
        return nan
    numbers = {event.sequence for event in attempt.log}
    return attempt.final.latest_event - attempt.first_event + 1 - len(numbers)


def most_sector_erases(attempt: Attempt, given: Given) -> float:
    erases = attempt.rig.sector_erases()
    return max(erases) if erases else nan


def refusals(attempt: Attempt, given: Given) -> float:
    return sum(bool(answer.refusal) for answer in attempt.answers)
