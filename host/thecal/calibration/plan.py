"""The plan of a calibration, how long it takes and how good it can get, before anything turns.

Promise: the uncertainty that is foreseen is worked out by the same rules as the one that comes of it, from the amounts
and the scatter that the sheet expects; what the head really does may be worse, and then the result says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from thecal.calibration.estimate import foreseen
from thecal.calibration.runs import FORWARD, Run
from thecal.calibration.sheet import Sheet

HANDLING_S = 60.0
"""To read the balance, write down and begin again."""


@dataclass(frozen=True)
class Task:
    """One line of the procedure. turns: 0 for a blank run. seconds: from the first reading to the second. stays: after
    its turns the vessel is left as long as the slowest run takes, so that what evaporates shows apart from the rate."""

    turns: float
    turns_per_min: float
    seconds: float
    stays: bool = False
    direction: int = FORWARD

    @property
    def text(self) -> str:
        if not self.turns:
            return f"blank run: leave the vessel as in a run, {minutes(self.seconds)}"
        way = "" if self.direction == FORWARD else " backward"
        stays = f", then leave it until {minutes(self.seconds)} have gone by" if self.stays else ""
        return f"{self.turns:g} turns{way} at {self.turns_per_min:.4g} turns a minute{stays}"


@dataclass(frozen=True)
class Plan:
    """expanded_percent: foreseen; least_percent: if the head did not scatter at all."""

    tasks: tuple[Task, ...]
    seconds: float
    expanded_percent: float
    least_percent: float
    grams: float


def plan_of(sheet: Sheet) -> Plan:
    tasks = tasks_of(sheet)
    procedure = sheet.procedure
    runs = [
        Run(
            task.turns,
            task.seconds,
            task.turns * procedure.nominal_ul_per_turn / 1_000.0 / sheet.setting.ml_per_unit(),
            task.direction,
            task.turns_per_min,
        )
        for task in tasks
    ]
    expected = foreseen(runs, sheet.setting, procedure.scatter_percent / 100.0)
    return Plan(
        tasks,
        sum(task.seconds + HANDLING_S for task in tasks),
        expected.expanded_percent,
        foreseen(runs, sheet.setting, 0.0).expanded_percent,
        sum(run.amount for run in runs),
    )


def tasks_of(sheet: Sheet) -> tuple[Task, ...]:
    """Return the tasks: every rate in turn, there and back, so that nothing that changes meanwhile looks like the
    rate; of the fastest runs every second one stays; blank runs at the beginning, at the end and spread between."""
    procedure = sheet.procedure
    slowest_s = procedure.turns / min(procedure.rates) * 60.0
    tasks: list[Task] = []
    for number in range(procedure.repeats):
        if number in _places(procedure.blanks, procedure.repeats):
            tasks.append(Task(0.0, 0.0, slowest_s))
        for rate in procedure.rates if number % 2 == 0 else procedure.rates[::-1]:
            stays = bool(number % 2) and rate == max(procedure.rates) > min(procedure.rates)
            tasks.append(
                Task(procedure.turns, rate, slowest_s if stays else procedure.turns / rate * 60.0, stays)
            )
    tasks += [Task(0.0, 0.0, slowest_s)] * (procedure.blanks - sum(1 for task in tasks if not task.turns))
    return tuple(tasks)


def _places(blanks: int, repeats: int) -> set[int]:
    """Return the repetitions before which a blank run comes; one is kept for the end."""
    between = max(0, blanks - 1)
    return {number * repeats // between for number in range(between)} if between else set()


def minutes(seconds: float) -> str:
    hours, rest = divmod(round(seconds / 60.0), 60)
    return f"{hours} h {rest} min" if hours else f"{rest} min"
