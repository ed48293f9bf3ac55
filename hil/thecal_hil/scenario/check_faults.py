"""The faults of a check that could never fail, or never pass: reported when the scenario is read.

Promises: a window has some extent and lies within the course and within what is held against the prescription; limits
leave something between them; a check that is to be evidence for a requirement has one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from thecal.durations import duration_text
from thecal.table import Table
from thecal_hil.scenario.measures import Measure
from thecal_hil.scenario.params import Given

LIMITS = ("least", "most", "exactly")
_INSTANTS = ("at", "until", "begins", "after")
_AGAINST_THE_IDEAL = {"until", "rig"}
"""What those measures take that hold pulses against the prescription."""


def lies_behind(entry: Table, key: str, at_ns: int, duration_ns: int) -> None:
    entry.complain(
        f"{entry.name(key)} = {duration_text(at_ns)!r} lies behind the end,"
        f" duration = {duration_text(duration_ns)!r}"
    )


def judge_window(
    entry: Table, measure: Measure, given: Given, duration_ns: int, ideal_until_ns: int | None
) -> None:
    """Report a window without extent: in it nothing ever happens, so whatever is not to happen there would hold."""
    for key in _INSTANTS:
        if given.get(key) and given[key] > duration_ns:
            lies_behind(entry, key, given[key], duration_ns)
    begins_ns, until_ns = given.get("begins") or 0, given.get("until")
    if until_ns is not None and until_ns <= begins_ns:
        entry.complain(
            f"{entry.name('until')} = {duration_text(until_ns)!r} has to lie after the window's beginning,"
            f" {duration_text(begins_ns)!r}"
        )
    for key in ("begins", "after"):
        if given.get(key) and given[key] == duration_ns:
            lies_behind(entry, key, given[key], duration_ns)
    if set(measure.params) == _AGAINST_THE_IDEAL and ideal_until_ns and (until_ns or 0) > ideal_until_ns:
        entry.complain(
            f"{entry.name('until')} = {duration_text(given['until'])!r} lies behind ideal_until ="
            f" {duration_text(ideal_until_ns)!r}, so that far nothing is held against the prescription"
        )


def judge_limits(
    entry: Table,
    name: str,
    measure: Measure,
    limits: Mapping[str, Fraction | None],
    requirements: Sequence[str],
) -> None:
    """Report limits that nothing can meet. limits: least and most, as far as they are given."""
    least, most = limits.get("least"), limits.get("most")
    if least is not None and most is not None and least > most:
        entry.complain(f"{entry.name(name)}: nothing is at least {least} and at most {most}")
    is_meant = any(key.startswith(tuple(f"{kind}_" for kind in LIMITS)) for key in entry.keys())  # noqa: SIM118
    if requirements and not is_meant:
        entry.complain(
            f"{entry.name(name)}: is to be evidence for {', '.join(requirements)}, and has no limit; give"
            f" least_, most_ or exactly_{measure.unit_key}"
        )
