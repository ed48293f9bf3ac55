"""The measures of a scenario: one table, read by the reader, the runner and ``thecal-hil show``.

Promises: a measure has one name, one unit, which is in the key of its limits (``most_ticks``), and says which values it
takes and what it needs of a rig. How a figure comes about is in ``pulse_measures`` and ``told_measures``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from thecal_hil.contract.pump_clock import TICK_NS
from thecal_hil.contract.rig import Capability
from thecal_hil.scenario import plant_measures as plant
from thecal_hil.scenario import pulse_measures as pulse
from thecal_hil.scenario import told_measures as told
from thecal_hil.scenario.attempt import Attempt
from thecal_hil.scenario.params import DURATION, TEXT, Given, Params, in_words, word
from thecal_sim.agreement import Agreement, compare_pulses

_EDGES = frozenset({Capability.EXACT_EDGES})
_PLANT = frozenset({Capability.PLANT})


@dataclass(frozen=True)
class Measure:
    """title: with values in {braces}. unit: as shown; unit_key: as it ends the names of limits. take: the figure."""

    title: str
    unit: str
    unit_key: str
    params: Params
    take: Callable[[Attempt, Given], float]
    needs: frozenset[str] = frozenset()

    def text(self, given: Given) -> str:
        return in_words(self.title, given)


def _agreement(attempt: Attempt, given: Given) -> Agreement:
    until_ns = given.get("until", attempt.scenario.duration_ns)
    both = attempt.twin.pulses_ns, attempt.rig.step_times_ns - attempt.zero_ns
    first, second = (pulses_ns[pulses_ns <= until_ns].tolist() for pulses_ns in both)
    return compare_pulses(first, second)


def _distance_from_model_ticks(attempt: Attempt, given: Given) -> float:
    return abs(_agreement(attempt, given).worst_difference_ns) / TICK_NS


def _on_one_rig_only(attempt: Attempt, given: Given) -> float:
    found = _agreement(attempt, given)
    return abs(found.first_pulses - found.second_pulses)


_ON = {"rig": word("model").or_else()}
"""Of the same scenario on the model; of the rig itself unless given."""
_UNTIL = {"until": DURATION.or_else()}
_AGAINST_IDEAL = {**_UNTIL, **_ON}
_WINDOW = {"begins": DURATION.or_else(0), "until": DURATION.or_else()}
_AT = {"at": DURATION.or_else()}
_ALARM = word(*told.ALARMS)
_KIND = word(*told.KINDS)
_EVENT = word(*told.EVENTS)

MEASURES: dict[str, Measure] = {
    # the pulses against what was prescribed
    "worst edge": Measure(
        "edge error, worst[ until {until}][ on the {rig}]",
        "ticks",
        "ticks",
        _AGAINST_IDEAL,
        pulse.worst_edge_ticks,
        _EDGES,
    ),
    "worst volume error": Measure(
        "volume error, worst[ until {until}][ on the {rig}]",
        "microsteps",
        "microsteps",
        _AGAINST_IDEAL,
        pulse.worst_volume_error_steps,
        _EDGES,
    ),
    "pulses missing": Measure(
        "pulses missing[ until {until}][ on the {rig}]",
        "pulses",
        "pulses",
        _AGAINST_IDEAL,
        pulse.missing_pulses,
        _EDGES,
    ),
    "pulses in excess": Measure(
        "pulses in excess[ until {until}][ on the {rig}]",
        "pulses",
        "pulses",
        _AGAINST_IDEAL,
        pulse.extra_pulses,
        _EDGES,
    ),
    "pulses while stopped": Measure(
        "pulses while stopped[ until {until}][ on the {rig}]",
        "pulses",
        "pulses",
        _AGAINST_IDEAL,
        pulse.pulses_while_stopped,
        _EDGES,
    ),
    "delivered less prescribed": Measure(
        "delivered less prescribed[ from {begins}][ until {until}]",
        "uL",
        "ul",
        _WINDOW,
        pulse.delivered_less_prescribed_ul,
        _EDGES,
    ),
    "distance from the model": Measure(
        "the same pulse on the model, worst[ until {until}]",
        "ticks",
        "ticks",
        _UNTIL,
        _distance_from_model_ticks,
        _EDGES,
    ),
    "pulses on one rig only": Measure(
        "pulses on this rig or the model only[ until {until}]",
        "pulses",
        "pulses",
        _UNTIL,
        _on_one_rig_only,
        _EDGES,
    ),
    # the pulses by themselves
    "delivering for": Measure(
        "therapy delivered[ from {begins}][ until {until}]", "h", "h", _WINDOW, pulse.delivering_h
    ),
    "pulses": Measure(
        "pulses[ from {begins}][ until {until}]", "pulses", "pulses", _WINDOW, pulse.pulses, _EDGES
    ),
    "delivered": Measure(
        "delivered[ from {begins}][ until {until}]", "uL", "ul", _WINDOW, pulse.delivered_ul, _EDGES
    ),
    "most in any hour": Measure(
        "most delivered in any hour", "uL", "ul", {}, pulse.most_in_any_hour_ul, _EDGES
    ),
    "most in any 24 hours": Measure(
        "most delivered in any 24 hours", "uL", "ul", {}, pulse.most_in_any_day_ul, _EDGES
    ),
    "shortest interval": Measure(
        "shortest time between pulses[ from {begins}][ until {until}]",
        "ms",
        "ms",
        _WINDOW,
        pulse.shortest_interval_ms,
        _EDGES,
    ),
    "longest interval": Measure(
        "longest time between pulses[ from {begins}][ until {until}]",
        "s",
        "s",
        _WINDOW,
        pulse.longest_interval_s,
        _EDGES,
    ),
    # the lines beside STEP
    "tones": Measure(
        "tones of the buzzer[ from {begins}][ until {until}]", "tones", "tones", _WINDOW, pulse.tones, _EDGES
    ),
    "motor energised": Measure(
        "motor energised[ from {begins}][ until {until}]", "s", "s", _WINDOW, pulse.energised_s, _EDGES
    ),
    "direction changes": Measure(
        "changes of direction while energised", "edges", "edges", {}, pulse.direction_changes, _EDGES
    ),
    "resume time": Measure("reset to enabled driver, longest", "ms", "ms", {}, pulse.resume_ms, _EDGES),
    "reset to delivering": Measure(
        "reset to delivering, longest", "ms", "ms", {}, told.reset_to_delivering_ms, _EDGES
    ),
    "before the clock runs": Measure(
        "of a reset, before the pump's clock runs, longest", "ms", "ms", {}, pulse.before_clock_ms, _EDGES
    ),
    # the plant
    "come out": Measure(
        "come out at the tip[ from {begins}][ until {until}]", "uL", "ul", _WINDOW, plant.come_out_ul, _PLANT
    ),
    "air moved": Measure("air moved by the head[ until {at}]", "uL", "ul", _AT, plant.air_ul, _PLANT),
    "highest pressure": Measure(
        "highest pressure in the line[ from {begins}][ until {until}]",
        "kPa",
        "kpa",
        _WINDOW,
        plant.highest_pressure_kpa,
        _PLANT,
    ),
    "unintended bolus": Measure(
        "let go within a minute of {after}, beyond what is due",
        "uL",
        "ul",
        {"after": DURATION},
        plant.unintended_bolus_ul,
        _PLANT,
    ),
    "really left at the low alarm": Measure(
        "really left when the low-reservoir alarm is raised",
        "mL",
        "ml",
        {},
        plant.left_at_low_alarm_ml,
        _PLANT,
    ),
    # alarms
    "alarm raised within": Measure(
        "alarm {alarm}: raised after", "s", "s", {"alarm": _ALARM, "after": DURATION}, told.raised_after_s
    ),
    "alarm cleared within": Measure(
        "alarm {alarm}: cleared after", "s", "s", {"alarm": _ALARM, "after": DURATION}, told.cleared_after_s
    ),
    "alarm raised": Measure(
        "alarm {alarm}: raised[ from {begins}][ until {until}]",
        "times",
        "times",
        {"alarm": _ALARM, **_WINDOW},
        told.times_raised,
    ),
    "alarm active": Measure(
        "alarm {alarm}: active[ at {at}]", "(1: yes)", "yes", {"alarm": _ALARM, **_AT}, told.is_active
    ),
    "alarms active": Measure("alarms active[ at {at}]", "alarms", "alarms", _AT, told.active_alarms),
    "low alarm off its pulse": Measure(
        "low-reservoir alarm off its pulse[ on the {rig}]",
        "pulses",
        "pulses",
        _ON,
        told.low_reservoir_pulse_error,
    ),
    "buzzer after the low alarm": Measure(
        "from the low-reservoir alarm's pulse to the buzzer", "ms", "ms", {}, told.low_buzzer_ms, _EDGES
    ),
    "empty alarm off its pulse": Measure(
        "empty-reservoir alarm off its pulse", "pulses", "pulses", {}, told.empty_reservoir_pulse_error
    ),
    # interrogation
    "rate told": Measure("rate reported[ at {at}]", "uL/day", "ul_per_day", _AT, told.rate_ul_per_day),
    "delivering": Measure("delivering[ at {at}]", "(1: yes)", "yes", _AT, told.is_delivering),
    "residual told": Measure("volume left, reported[ at {at}]", "mL", "ml", _AT, told.residual_ml),
    "residual error": Measure(
        "volume left, reported less true", "uL", "ul", {}, told.residual_error_ul, _EDGES
    ),
    "uncertain": Measure("uncertain volume[ at {at}]", "uL", "ul", _AT, told.uncertain_ul),
    "uncertain quanta": Measure(
        "uncertain volume, in quanta[ at {at}]", "quanta", "quanta", _AT, told.uncertain_quanta
    ),
    "lost": Measure(
        "microsteps lost by the motor, reported[ at {at}]", "microsteps", "microsteps", _AT, told.lost_steps
    ),
    "unseen": Measure(
        "pulses that did not come back[ at {at}]", "microsteps", "microsteps", _AT, told.unseen_steps
    ),
    "counted less seen": Measure(
        "counted in its life less seen by the probe",
        "microsteps",
        "microsteps",
        {},
        told.lifetime_less_seen_steps,
        _EDGES,
    ),
    "count told": Measure(
        "count told at each look less the probe's, worst",
        "microsteps",
        "microsteps",
        {},
        told.worst_miscount_steps,
        _EDGES,
    ),
    "queued ahead": Measure("pulses queued ahead, least", "ms", "ms", {}, told.least_queued_ms),
    "heap per pulse": Measure(
        "taken from the heap by steady delivery",
        "bytes/pulse",
        "bytes_per_pulse",
        {},
        told.heap_per_pulse_bytes,
    ),
    "has program": Measure(
        "the program is {prescription}[ at {at}]",
        "(1: yes)",
        "yes",
        {"prescription": TEXT, **_AT},
        told.has_program,
    ),
    "knows the time": Measure("knows the time[ at {at}]", "(1: yes)", "yes", _AT, told.knows_time),
    "counter": Measure("{counter}", "times", "times", {"counter": word(*told.COUNTERS)}, told.counter),
    # boluses
    "boluses given whole": Measure(
        "boluses given whole: {kind}[ from {begins}][ until {until}]",
        "boluses",
        "boluses",
        {"kind": _KIND, **_WINDOW},
        told.boluses_whole,
    ),
    "boluses cut short": Measure(
        "boluses cut short: {kind}[ from {begins}][ until {until}]",
        "boluses",
        "boluses",
        {"kind": _KIND, **_WINDOW},
        told.boluses_cut_short,
    ),
    "bolus volume": Measure(
        "given by boluses: {kind}[ from {begins}][ until {until}]",
        "uL",
        "ul",
        {"kind": _KIND, **_WINDOW},
        told.bolus_volume_ul,
    ),
    "boluses refused": Measure(
        "boluses refused: {kind}[, {reason}][ from {begins}][ until {until}]",
        "boluses",
        "boluses",
        {"kind": _KIND, "reason": word(*told.REFUSALS).or_else(), **_WINDOW},
        told.boluses_refused,
    ),
    # the log, the flash, the answers
    "logged": Measure(
        "logged: {event}[ from {begins}][ until {until}]",
        "times",
        "times",
        {"event": _EVENT, **_WINDOW},
        told.logged,
    ),
    "logged within": Measure(
        "logged after: {event}", "s", "s", {"event": _EVENT, "after": DURATION}, told.logged_after_s
    ),
    "gaps in the log": Measure("entries missing from the log", "entries", "entries", {}, told.gaps_in_log),
    "sector erases": Measure(
        "erases of a sector of flash, most", "erases", "erases", {}, told.most_sector_erases, _EDGES
    ),
    "requests refused": Measure("requests refused", "requests", "requests", {}, told.refusals),
}
"""Every measure, by the name it has in a scenario."""
