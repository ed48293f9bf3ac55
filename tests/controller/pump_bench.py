"""A model pump with a host on its link, that keeps the history of what is prescribed as it goes.

Every change made through it enters the history at the instant the pump says it takes effect, so that at any
time the pulses so far can be held against the oracle.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from controller.link_host import LinkHost
from thecal_fw.core import events
from thecal_fw.core.bolus import KIND_PATIENT
from thecal_fw.core.calibration import BENCH_CALIBRATION
from thecal_fw.core.limits import BENCH_LIMITS, MINIMUM_RATE_NL_PER_DAY, Limits
from thecal_fw.core.modes import MODE_CONTINUOUS, MODE_FLEX, MODE_MINIMUM_RATE, MODE_STOPPED
from thecal_fw.core.program import Program
from thecal_fw.core.schedule import most_patient_nl
from thecal_fw.core.week import most_nl_in_any_day, most_nl_in_any_hour
from thecal_fw.link import messages
from thecal_sim.edges import Edge
from thecal_sim.ideal import Periodic, Span
from thecal_sim.model import ModelPump
from thecal_sim.oracle import Epoch, IdealDelivery, PulseCheck, Regimen, check_pulses
from thecal_sim.units import NS_PER_MINUTE, NS_PER_S, NS_PER_US, TICK_NS

MICROSTEPS_PER_NL = Fraction(BENCH_CALIBRATION.microsteps_per_rev, BENCH_CALIBRATION.nl_per_rev)
MINIMUM_RATE = Regimen.constant(MINIMUM_RATE_NL_PER_DAY)
MONDAY_UTC_S = 1_772_409_600
"""Monday, 2 March 2026, 00:00 UTC."""
SECONDS_PER_DAY = 86_400


def within_limits(program: Program) -> Program:
    """Return the program with the narrowest limits it passes validation with."""
    program.most_nl_per_hour = most_nl_in_any_hour(program) + most_patient_nl(program, 60)
    program.most_nl_per_day = most_nl_in_any_day(program) + most_patient_nl(program, 1_440)
    return program


def continuous(nl_per_day: int) -> Program:
    return within_limits(Program(MODE_CONTINUOUS, "baclofen", 500_000, 1, nl_per_day, 40_000_000, 2_000_000))


def flex(patterns: list[list[tuple[int, int]]], weekdays: tuple[int, ...] = (0,) * 7) -> Program:
    return within_limits(
        Program(
            MODE_FLEX,
            "baclofen",
            500_000,
            1,
            0,
            40_000_000,
            2_000_000,
            patterns=patterns,
            weekdays=weekdays,
        )
    )


def stopped() -> Program:
    return Program(MODE_STOPPED, calibration_id=1)


def regimen_of(program: Program) -> Regimen | None:
    """Return what the program prescribes, in the oracle's terms."""
    if program.mode == MODE_STOPPED:
        return None
    if program.mode == MODE_MINIMUM_RATE:
        return MINIMUM_RATE
    if program.mode == MODE_CONTINUOUS:
        basal = Regimen.constant(program.rate_nl_per_day)
        periodic = program.periodic_bolus
        if periodic is None:
            return basal
        return Regimen(
            basal.week,
            periodic=Periodic(
                periodic.first_minute,
                periodic.interval_minutes,
                Fraction(periodic.rate_nl_per_day),
                periodic.minutes,
            ),
        )
    days = [tuple((minute, Fraction(rate)) for minute, rate in day) for day in program.patterns]
    boluses = [
        tuple((minute, Fraction(rate), minutes) for minute, rate, minutes in day) for day in program.boluses
    ]
    return Regimen(
        tuple(days[index] for index in program.weekdays), tuple(boluses[index] for index in program.weekdays)
    )


class PumpBench:
    """The pump, its host, and what was prescribed since when."""

    def __init__(
        self,
        limits: Limits = BENCH_LIMITS,
        reaction_ns: int | Callable[[], int] = 0,
        every_heartbeat: bool = False,
        boot_ns: int = 0,
    ):
        self.pump = ModelPump(
            limits=limits, reaction_ns=reaction_ns, every_heartbeat=every_heartbeat, boot_ns=boot_ns
        )
        self.host = LinkHost(self.pump.serial, now_ns=lambda: self.pump.now_ns)
        self.host.hello()
        self.history = [Epoch(0, None)]
        self._program: Program | None = None
        self.is_delivering = False
        self._local_minus_t_ns: int | None = None
        self._boluses_from_ns = 0
        self._extra: tuple[Span, ...] = ()

    def reset(self, cause: int) -> None:
        """Reset the board now, and continue with a new host."""
        self.pump.reset(cause)
        self.connect()

    def connect(self) -> None:
        """Connect a new host at the port, after the pump has been reset."""
        self.pump.serial.open()
        self.host = LinkHost(self.pump.serial, now_ns=lambda: self.pump.now_ns)
        self.host.hello()

    # --- what a host does

    def set_time(self, utc_s: int, utc_us: int = 0, offset_minutes: int = 0) -> int:
        """Set the pump's clock; the instant from which its schedule follows it."""
        answer = self.host.ask(messages.SET_TIME, utc_s, utc_us, offset_minutes)
        reading = self.host.ask(messages.GET_TIME)
        utc_ns = reading["utc_s"] * NS_PER_S + reading["utc_us"] * NS_PER_US
        boot_ns = reading["boot_s"] * NS_PER_S + reading["boot_us"] // 10 * TICK_NS
        local_ns = utc_ns + offset_minutes * NS_PER_MINUTE
        self._local_minus_t_ns = local_ns - boot_ns - self.pump.boot_origin_ns
        return self._note(self.pump.instant_of(answer))

    def commit(self, program: Program) -> int:
        """Stage and commit a program; the instant it takes effect."""
        self.host.stage(program)
        return self.commit_staged(program)

    def commit_staged(self, program: Program) -> int:
        """Commit what is staged, which is this program; the instant it takes effect."""
        answer = self.host.ask(messages.COMMIT, program.digest())
        self._program = program
        if program.mode == MODE_STOPPED:
            self.is_delivering = False
        return self._note_afresh(self.pump.instant_of(answer))

    def start(self) -> int:
        assert self._program is not None
        answer = self.host.ask(messages.START, self._program.digest())
        self.is_delivering = True
        return self._note_afresh(self.pump.instant_of(answer))

    def stop(self) -> int:
        answer = self.host.ask(messages.STOP)
        self.is_delivering = False
        return self._note_afresh(self.pump.instant_of(answer))

    def give_bolus(self, kind: int, rate_nl_per_day: int = 0, seconds: int = 0) -> int:
        """Have a bolus given; the instant it begins. Rate and time of a patient's are the program's."""
        assert self._program is not None
        digest = self._program.digest()
        answer = self.host.ask(messages.GIVE_BOLUS, digest, kind, rate_nl_per_day, seconds)
        t_ns = self.pump.instant_of(answer)
        patient = self._program.patient_bolus
        if kind == KIND_PATIENT and patient is not None:
            rate_nl_per_day, seconds = patient.rate_nl_per_day, 60 * patient.minutes
        self._extra = (*self._extra, Span(t_ns, t_ns + seconds * NS_PER_S, Fraction(rate_nl_per_day)))
        return self._note(t_ns)

    def cancel_bolus(self) -> int:
        t_ns = self.pump.instant_of(self.host.ask(messages.CANCEL_BOLUS, False))
        self.cut_boluses(t_ns)
        return t_ns

    def cut_boluses(self, t_ns: int) -> None:
        """End boluses on demand at an instant."""
        self._extra = ()
        self._note(t_ns)

    def bolus_events(self) -> list[tuple[str, int, int, int]]:
        """Return what the log says of boluses: (event, kind, first value, seconds or whether it was cut short)."""
        codes = (events.EVENT_BOLUS_BEGUN, events.EVENT_BOLUS_ENDED, events.EVENT_BOLUS_REFUSED)
        return [
            (
                events.EVENT_NAMES[event["code"]].removeprefix("bolus "),
                event["second"] >> 28,
                event["first"],
                event["second"]
                & (
                    events.WAS_CUT_SHORT if event["code"] == events.EVENT_BOLUS_ENDED else events.SECONDS_MASK
                ),
            )
            for event in self.all_events()
            if event["code"] in codes
        ]

    def passed_over(self) -> list[tuple[int, int, str]]:
        """Return what the log says of boluses of the clock that did not begin: (number, local minute of the first,
        reason)."""
        return [
            (
                event["second"] & (1 << events.PASSED_OVER_SHIFT) - 1,
                event["first"],
                events.PASSED_OVER_NAMES[event["second"] >> events.PASSED_OVER_SHIFT],
            )
            for event in self.events(events.EVENT_PASSED_OVER)
        ]

    def refill(self, fill_nl: int = 40_000_000) -> None:
        self.host.ask(messages.REFILL, fill_nl)

    def deliver(self, program: Program) -> int:
        """Have a program delivered from now on, with a full reservoir; the instant it begins."""
        self.commit(program)
        self.refill()
        return self.start()

    def status(self) -> dict[str, int]:
        return self.host.ask(messages.INTERROGATE)

    def is_active(self, alarm: int) -> bool:
        return bool(self.status()["active_alarms"] >> alarm & 1)

    def events(self, code: int) -> list[dict[str, int]]:
        """Return every logged event of a code, oldest first."""
        return [event for event in self.all_events() if event["code"] == code]

    def all_events(self) -> list[dict[str, int]]:
        """Return the whole log, oldest first."""
        found, sequence = [], 1
        while True:
            answer = self.host.ask(messages.READ_LOG, sequence)
            tail = answer["tail"]
            for at in range(0, len(tail), messages.EVENT.size):
                record = messages.EVENT.unpack(tail[at : at + messages.EVENT.size])
                assert record is not None
                found.append(record)
            sequence = answer["next_sequence"]
            if sequence > answer["latest_sequence"]:
                return found

    def instant_ns(self, event: dict[str, int]) -> int:
        """Return when an event of the log happened."""
        return self.pump.board.processor.instant_ns(event["boot_s"], event["boot_us"])

    # --- what comes of it

    def run_for(self, seconds: float) -> None:
        self.pump.run_for(round(seconds * NS_PER_S))

    def prescribe(self, t_ns: int, regimen: Regimen | None) -> None:
        """Enter into the history what the pump itself decided on."""
        self.history = [epoch for epoch in self.history if epoch.start_ns < t_ns]
        boluses_from = None
        if self._local_minus_t_ns is not None:
            boluses_from = self._boluses_from_ns + self._local_minus_t_ns
        self.history.append(Epoch(t_ns, regimen, self._local_minus_t_ns, boluses_from, self._extra))

    @property
    def ideal(self) -> IdealDelivery:
        return IdealDelivery(self.history, MICROSTEPS_PER_NL)

    def check(self) -> PulseCheck:
        return check_pulses(self.ideal, self.pump.step_times_ns, self.pump.now_ns)

    def assert_as_prescribed(self) -> PulseCheck:
        """Check that no pulse is more than a tick off, none missing or extra, and the error never more than half a
        microstep."""
        check = self.check()
        assert check.divergence is None, str(check.divergence)
        assert check.worst_edge_ticks <= 1
        assert (check.missing, check.extra, check.while_stopped) == (0, 0, 0)
        assert check.worst_volume_steps <= self.most_volume_error_steps(), check.worst_volume
        return check

    def most_volume_error_steps(self) -> Fraction:
        """Return half a microstep, and what is prescribed in half a tick: pulses are placed on the nearest tick."""
        rates = [segment.steps_per_ns for segment in self.ideal.segments_until(self.pump.now_ns)]
        return Fraction(1, 2) + max(rates) * TICK_NS / 2

    def edges_of(self, signal: str) -> list[Edge]:
        return [edge for edge in self.pump.edges if edge.signal == signal]

    def steps_since(self, t_ns: int) -> list[int]:
        """Return instants of the pulses after an instant."""
        return [step_ns for step_ns in self.pump.step_times_ns if step_ns > t_ns]

    def _note_afresh(self, t_ns: int) -> int:
        """Note that from an instant on, no bolus continues that was under way."""
        self._boluses_from_ns = t_ns
        self._extra = ()
        return self._note(t_ns)

    def _note(self, t_ns: int) -> int:
        regimen = regimen_of(self._program) if self.is_delivering and self._program else None
        self.prescribe(t_ns, regimen)
        return t_ns


def delivering(program: Program, utc_s: int = MONDAY_UTC_S, offset_minutes: int = 0) -> PumpBench:
    """Provide a pump that is delivering at its highest basal rate: 18 pulses a second."""
    bench = PumpBench()
    bench.set_time(utc_s, 0, offset_minutes)
    bench.deliver(program)
    bench.run_for(3)
    return bench
