"""Months of therapy on the model with a fault every few hours, each chosen at random, and a look at everything between.

Promises: the same seed gives the same run. Between two faults delivery is as prescribed to the microstep; each fault is
found, answered, reported and cleared as the alarm table says; nothing comes out that is not counted, save for what a
pump had counted whose journal was taken over.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from thecal_fw.core import alarms, events
from thecal_fw.core.alarms import ALARM_NAMES
from thecal_hil.contract.rig import ResetCause
from thecal_hil.course.course import MICROSTEPS_PER_NL, Course, local_second
from thecal_hil.course.therapy import continuous
from thecal_hil.evidence.measurements import write_summary
from thecal_hil.groundwork.progress import Share, shown
from thecal_hil.rigs.model_rig import ModelRig
from thecal_hil.scenario.alarm_causes import ROWS, acknowledge
from thecal_hil.scenario.alarm_trial import carry_out
from thecal_sim.units import NS_PER_S, S_PER_DAY

FULL_NL = 18_000_000
REFILL_EVERY_S = 10 * S_PER_DAY
THERAPY = continuous(424_000)
FOUND_WITHIN_S = 1_800.0
"""At this rate 15 minutes do not hold 50 steps, and a slipping motor takes so long to be found. The bounds themselves
are tried in tests/scenarios/test_alarms.py, at the rates they are stated for."""
CALM_S = (1 * 3_600, 8 * 3_600)
"""Least and most time between two faults."""
NOT_IN_PASSING = frozenset(
    {
        alarms.EMPTY_RESERVOIR,
        alarms.LOW_RESERVOIR,
        alarms.RESERVOIR_UNKNOWN,
        alarms.TIME_UNKNOWN,
        alarms.PUMP_STOPPED,
        alarms.STOPPED_LONG,
        alarms.TUBING_DUE,
        alarms.REPLACEMENT_DUE,
        alarms.END_OF_SERVICE,
        alarms.REPEATED_STARTS,
    }
)
"""These take a pump that was prepared for them."""
COUNT_IS_LOST = frozenset({alarms.JOURNAL_FOREIGN})
"""What another firmware has counted can't be read, and the pump begins anew."""
_EVIDENCE = Path("build/evidence/longrun.json")


@dataclass
class LongRun:
    """tried: how often each fault was, by the name of its alarm. worst_detection_s likewise. resets: made to leave a
    watchdog reset behind. wrong: what did not hold, and on which day."""

    seed: int
    days: float = 0
    tried: Counter[str] = field(default_factory=Counter)
    worst_detection_s: dict[str, float] = field(default_factory=dict)
    steps: int = 0
    resets: int = 0
    wrong: list[str] = field(default_factory=list)


class _Therapy:
    """One pump, and what is true of it."""

    def __init__(self, run: LongRun) -> None:
        self.run = run
        self.rig = ModelRig()
        self.course = Course(self.rig)
        self.chance = random.Random(run.seed)
        self._unknown_steps = 0
        self.course.set_time(local_second("2026-03-06 08:00"))
        self.course.prescribe(THERAPY)
        self.course.refill(FULL_NL)
        self.course.start()
        self.rig.run_for(10)
        self._refilled_ns = self.rig.now_ns

    def must(self, holds: bool, what: str) -> None:
        if not holds:
            self.run.wrong.append(f"day {self.rig.now_ns / NS_PER_S / S_PER_DAY:.2f}: {what}")

    @property
    def delivered_steps(self) -> int:
        return len(self.rig.model.step_times_ns)

    def be_calm(self) -> None:
        """Let it deliver undisturbed for some hours, and hold what came out against the prescription."""
        seconds = self.chance.randrange(*CALM_S)
        before, begin_ns = self.delivered_steps, self.rig.now_ns
        self.rig.run_for(seconds)
        due = Fraction(THERAPY.program.rate_nl_per_day * seconds, S_PER_DAY) * MICROSTEPS_PER_NL
        came = self.delivered_steps - before
        self.must(
            abs(came - due) <= 1, f"{came} microsteps came in {seconds} s, {float(due):.2f} are prescribed"
        )
        status = self.rig.pump().interrogate()
        self.must(not status.active_alarms, f"alarms {status.active_alarms:#x} while nothing was wrong")
        if begin_ns - self._refilled_ns > REFILL_EVERY_S * NS_PER_S:
            self.course.refill(FULL_NL)
            self._refilled_ns = self.rig.now_ns

    def suffer(self, alarm: int) -> None:
        """Suffer one fault, from its cause to its end, and what a person does about it."""
        name = ALARM_NAMES[alarm]
        # One of them is about a change of the program, and ends in another one.
        changed_to = ROWS[alarm].rate_nl_per_day if alarm == alarms.CHANGE_LATE else None
        trial = carry_out(self.course, alarm, FOUND_WITHIN_S, changed_to or THERAPY.program.rate_nl_per_day)
        self.run.tried[name] += 1
        worst = self.run.worst_detection_s.get(name, 0.0)
        self.run.worst_detection_s[name] = max(worst, round(trial.detection_s, 3))
        for what in trial.wrong:
            self.must(False, what)
        self._put_in_order()
        if alarm in COUNT_IS_LOST:
            self._unknown_steps = self.delivered_steps - self.rig.pump().interrogate().lifetime_steps
        self._check_count()

    def _put_in_order(self) -> None:
        """Do what a person does after a fault: acknowledge, set the time, program, fill and start again as needed."""
        acknowledge(self.course)
        status = self.rig.pump().interrogate()
        if status.reset_cause == events.RESET_WATCHDOG:
            self.rig.reset(ResetCause.POWER_ON)
            self.run.resets += 1
        self.course.set_time(local_second("2026-03-06 08:00") + self.rig.now_ns // NS_PER_S)
        status = self.rig.pump().interrogate()
        if status.program_digest != THERAPY.program.digest() or not status.has_program:
            self.course.prescribe(THERAPY)
        if not status.fill_known:
            self.course.refill(FULL_NL)
        acknowledge(self.course)
        self.rig.run_for(3)
        if not self.rig.pump().interrogate().is_delivering:
            self.course.start()
        self.rig.run_for(10)

    def _check_count(self) -> None:
        before = self.delivered_steps
        status = self.rig.pump().interrogate()
        self.must(status.is_delivering, f"{status.state_name} though everything is in order")
        known = status.lifetime_steps + self._unknown_steps
        self.must(known >= before, f"{before} microsteps came and only {known} are known")

    def check_log(self) -> None:
        log = self.rig.pump().log()
        numbers = [event.sequence for event in log]
        self.must(numbers == sorted(set(numbers)), "event numbers are given twice or out of order")


def long_run(days: float, seed: int) -> LongRun:
    """Run so many days with faults chosen by the seed."""
    run = LongRun(seed)
    therapy = _Therapy(run)
    choice = sorted(set(ROWS) - NOT_IN_PASSING)
    ends_ns = days * S_PER_DAY * NS_PER_S
    with shown("long run", Share(lambda: therapy.rig.now_ns / ends_ns)):
        while therapy.rig.now_ns < ends_ns:
            therapy.be_calm()
            therapy.suffer(therapy.chance.choice(choice))
    therapy.check_log()
    run.days = round(therapy.rig.now_ns / NS_PER_S / S_PER_DAY, 3)
    run.steps = therapy.delivered_steps
    return run


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil long-run", description=__doc__)
    parser.add_argument("--days", type=float, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    print(f"long run: {options.days:g} days on the model, seed {options.seed}")
    began = time.monotonic()
    run = long_run(options.days, options.seed)
    write_summary(_EVIDENCE, {**run.__dict__, "tried": dict(sorted(run.tried.items()))})
    for name, count in sorted(run.tried.items()):
        print(f"  {name:26} {count:4} times, found within {run.worst_detection_s[name]:8.1f} s")
    for what in run.wrong:
        print(what)
    verdict = "FAIL" if run.wrong else "PASS"
    print(
        f"longrun: {verdict} {run.days:g} days, {run.steps:,} microsteps, {run.tried.total()} faults,"
        f" {len(run.wrong)} violations, {time.monotonic() - began:.0f} s; written to {_EVIDENCE}"
    )
    return 1 if run.wrong else 0
