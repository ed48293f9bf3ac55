"""Carries out a scenario on a rig and measures what came of it.

Promises: every figure is declared before anything is run, those of the scenario and those that every scenario has:
requests answered as declared, events the rig lost, what the pump did that nothing accounts for, and the gate. A rig
that lacks something leaves a record that says so; so does a run that could not be carried out. Nothing is tried a
second time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from thecal.errors import ThecalError
from thecal_hil.contract import gate
from thecal_hil.contract.rig import Rig, RigUnavailableError
from thecal_hil.evidence.measurements import Evidence, Measurement
from thecal_hil.rigs.opening import open_rig
from thecal_hil.scenario import recording
from thecal_hil.scenario.actions import perform
from thecal_hil.scenario.attempt import Attempt, Twin
from thecal_hil.scenario.document import Check, Scenario
from thecal_hil.scenario.measures import MEASURES
from thecal_hil.scenario.reader import argument_of
from thecal_hil.scenario.record import ScenarioRecord, Status

_ANSWERS = Measurement(
    "answers_not_as_declared", "requests answered otherwise than declared", "requests", most=0
)
_LOST = Measurement("lost_instants", "events lost by the rig", "events", most=0)
_GATE = Measurement(
    "gate_faults", "faults found at the gate", "faults", most=0, requirements=("gate", "tested-is-flashed")
)
_UNSPOKEN = Measurement("unspoken", "alarms and halts that nothing accounts for", "found", most=0)
OF_EVERY_SCENARIO = (_ANSWERS, _LOST, _UNSPOKEN, _GATE)


@dataclass(frozen=True)
class _Event:
    """An event at an instant after the zero."""

    at_ns: int
    do: Callable[[], None]


def lacking(scenario: Scenario, rig_class: type[Rig] | Rig) -> list[str]:
    """Return what a scenario needs and a rig does not have, nor with a plant attached."""
    had = {str(one) for one in (*rig_class.capabilities, *rig_class.attainable_faults())}
    return sorted(scenario.needs - had)


def blank_record(scenario: Scenario, rig_name: str, status: Status, message: str) -> ScenarioRecord:
    """Return the record of a run that has not taken place."""
    declared = (*(check.measurement for check in scenario.checks), *OF_EVERY_SCENARIO)
    return ScenarioRecord(
        name=scenario.name,
        title=scenario.title,
        purpose=scenario.purpose,
        rig=rig_name,
        status=status,
        message=message,
        requirements=scenario.requirements,
        evidence=Evidence(declared),
        reproduce=f"thecal-hil run {argument_of(scenario)} --rig {rig_name}",
    )


def run(scenario: Scenario, rig: Rig, make_twin: Callable[[], Twin] | None = None) -> ScenarioRecord:
    """Carry out a scenario on a freshly started rig; the record says how it went. make_twin: where the same scenario
    on the model comes from, if a figure asks for it."""
    record = blank_record(scenario, rig.name, Status.SKIPPED, "")
    missing = lacking(scenario, rig)
    if missing:
        record.message = f"the {rig.name} rig has no {', '.join(missing)}"
        return record
    record.build = rig.build_under_test
    record.image_sha256 = rig.image_sha256
    if scenario.seed is not None:
        record.seeds = {"case": scenario.seed}
    attempt = Attempt(scenario, rig, make_twin or partial(twin_of, scenario))
    try:
        carry_out(attempt)
        recording.complete(record, attempt)
        for check in scenario.checks:
            record.evidence.take(check.measurement.key, _figure(attempt, check))
        gate_message = _take_common(record.evidence, attempt)
    except (ThecalError, RigUnavailableError, OSError, RuntimeError, ValueError, AssertionError) as error:
        record.status = Status.ERROR
        record.message = f"{type(error).__name__}: {error}"
        record.happenings = tuple(attempt.happenings)
        return record
    record.status = Status.PASSED if record.evidence.passed else Status.FAILED
    unexpected = [answer.text() for answer in attempt.answers if not answer.is_as_declared]
    record.message = "; ".join([*record.evidence.failures(), *unexpected, *gate_message])
    return record


def _figure(attempt: Attempt, check: Check) -> float:
    if "rig" in check.given:
        return attempt.twin.figures[check.measurement.key]
    return MEASURES[check.measure].take(attempt, check.given)


def carry_out(attempt: Attempt) -> None:
    """Set the pump up, and do everything at its instant, up to the end."""
    scenario, rig = attempt.scenario, attempt.rig
    attempt.prepare(scenario.setup)
    for event in _events(attempt):
        rig.run_until(attempt.after_zero_ns(event.at_ns))
        event.do()
    rig.run_until(attempt.after_zero_ns(scenario.duration_ns))
    attempt.finish()


def _events(attempt: Attempt) -> list[_Event]:
    """Return the steps of the course, and looks that checks and the course ask for; at one instant, steps come
    first."""
    scenario = attempt.scenario

    def step(index: int) -> Callable[[], None]:
        return lambda: perform(attempt, index)

    def look(at_ns: int) -> Callable[[], None]:
        return lambda: attempt.look(at_ns)

    steps = [_Event(one.at_ns, step(index)) for index, one in enumerate(scenario.course)]
    looked_at = {check.given["at"] for check in scenario.checks if "at" in check.given}
    looked_at |= {one.at_ns for one in scenario.course if one.do == "look"}
    looks = [_Event(at_ns, look(at_ns)) for at_ns in sorted(looked_at)]
    return sorted([*steps, *looks], key=lambda event: event.at_ns)


def _take_common(evidence: Evidence, attempt: Attempt) -> list[str]:
    """Take the figures of every scenario; what is wrong by them, in words."""
    evidence.take(_ANSWERS.key, sum(not answer.is_as_declared for answer in attempt.answers))
    evidence.take(_LOST.key, attempt.rig.lost_instants())
    found = attempt.unspoken()
    evidence.take(_UNSPOKEN.key, len(found))
    try:
        gate.check_gate(attempt.rig, attempt.scenario.expects)
    except gate.GateError as error:
        evidence.take(_GATE.key, len(str(error).splitlines()) - 1)
        return [*found, str(error)]
    evidence.take(_GATE.key, 0)
    return found


def twin_of(scenario: Scenario) -> Twin:
    """Return the same scenario on the model: its pulses, and the figures that are asked of it."""

    def of_itself() -> Twin:
        return Twin(attempt.rig.step_times_ns - attempt.zero_ns, {})

    attempt = Attempt(scenario, open_rig("model"), of_itself)
    carry_out(attempt)
    asked = [check for check in scenario.checks if "rig" in check.given]
    figures = {check.measurement.key: MEASURES[check.measure].take(attempt, check.given) for check in asked}
    return Twin(of_itself().pulses_ns, figures)
