"""Patient and clinician ask for anything, in any order: every bolus is whole or reported as cut short, the basal rate
is as prescribed, and no limit is passed in any window.

Requests alone, against the oracle; ``make doses`` has every event beside them, against the reference of therapy.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from controller.link_host import RefusedError
from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous, flex, within_limits
from thecal_fw.core import events
from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_PATIENT
from thecal_fw.core.program import PatientBolus, PeriodicBolus, Program
from thecal_fw.core.week import most_nl_in_any_day, most_nl_in_any_hour
from thecal_fw.link import messages
from thecal_sim.units import NS_PER_S

STEPS = 300
_STEPS_OF_A_RUN = 30
_HOUR_NS = 3_600 * NS_PER_S
_DAY_NS = 24 * _HOUR_NS
_ENOUGH_PULSES = 5_000

_PATIENT = st.tuples(st.integers(15, 300), st.integers(1, 6)).map(
    lambda drawn: PatientBolus(2_880_000, 5, drawn[0], drawn[1])
)
_ROOM_NL = st.integers(0, 60_000)


@dataclass
class Given:
    """A bolus on demand that the pump has said it gives; it may end sooner."""

    kind: int
    start_ns: int
    end_ns: int
    nl_per_day: int

    def given_nl(self, from_ns: int, to_ns: int) -> Fraction:
        ns = max(0, min(to_ns, self.end_ns) - max(from_ns, self.start_ns))
        return Fraction(self.nl_per_day * ns, _DAY_NS)


class Doses(RuleBasedStateMachine):
    """A pump beside a bed: programs, presses, boluses, stops, and whatever time goes by in between."""

    resets = False

    @initialize(basal=st.integers(48_000, 900_000), patient=_PATIENT, room_nl=_ROOM_NL)
    def begin(self, basal: int, patient: PatientBolus, room_nl: int) -> None:
        self.bench = PumpBench()
        self.bench.set_time(MONDAY_UTC_S)
        self.given: list[Given] = []
        self.was_reset = False
        self._commit(continuous(basal), patient, room_nl)
        self.bench.refill()
        self.start()

    def _commit(self, program: Program, patient: PatientBolus, room_nl: int) -> None:
        program.most_nl_per_bolus = 100_000
        program.patient_bolus = patient
        within_limits(program)
        program.most_nl_per_hour += room_nl
        program.most_nl_per_day += 2 * room_nl
        self._cut(self.bench.commit(program))
        self.program = program

    def _cut(self, t_ns: int) -> None:
        """End what is under way at an instant; what was to begin then or later is not given."""
        for bolus in self.given:
            bolus.end_ns = max(bolus.start_ns, min(bolus.end_ns, t_ns))

    @rule(basal=st.integers(48_000, 900_000), patient=_PATIENT, room_nl=_ROOM_NL, periodic=st.booleans())
    def commit_a_constant_rate(self, basal: int, patient: PatientBolus, room_nl: int, periodic: bool) -> None:
        program = continuous(basal)
        if periodic:
            program.periodic_bolus = PeriodicBolus(7, 120, 1_440_000, 10)
        self._commit(program, patient, room_nl)

    @rule(evening=st.integers(48_000, 900_000), patient=_PATIENT, room_nl=_ROOM_NL, at=st.integers(0, 1_400))
    def commit_a_day_with_boluses(self, evening: int, patient: PatientBolus, room_nl: int, at: int) -> None:
        program = flex([[(0, 424_000), (1_000, evening)]])
        program.boluses = [[(at, 1_440_000, 20)]]
        self._commit(program, patient, room_nl)

    @precondition(lambda self: not self.bench.is_delivering)
    @rule()
    def start(self) -> None:
        self.bench.start()
        self.bench.run_for(2)

    @precondition(lambda self: self.bench.is_delivering)
    @rule()
    def stop(self) -> None:
        self._cut(self.bench.stop())

    @rule()
    def press(self) -> None:
        self._ask(KIND_PATIENT, 2_880_000, 300)

    @rule(rate=st.integers(100_000, 14_400_000), minutes=st.integers(1, 60))
    def give_a_clinicians_bolus(self, rate: int, minutes: int) -> None:
        self._ask(KIND_CLINICIAN, rate, 60 * minutes)

    def _ask(self, kind: int, rate: int, seconds: int) -> None:
        try:
            start_ns = self.bench.give_bolus(kind, rate, seconds)
        except RefusedError as refused:
            if refused.code != messages.ERROR_BOLUS_REFUSED:
                raise
            return
        wanted = Given(kind, start_ns, start_ns + seconds * NS_PER_S, rate)
        self.given.append(wanted)
        self._hold_against_limits(wanted)

    def _hold_against_limits(self, wanted: Given) -> None:
        """Check that no window that sees something of the new bolus holds more than the program allows beside its
        own."""
        program, patient = self.program, self.program.patient_bolus
        assert patient is not None
        allowed_nl = {
            _HOUR_NS: program.most_nl_per_hour - most_nl_in_any_hour(program),
            _DAY_NS: program.most_nl_per_day - most_nl_in_any_day(program),
        }
        for window_ns, most_nl in allowed_nl.items():
            recent = [bolus for bolus in self.given if bolus.end_ns + window_ns > wanted.start_ns]
            turns = {turn for bolus in recent for turn in (bolus.start_ns, bolus.end_ns)}
            for end_ns in turns | {turn + window_ns for turn in turns}:
                if wanted.start_ns < end_ns <= wanted.end_ns + window_ns:
                    total = sum(bolus.given_nl(end_ns - window_ns, end_ns) for bolus in recent)
                    assert total <= most_nl, (window_ns, total, most_nl)
        if wanted.kind == KIND_PATIENT:
            starts = [bolus.start_ns for bolus in self.given if bolus.kind == KIND_PATIENT]
            assert len([at for at in starts if at > wanted.start_ns - _DAY_NS]) <= patient.most_per_day
            if len(starts) > 1:
                assert wanted.start_ns - starts[-2] >= patient.lockout_minutes * 60 * NS_PER_S

    @rule()
    def cancel(self) -> None:
        if self.bench.is_delivering:
            self._cut(self.bench.cancel_bolus())

    @precondition(lambda self: self.resets)
    @rule(cause=st.sampled_from((events.RESET_WATCHDOG, events.RESET_POWER_ON)))
    def reset(self, cause: int) -> None:
        self.bench.reset(cause)
        self.was_reset = True
        # What had been read of the log before is read again while nothing is due.
        self.bench.run_for(5)
        if cause == events.RESET_POWER_ON:
            self._cut(self.bench.pump.now_ns)

    @precondition(lambda self: len(self.bench.pump.step_times_ns) < _ENOUGH_PULSES)
    @rule(minutes=st.integers(1, 240))
    def let_hours_pass(self, minutes: int) -> None:
        self.bench.run_for(60 * minutes)

    @rule(seconds=st.floats(0, 90))
    def let_a_moment_pass(self, seconds: float) -> None:
        self.bench.run_for(seconds)

    def teardown(self) -> None:
        if not hasattr(self, "bench") or self.was_reset:
            return
        self.bench.run_for(2)
        self.bench.assert_as_prescribed()
        log = self.bench.bolus_events()
        on_demand = [entry for entry in log if entry[1] in (KIND_PATIENT, KIND_CLINICIAN)]
        begun = [entry for entry in on_demand if entry[0] == "begun"]
        ended = [entry for entry in on_demand if entry[0] == "ended"]
        assert len(begun) == len(self.given)
        assert 0 <= len(begun) - len(ended) <= 1


class DosesOverResets(Doses):
    """The same with resets: the limits hold over them, too."""

    resets = True


_SETTINGS = settings(
    max_examples=max(1, STEPS // 2 // _STEPS_OF_A_RUN),
    stateful_step_count=_STEPS_OF_A_RUN,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
TestDoses = Doses.TestCase
TestDoses.settings = _SETTINGS
TestDosesOverResets = DosesOverResets.TestCase
TestDosesOverResets.settings = _SETTINGS
