"""Figures of an attempt that are read off the probe: edges against the ideal, volumes, counts, the lines beside STEP.

Promises: each takes instants of the course and gives one number in the unit it is declared with; nothing the pump says
of itself enters, save where a figure is the difference between the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import numpy as np

from thecal_hil.contract.pump_clock import Instants
from thecal_hil.contract.rig import BUZZER, DIRECTION, DRIVER_ENABLED, ENABLE
from thecal_hil.course.course import MICROSTEPS_PER_NL
from thecal_hil.scenario.attempt import Attempt
from thecal_hil.scenario.params import Given
from thecal_sim.edge_record import Edge
from thecal_sim.oracle import PulseCheck
from thecal_sim.units import NS_PER_MS, NS_PER_S

_UL_PER_STEP = float(1 / MICROSTEPS_PER_NL) / 1_000
_HOUR_NS = 3_600 * NS_PER_S


def window_ns(attempt: Attempt, given: Given) -> tuple[int, int]:
    """Return from where to where to look, in the rig's time; from the zero to the end unless given."""
    begin_ns = attempt.after_zero_ns(given.get("begins", 0))
    end_ns = attempt.after_zero_ns(given["until"]) if "until" in given else attempt.ends_ns
    return begin_ns, end_ns


def _checks(attempt: Attempt, given: Given) -> list[PulseCheck]:
    until_ns = attempt.ideal_until_ns()
    if "until" in given:
        until_ns = min(until_ns, attempt.after_zero_ns(given["until"]))
    return attempt.checks(until_ns)


def worst_edge_ticks(attempt: Attempt, given: Given) -> float:
    found = [check for check in _checks(attempt, given) if check.worst_edge is not None]
    return float(max(check.worst_edge_ticks for check in found)) if found else float("nan")


def worst_volume_error_steps(attempt: Attempt, given: Given) -> float:
    found = _checks(attempt, given)
    return float(max(check.worst_volume_steps for check in found)) if found else float("nan")


def _sum_of(counts: Sequence[int]) -> float:
    """Return a sum; not a number if nothing was held against an ideal at all: then nothing is missing, and nothing is
    shown."""
    return sum(counts) if counts else float("nan")


def missing_pulses(attempt: Attempt, given: Given) -> float:
    return _sum_of([check.missing for check in _checks(attempt, given)])


def extra_pulses(attempt: Attempt, given: Given) -> float:
    return _sum_of([check.extra for check in _checks(attempt, given)])


def pulses_while_stopped(attempt: Attempt, given: Given) -> float:
    return _sum_of([check.while_stopped for check in _checks(attempt, given)])


def steps_in(attempt: Attempt, given: Given) -> Instants:
    begin_ns, end_ns = window_ns(attempt, given)
    times = attempt.rig.step_times_ns
    return times[(times > begin_ns) & (times <= end_ns)]


def pulses(attempt: Attempt, given: Given) -> float:
    return len(steps_in(attempt, given))


def delivered_ul(attempt: Attempt, given: Given) -> float:
    return len(steps_in(attempt, given)) * _UL_PER_STEP


def prescribed_ul(attempt: Attempt, begin_ns: int, end_ns: int) -> float:
    """Return what the prescription makes of a window, over all stretches, as a float of exact rationals."""
    total = 0.0
    for stretch in attempt.stretches:
        begin, end = (min(max(t_ns, stretch.begins_ns), stretch.ends_ns) for t_ns in (begin_ns, end_ns))
        total += float(stretch.ideal.volume_nl_at(end) - stretch.ideal.volume_nl_at(begin)) / 1_000
    return total


def delivered_less_prescribed_ul(attempt: Attempt, given: Given) -> float:
    return delivered_ul(attempt, given) - prescribed_ul(attempt, *window_ns(attempt, given))


def _most_in_any_ul(attempt: Attempt, span_ns: int) -> float:
    times = attempt.rig.step_times_ns
    if not len(times):
        return 0.0
    # A window that holds the most pulses can be moved until it begins with one.
    ends = np.searchsorted(times, times + span_ns, side="left")
    return int((ends - np.arange(len(times))).max()) * _UL_PER_STEP


def most_in_any_hour_ul(attempt: Attempt, given: Given) -> float:
    return _most_in_any_ul(attempt, _HOUR_NS)


def most_in_any_day_ul(attempt: Attempt, given: Given) -> float:
    return _most_in_any_ul(attempt, 24 * _HOUR_NS)


def shortest_interval_ms(attempt: Attempt, given: Given) -> float:
    times = steps_in(attempt, given)
    return float(np.diff(times).min()) / 1e6 if len(times) > 1 else float("nan")


def longest_interval_s(attempt: Attempt, given: Given) -> float:
    times = steps_in(attempt, given)
    return float(np.diff(times).max()) / NS_PER_S if len(times) > 1 else float("nan")


def tones(attempt: Attempt, given: Given) -> float:
    begin_ns, end_ns = window_ns(attempt, given)
    rising = attempt.rig.rising_ns(BUZZER)
    return int(((rising >= begin_ns) & (rising <= end_ns)).sum())


def energised_s(attempt: Attempt, given: Given) -> float:
    """Return how long the driver was enabled within the window."""
    begin_ns, end_ns = window_ns(attempt, given)
    total_ns, on_since_ns = 0, None
    for edge in [*attempt.rig.edges_of(ENABLE), None]:
        t_ns = end_ns if edge is None else edge.t_ns
        if on_since_ns is not None:
            total_ns += max(0, min(t_ns, end_ns) - max(on_since_ns, begin_ns))
        on_since_ns = t_ns if edge is not None and edge.level == DRIVER_ENABLED else None
    return total_ns / NS_PER_S


def direction_changes(attempt: Attempt, given: Given) -> float:
    """Return edges of the direction line while the driver is enabled."""
    enables = attempt.rig.edges_of(ENABLE)
    return sum(_is_energised(enables, edge.t_ns) for edge in attempt.rig.edges_of(DIRECTION))


def _is_energised(enables: Sequence[Edge], t_ns: int) -> bool:
    level = 1
    for edge in enables:
        if edge.t_ns > t_ns:
            break
        level = edge.level
    return level == DRIVER_ENABLED


def resume_ms(attempt: Attempt, given: Given) -> float:
    """Return the longest time from a reset to an enabled driver, over all resets."""
    found: list[float] = []
    for reset in attempt.resets:
        found.append((enabled_after_ns(attempt, reset.clock_ns) - reset.clock_ns) / NS_PER_MS)
    return max(found, default=nan)


def enabled_after_ns(attempt: Attempt, t_ns: int) -> float:
    """Return when the driver was enabled first after an instant; not a number if it was not."""
    on = (edge.t_ns for edge in attempt.rig.edges_of(ENABLE) if edge.level == DRIVER_ENABLED)
    return next((enabled_ns for enabled_ns in on if enabled_ns > t_ns), nan)


def before_clock_ms(attempt: Attempt, given: Given) -> float:
    """Return what of a reset the pump's clock does not show: the boot ROM's part and the start of the clocks."""
    return max(((reset.clock_ns - reset.began_ns) / NS_PER_MS for reset in attempt.resets), default=nan)


def delivering_h(attempt: Attempt, given: Given) -> float:
    """Return how long delivery was asked for within the window."""
    begin_ns, end_ns = window_ns(attempt, given)
    spans = (
        min(stretch.ends_ns, end_ns) - max(stretch.begins_ns, begin_ns)
        for stretch in attempt.course.stretches
    )
    return sum(max(0, span_ns) for span_ns in spans) / _HOUR_NS
