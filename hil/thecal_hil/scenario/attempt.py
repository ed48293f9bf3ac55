"""One attempt at a scenario: the pump, the host beside it, and what has been noted on the way.

Promises: instants are those of the rig; the zero is a whole second of the pump's clock, the same on every rig, so the
same course asks for the same things at the same instants of the pump's day. What the pump answers otherwise than
declared is noted and counted, and the course continues.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from thecal.client import Event, Pump
from thecal.errors import ThecalError
from thecal.keys import NoKeys
from thecal.status import Status
from thecal_fw.core.events import EVENT_HELD, EVENT_PROGRAM_EFFECTIVE, EVENT_STOPPED
from thecal_fw.core.instant import TICK_US
from thecal_fw.core.roles import ROLE_NAMES
from thecal_hil.contract.pump_clock import Instants, PumpClock
from thecal_hil.contract.rig import ResetCause, Rig
from thecal_hil.course.course import Course, Stretch
from thecal_hil.course.load import BadWire
from thecal_hil.course.therapy import Therapy
from thecal_hil.scenario.document import Scenario, Setup, Step
from thecal_hil.scenario.record import Happening
from thecal_hil.scenario.responses import Logged, followed
from thecal_hil.scenario.unspoken import unspoken
from thecal_sim.oracle import PulseCheck
from thecal_sim.plant import Plant, PlantParameters
from thecal_sim.plant.reservoir import ReservoirParameters
from thecal_sim.plant.rotor import RotorParameters
from thecal_sim.plant.wear import NO_WEAR
from thecal_sim.units import NS_PER_S, NS_PER_US

_LEAD_S = 30
"""From setting the clock to the zero: programming a pump takes seconds."""


@dataclass(frozen=True)
class Answer:
    """The answer to a step that asks something. refusal: in words; empty if it was carried out."""

    step: Step
    t_ns: int
    refusal: str

    @property
    def is_as_declared(self) -> bool:
        if self.step.refused_with is None:
            return not self.refusal
        return bool(self.refusal) and self.step.refused_with in self.refusal

    def text(self) -> str:
        found = f"refused: {self.refusal}" if self.refusal else "carried out"
        declared = (
            "carried out" if self.step.refused_with is None else f"refused with {self.step.refused_with!r}"
        )
        return f"{self.step.do} was to be {declared}, and was {found}"


class Reset(NamedTuple):
    """began_ns: instant. clock_ns: of the beginning of the pump's clock, which the boot ROM lets wait."""

    began_ns: int
    clock_ns: int


@dataclass(frozen=True)
class Twin:
    """The outcome of the same scenario on the model. pulses_ns: after the zero. figures: by their keys."""

    pulses_ns: Instants
    figures: Mapping[str, float]


class KeysOf(NoKeys):
    """The host's keys of some roles. A role's key follows from its name: these open nothing but a bench pump."""

    def __init__(self, roles: Iterable[str]) -> None:
        self._roles = tuple(roles)

    def key(self, serial: str, role: int) -> bytes | None:
        return key_of(ROLE_NAMES[role]) if ROLE_NAMES[role] in self._roles else None


def key_of(role: str) -> bytes:
    """Return the key that a scenario gives a role."""
    return bytes((place + ROLE_NAMES.index(role)) % 256 for place in range(32))


class Attempt:
    """An attempt, which an action works on and a measure looks at.

    looks: what the pump reported of itself, by the instant at which it was asked, after the zero. resets: in order.
    seeds: of what was made up at random. first_event: number of the first entry that the attempt can leave in the log.
    """

    def __init__(self, scenario: Scenario, rig: Rig, make_twin: Callable[[], Twin]) -> None:
        self.scenario = scenario
        self.rig = rig
        self.course = Course(rig)
        self.zero_ns = 0
        self.ends_ns = 0
        self.answers: list[Answer] = []
        self.happenings: list[Happening] = []
        self.looks: dict[int, Status] = {}
        self.resets: list[Reset] = []
        self.seeds: dict[str, int] = {}
        self.log: list[Event] = []
        self.final: Status | None = None
        self.heap_bytes_per_pulse: int | None = None
        self._therapies: dict[str, Therapy] = {}
        self._clocks: dict[int, PumpClock] = {}
        self._walls: list[tuple[int, PumpClock]] = [(0, PumpClock(rig.boot_origin_ns))]
        self.first_event = 0
        self._make_twin = make_twin
        self._wires = 0
        self._checks: dict[int, list[PulseCheck]] = {}

    # --- set-up

    def prepare(self, setup: Setup) -> None:
        """Put the pump into the state in which the course begins, and let time pass until the zero."""
        rig, course = self.rig, self.course
        if setup.plant is not None:
            rig.attach(_plant(setup))
        before = rig.pump().interrogate()
        self.first_event = before.latest_event + 1
        self._clocks[before.boots] = PumpClock(rig.boot_origin_ns)
        if setup.clock_local is not None:
            zero_utc_s = utc_second(setup.clock_local, setup.utc_offset_min)
            course.set_time(zero_utc_s - _LEAD_S, setup.utc_offset_min)
            self.zero_ns = course.clock.rig_ns_of_wall(zero_utc_s * NS_PER_S)
        else:
            boot_s = max(_LEAD_S, (rig.now_ns - rig.boot_origin_ns) // NS_PER_S + 5)
            self.zero_ns = rig.boot_origin_ns + boot_s * NS_PER_S
        if setup.prescription is not None:
            course.prescribe(self.therapy(setup.prescription))
        if setup.fill_nl is not None:
            course.refill(setup.fill_nl)
        self._note_clock()
        rig.run_until(self.zero_ns)

    def therapy(self, name: str) -> Therapy:
        """Return the therapy of a name of the scenario; raise BadInputError if the host refuses the prescription."""
        if name not in self._therapies:
            self._therapies[name] = self.scenario.prescriptions[name].therapy()
        return self._therapies[name]

    # --- the course

    def ask(self, step: Step, request: Callable[[], object]) -> None:
        """Have something done that the pump or the host may refuse."""
        t_ns = self.rig.now_ns
        refusal = ""
        try:
            request()
        except ThecalError as error:
            refusal = str(error)
        self._note_clock()
        answer = Answer(step, t_ns, refusal)
        self.answers.append(answer)
        if refusal:
            self.note(f"refused: {refusal}")
        if not answer.is_as_declared:
            self.note(f"not as declared: {answer.text()}")

    def note(self, text: str) -> None:
        self.happenings.append(Happening(self.rig.now_ns, text))

    def look(self, at_ns: int) -> None:
        """Ask the pump how it is."""
        self.looks[at_ns] = self.rig.pump().interrogate()

    def reset(self, cause: ResetCause) -> None:
        self.course.reset(cause)
        self.resets.append(Reset(self.rig.reset_ns, self.rig.boot_origin_ns))
        status = self.rig.pump().interrogate()
        self._clocks[status.boots] = PumpClock(self.course.clock.boot_origin_ns)
        self._walls.append((self.rig.boot_origin_ns, self.course.clock))

    def go_through(self, wire: BadWire) -> None:
        """Have the host talk through a bad wire from now on."""
        self._wires += 1
        self.rig.talk_with(Pump(wire, host_nonce=7_000 + self._wires))

    def use_keys(self, roles: Iterable[str]) -> None:
        """Have the host begin a session of its own, with the keys of some roles."""
        self._wires += 1
        self.rig.talk_with(Pump(self.rig.port, host_nonce=9_000 + self._wires, keys=KeysOf(roles)))

    def finish(self) -> None:
        """Finish once the course is over: read what the pump reports and what it has logged."""
        self.ends_ns = self.rig.now_ns
        pump = self.rig.fresh_pump()
        self.final = pump.interrogate()
        self.log = pump.log(self.first_event)

    # --- for measures

    @cached_property
    def twin(self) -> Twin:
        """Return the same scenario on a model rig of its own, carried out once."""
        return self._make_twin()

    @cached_property
    def stretches(self) -> list[Stretch]:
        """Return all delivery of the attempt, once it is over, with the alarms' responses followed."""
        log = list(self._logged())
        return [followed(stretch, log) for stretch in self.course.stretches]

    def unspoken(self) -> list[str]:
        """Return what the pump did of its own accord and the scenario says nothing of."""
        return unspoken(self.scenario, list(self._logged()), self.course.stretches)

    def _note_clock(self) -> None:
        """Keep how the pump's clock runs from now on, if that has changed."""
        if self.course.clock != self._walls[-1][1]:
            self._walls.append((self.rig.now_ns, self.course.clock))

    def _wall_at(self, t_ns: int) -> PumpClock:
        return [clock for since_ns, clock in self._walls if since_ns <= t_ns][-1]

    def _logged(self) -> Iterator[Logged]:
        for event in self.log:
            t_ns = self.logged_ns(event)
            if t_ns is None:
                continue
            if event.code == EVENT_PROGRAM_EFFECTIVE and event.boot_s:
                # Logged a moment after; a change takes effect on a whole second of the pump's clock, save for the
                # first one after a reset, which takes effect as soon as it can.
                t_ns = self._wall_at(t_ns).whole_second_ns(t_ns)
            elif event.code in (EVENT_STOPPED, EVENT_HELD):
                # What is owed is calculated up to the tick in which it stopped.
                t_ns -= event.boot_us % TICK_US * NS_PER_US
            yield Logged(t_ns, event.code, event.first, event.second)

    def checks(self, until_ns: int) -> list[PulseCheck]:
        """Return every stretch held against its ideal, up to an instant of the rig."""
        if until_ns not in self._checks:
            self._checks[until_ns] = [
                stretch.check(until_ns) for stretch in self.stretches if stretch.begins_ns < until_ns
            ]
        return self._checks[until_ns]

    def after_zero_ns(self, t_ns: int) -> int:
        """Return the rig time of an instant of the course."""
        return self.zero_ns + t_ns

    def logged_ns(self, event: Event) -> int | None:
        """Return when the pump says that something happened; None if that was in a life nobody has seen begin."""
        clock = self._clocks.get(event.boots)
        return None if clock is None else clock.rig_ns_of_boot(event.boot_s, event.boot_us)

    def events(self, code: int) -> list[tuple[int, Event]]:
        """Return entries of the log of one kind that have an instant, in order."""
        dated = [(self.logged_ns(event), event) for event in self.log if event.code == code]
        return [(t_ns, event) for t_ns, event in dated if t_ns is not None]

    def ideal_until_ns(self) -> int:
        """Return how far the prescription alone says when each pulse is due."""
        limit_ns = self.scenario.ideal_until_ns
        return self.ends_ns if limit_ns is None else min(self.ends_ns, self.after_zero_ns(limit_ns))


def _plant(setup: Setup) -> Plant:
    """Return the plant a scenario asks for, filled as its set-up fills the pump."""
    wanted = setup.plant
    assert wanted is not None
    usual = RotorParameters()
    wear = usual.wear if wanted.wears else NO_WEAR
    rotor = RotorParameters(usual.nl_per_rev * float(wanted.delivers_percent / 100), wear=wear)
    reservoir = ReservoirParameters(begins_with_nl=float(setup.fill_nl or 0))
    return Plant(PlantParameters(rotor=rotor, reservoir=reservoir))


def utc_second(local: datetime, offset_min: int) -> int:
    """Return the UTC second at which a clock of an offset shows a local time."""
    return int((local.replace(tzinfo=UTC) - timedelta(minutes=offset_min)).timestamp())
