"""A scenario made shorter or longer, or for another prescription: the same course and the same figures.

Promises: what is held against the prescription is as long as asked for, about the same hour of the clock, with every
instant in proportion; what comes behind it keeps its distances. Low reservoir falls at the same share of it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from thecal_hil.course.course import MICROSTEPS_PER_NL
from thecal_hil.scenario.attempt import utc_second
from thecal_hil.scenario.document import Check, Prescribed, Scenario, Step
from thecal_sim.oracle import Epoch, IdealDelivery
from thecal_sim.units import NS_PER_S

_LOW_RESERVOIR_AT = Fraction(3, 4)
_INSTANTS = ("at", "until", "begins", "after")
_ROUND_NL = 100


def stretched(scenario: Scenario, length_ns: int, prescribed: Prescribed) -> Scenario:
    """Return such a scenario with its set-up's prescription replaced; raises BadInputError if the host refuses that."""
    setup, was_ns = scenario.setup, scenario.ideal_until_ns
    assert setup.prescription is not None
    assert setup.clock_local is not None
    assert was_ns is not None

    def moved_ns(t_ns: int) -> int:
        return t_ns * length_ns // was_ns if t_ns < was_ns else t_ns - was_ns + length_ns

    def moved_step(step: Step) -> Step:
        return replace(step, at_ns=moved_ns(step.at_ns))

    def moved_check(check: Check) -> Check:
        given = {key: moved_ns(value) if key in _INSTANTS else value for key, value in check.given.items()}
        return replace(check, given=given)

    local = setup.clock_local + timedelta(microseconds=(was_ns - length_ns) // 2_000)
    begins_ns = utc_second(local, setup.utc_offset_min) * NS_PER_S
    therapy = replace(prescribed, name=setup.prescription).therapy()
    epoch = Epoch(begins_ns, therapy.regimen, setup.utc_offset_min * 60 * NS_PER_S)
    ideal = IdealDelivery([epoch], MICROSTEPS_PER_NL)
    used_nl = int(ideal.volume_nl_at(begins_ns + int(length_ns * _LOW_RESERVOIR_AT))) // _ROUND_NL * _ROUND_NL
    return replace(
        scenario,
        prescriptions={**scenario.prescriptions, setup.prescription: prescribed},
        setup=replace(setup, clock_local=local, fill_nl=therapy.low_reservoir_nl + used_nl),
        course=tuple(map(moved_step, scenario.course)),
        checks=tuple(map(moved_check, scenario.checks)),
        duration_ns=moved_ns(scenario.duration_ns),
        ideal_until_ns=length_ns,
    )
