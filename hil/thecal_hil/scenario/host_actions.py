"""The actions of a host in the course of a scenario, in clinical units: program, start, refill, boluses, clock,
keys.

Promise: each does what its command on the terminal does, through the same client, and raises what that would.
"""

from __future__ import annotations

from fractions import Fraction

from thecal.bridge import bridged
from thecal.errors import BadInputError
from thecal.judgement import unsettled
from thecal.program_review import review as review_program
from thecal.residual_check import judge_residual
from thecal.titration import GROUPS
from thecal_fw.core.alarms import ALARM_NAMES
from thecal_fw.core.bolus import KIND_NAMES, KIND_PATIENT
from thecal_fw.core.events import EVENT_BOLUS_BEGUN, KIND_SHIFT, SECONDS_MASK
from thecal_fw.core.roles import ROLE_NAMES
from thecal_fw.core.service_life import PART_NAMES
from thecal_hil.course.drills import heap_bytes_per_pulse
from thecal_hil.scenario.attempt import Attempt, key_of, utc_second
from thecal_hil.scenario.params import Given
from thecal_sim.ideal import Span
from thecal_sim.units import NL_PER_ML, NS_PER_S, S_PER_DAY

ALARMS = ALARM_NAMES
PARTS = PART_NAMES
_AFTER_A_PRESS_S = 1.0
"""By then the pump has made up its mind."""
_NOTICE_NS = 200_000_000
"""A bolus begins on the first whole second that lies so long after it was asked for."""
_NG_PER_MCG = 1_000

__all__ = ["GROUPS"]


def start(attempt: Attempt, given: Given) -> None:
    attempt.course.start()


def stop(attempt: Attempt, given: Given) -> None:
    attempt.course.stop()


def program(attempt: Attempt, given: Given) -> None:
    attempt.course.prescribe(attempt.therapy(given["prescription"]))


def program_with_bridge(attempt: Attempt, given: Given) -> None:
    """Program the pump with a bridge; raise BadInputError if there is nothing to bridge."""
    therapy = attempt.therapy(given["prescription"])
    running = attempt.course.pump.read_program()
    bridge = bridged(running, therapy.program).bridge
    if bridge is None:
        raise BadInputError(
            ["the prescription is for what the pump holds already: there is nothing to bridge"]
        )
    attempt.course.prescribe_after_bridge(therapy, bridge)


def review(attempt: Attempt, given: Given) -> None:
    """Review what a person sees before anything is sent; raise BadInputError if something has to be settled
    first."""
    running = attempt.course.pump.read_program()
    lines = unsettled(review_program(running, attempt.therapy(given["prescription"]).program, given["group"]))
    if lines:
        raise BadInputError(lines)


def refill(attempt: Attempt, given: Given) -> None:
    fill_nl = _nl(given["fill_ml"])
    attempt.course.refill(fill_nl)
    if attempt.rig.has_plant:
        attempt.rig.plant.refill(fill_nl)


def withdraw(attempt: Attempt, given: Given) -> None:
    """Judge what was drawn at a refill; raises BadInputError with the verdict if it calls for evaluation."""
    status = attempt.course.pump.interrogate()
    program = attempt.course.pump.read_program()
    if program is None:
        raise BadInputError(["the pump has no program"])
    found = judge_residual(
        status.fill_nl,
        status.residual_nl,
        _nl(given["withdrawn_ml"]),
        program.accuracy_permille,
        status.uncertain_nl,
    )
    if found.must_evaluate:
        raise BadInputError([found.text()])
    attempt.note(found.text())


def bolus(attempt: Attempt, given: Given) -> None:
    """Give a bolus; raise BadInputError if the program has no such bolus or a value is missing."""
    kind = KIND_NAMES.index(given["kind"])
    running = attempt.course.pump.read_program()
    if running is None:
        raise BadInputError(["the pump has no program"])
    if kind == KIND_PATIENT:
        if running.patient_bolus is None:
            raise BadInputError(["the program has no patient bolus"])
        attempt.course.give_bolus(
            kind, running.patient_bolus.rate_nl_per_day, 60 * running.patient_bolus.minutes
        )
        return
    if "dose_mcg" not in given or "over" not in given:
        raise BadInputError([f"a {given['kind']} bolus takes dose_mcg and over"])
    seconds = given["over"] // NS_PER_S
    volume_nl = given["dose_mcg"] * _NG_PER_MCG * NL_PER_ML / running.concentration_ng_per_ml
    attempt.course.give_bolus(kind, round(volume_nl * S_PER_DAY / seconds), seconds)


def cancel_bolus(attempt: Attempt, given: Given) -> None:
    attempt.course.cancel_bolus()


def temporary_rate(attempt: Attempt, given: Given) -> None:
    """Give a temporary rate; raise BadInputError if the pump has no program."""
    running = attempt.course.pump.read_program()
    if running is None:
        raise BadInputError(["the pump has no program"])
    volume_nl = given["dose_mcg_per_day"] * _NG_PER_MCG * NL_PER_ML / running.concentration_ng_per_ml
    attempt.course.set_temporary_rate(round(volume_nl), given["lasting"] // NS_PER_S)


def end_temporary_rate(attempt: Attempt, given: Given) -> None:
    attempt.course.end_temporary_rate()


def set_clock(attempt: Attempt, given: Given) -> None:
    offset_min = given.get("utc_offset_min", attempt.scenario.setup.utc_offset_min)
    attempt.course.set_time(utc_second(given["local"], offset_min), offset_min)


def set_clock_right(attempt: Attempt, given: Given) -> None:
    """Set the very time that the clock shows, or one so far ahead of it, perhaps with another offset."""
    now_s = attempt.course.clock.wall_ns(attempt.rig.now_ns) // NS_PER_S
    attempt.course.set_time(now_s + 60 * given.get("ahead_min", 0), given["utc_offset_min"])


def acknowledge(attempt: Attempt, given: Given) -> None:
    pump = attempt.course.pump
    names = given["alarms"]
    bits = sum(1 << ALARM_NAMES.index(name) for name in names) if names else pump.interrogate().active_alarms
    pump.acknowledge(bits)


def weigh_heap(attempt: Attempt, given: Given) -> None:
    attempt.heap_bytes_per_pulse = heap_bytes_per_pulse(attempt.rig)


def hold_button(attempt: Attempt, given: Given) -> None:
    attempt.rig.hold_button(True)


def release_button(attempt: Attempt, given: Given) -> None:
    attempt.rig.hold_button(False)


def press_button(attempt: Attempt, given: Given) -> None:
    """Press, let go, and note the patient's bolus if the pump has logged that it gives one."""
    rig, course = attempt.rig, attempt.course
    latest = course.pump.interrogate().latest_event
    rig.hold_button(True)
    rig.run_for(given["lasting"] / NS_PER_S)
    rig.hold_button(False)
    rig.run_for(_AFTER_A_PRESS_S)
    for event in course.pump.log(latest + 1):
        if event.code == EVENT_BOLUS_BEGUN and event.second >> KIND_SHIFT == KIND_PATIENT:
            asked_ns = course.clock.rig_ns_of_boot(event.boot_s, event.boot_us)
            start_ns = course.first_second_after(asked_ns + _NOTICE_NS)
            seconds = event.second & SECONDS_MASK
            course.note_bolus(Span(start_ns, start_ns + seconds * NS_PER_S, Fraction(event.first)))


def renew_part(attempt: Attempt, given: Given) -> None:
    attempt.course.pump.renew_part(PARTS.index(given["part"]))


def pair(attempt: Attempt, given: Given) -> None:
    attempt.course.pump.pair(ROLE_NAMES.index(given["role"]), key_of(given["role"]))


def use_keys(attempt: Attempt, given: Given) -> None:
    attempt.use_keys(given["roles"])


def _nl(volume_ml: Fraction) -> int:
    return round(volume_ml * NL_PER_ML)
