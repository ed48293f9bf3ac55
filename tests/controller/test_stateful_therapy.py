"""Any sequence of what a host may do leaves every pulse where the prescription puts it."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous, flex
from thecal_fw.core import alarms, events
from thecal_sim.units import NS_PER_S

_RATES = st.one_of(st.integers(48_000, 24_000_000), st.sampled_from((48_000, 423_800, 5_000_000, 24_000_000)))
_PATTERNS = st.lists(
    st.lists(st.tuples(st.integers(1, 1_439), _RATES), max_size=6, unique_by=lambda step: step[0]).map(
        sorted
    ),
    min_size=1,
    max_size=3,
)
_ENOUGH_PULSES = 30_000


class Therapy(RuleBasedStateMachine):
    """A pump in use: programmed, started, stopped, refilled, its clock set, and left alone in between."""

    @initialize(utc_s=st.integers(MONDAY_UTC_S, MONDAY_UTC_S + 7 * 86_400), rate=_RATES)
    def begin(self, utc_s: int, rate: int) -> None:
        self.bench = PumpBench()
        self.bench.set_time(utc_s)
        self.bench.commit(continuous(rate))
        self.bench.refill()
        self.delivering = False
        self.utc_s = utc_s

    @rule(rate=_RATES)
    def commit_a_constant_rate(self, rate: int) -> None:
        self.bench.commit(continuous(rate))

    @rule(patterns=_PATTERNS, first_rate=_RATES, weekdays=st.lists(st.integers(0, 2), min_size=7, max_size=7))
    def commit_a_daily_pattern(self, patterns, first_rate: int, weekdays: list[int]) -> None:
        days = [[(0, first_rate), *steps] for steps in patterns]
        self.bench.commit(flex(days, tuple(index % len(days) for index in weekdays)))

    @precondition(lambda self: not self.delivering)
    @rule()
    def start(self) -> None:
        self.bench.start()
        self.delivering = True

    @precondition(lambda self: self.delivering)
    @rule()
    def stop(self) -> None:
        self.bench.stop()
        self.delivering = False

    @rule(
        week_s=st.integers(0, 7 * 86_400),
        utc_us=st.one_of(st.just(0), st.integers(0, 999_999)),
        offset_minutes=st.integers(-840, 840),
    )
    def set_the_clock(self, week_s: int, utc_us: int, offset_minutes: int) -> None:
        self.bench.set_time(self.utc_s + week_s, utc_us, offset_minutes)

    @rule()
    def refill(self) -> None:
        self.bench.refill()

    @rule(frames=st.lists(st.binary(max_size=300), max_size=4))
    def noise_on_the_link(self, frames: list[bytes]) -> None:
        for noise in frames:
            self.bench.pump.serial.write(noise + b"\0")

    @rule(us=st.one_of(st.integers(0, 2_000_000), st.integers(0, 2_000)))
    def let_a_moment_pass(self, us: int) -> None:
        self.bench.pump.run_for(us * 1_000)

    @precondition(lambda self: len(self.bench.pump.step_times_ns) < _ENOUGH_PULSES)
    @rule(seconds=st.integers(1, 1_500))
    def let_minutes_pass(self, seconds: int) -> None:
        self.bench.run_for(seconds)

    @invariant()
    def nothing_is_owed_but_a_microstep(self) -> None:
        if hasattr(self, "bench"):
            self.bench.assert_as_prescribed()

    def teardown(self) -> None:
        if not hasattr(self, "bench"):
            return
        bench = self.bench
        bench.run_for(2)
        bench.assert_as_prescribed()
        faults = 1 << alarms.TIMING_FAULT | 1 << alarms.PULSES_MISSING | 1 << alarms.PULSES_IN_EXCESS
        assert not bench.status()["active_alarms"] & faults
        assert not bench.events(events.EVENT_TIMING_FAULT)
        assert bench.pump.now_ns >= NS_PER_S


TestTherapy = Therapy.TestCase
TestTherapy.settings = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
