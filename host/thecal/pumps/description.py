"""The description of one pump, as a value: board, motor, head, what is fitted, limits; and the figures that follow
from those.

Everything is a whole number or an exact ratio. Figures that follow are worked out here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import gcd, lcm

SECONDS_PER_DAY = 86_400
MOST_MICROSTEPS_PER_S = 250
"""With twice as many, a change of therapy on the emulated board could come too late to be exact, and the queue ran dry
behind it. A queue of 512 intervals is two seconds of these."""
MOST_MICROSTEPS_PER_S_WATCHED = 100
"""With an encoder: its count and that of the pulses are read one after the other, and are taken for the same only while
fewer than three microsteps come in between."""
MOST_RATE_NL_PER_DAY = (1 << 28) - 1
"""A rate has 28 bits in what the pump keeps over a reset."""
MOST_RATIO = (1 << 30) - 1
"""Both numbers of the calibration are small integers of the board."""
MOST_LINE_MICROSTEPS = 1 << 29
"""The end of a bridge is kept over a power cut to 2**14 microsteps at the coarsest."""
MOST_WEIGHT_PER_RATE = (1 << 28) - 1
MOST_STEP_WEIGHT = 1 << 59
"""Volume is metered in units of which each tick at 1 nL/day adds weight_per_rate and a microstep has step_weight. Four
times the most a tick adds must fit two words of 29 bits; a phase of some microsteps must fit 64."""
_TICKS_PER_DAY = 8_640_000_000
MOST_BETWEEN_MICROSTEPS_S = 3_600
"""At the minimum rate. An interval has 30 bits of 10 us; and an hour is long for a catheter to be kept open."""


@dataclass(frozen=True)
class Board:
    """kind: "pico", "pico_w" (whose LED no pin of the chip reaches) or "rp2040" (any other board).
    pins, levels: by name; a level is 1 where the signal means what its name says while it is high.
    has_led: whether there is one. sense_at: "driver" or "step", where no wire goes back from the driver."""

    kind: str
    pins: dict[str, int]
    levels: dict[str, int]
    has_led: bool
    sense_at: str


@dataclass(frozen=True)
class Motor:
    """gear: turns of the motor for one of the head. most_full_steps_per_s: what it follows with its load."""

    full_steps_per_turn: int
    microsteps_per_full_step: int
    gear: Fraction
    most_full_steps_per_s: int

    @property
    def microsteps_per_head_turn(self) -> Fraction:
        return self.full_steps_per_turn * self.microsteps_per_full_step * self.gear


@dataclass(frozen=True)
class Head:
    """kind: "peristaltic" or "screw". nl_per_turn: exact ratio, known to uncertainty_permille (expanded, 95 %) since
    the day it was calibrated. travel_turns: of a screw, from full to its end; 0 for a head that has none."""

    kind: str
    nl_per_turn: Fraction
    uncertainty_permille: int
    calibrated_on: date
    travel_turns: int


@dataclass(frozen=True)
class Encoder:
    """edges_per_motor_turn: of one channel, up and down."""

    edges_per_motor_turn: int
    channels: int


@dataclass(frozen=True)
class Limits:
    """Rates nL/day, volumes nL."""

    minimum_nl_per_day: int
    least_basal_nl_per_day: int
    most_basal_nl_per_day: int
    most_nl_per_day: int
    most_bolus_nl: int
    quantum_nl: int
    reservoirs_nl: tuple[int, ...]
    least_low_reservoir_nl: int


@dataclass(frozen=True)
class Line:
    """Volume between reservoir and patient. dead_volume_id: changes with pump_tubing_nl, and programs name it."""

    dead_volume_id: int
    pump_tubing_nl: int
    most_catheter_nl: int


@dataclass(frozen=True)
class Service:
    pump_days: int
    notice_days: int
    tubing_days: int
    tubing_turns: int


@dataclass(frozen=True)
class PumpDescription:
    """version: of the description, counted up by whoever changes it. calibration_id: programs name it.
    digest: SHA-256 of the file. buzzer: "active" or "passive". hold: "always", or "released" after release_after_s
    without a microstep."""

    name: str
    version: int
    calibration_id: int
    about: str
    digest: str
    board: Board
    motor: Motor
    head: Head
    encoder: Encoder | None
    buzzer: str
    has_supply_monitor: bool
    hold: str
    release_after_s: int
    limits: Limits
    line: Line
    service: Service

    @property
    def turns_of_the_ratio(self) -> int:
        """Return the fewest turns of the head that have a whole number of microsteps and of nanolitres."""
        return lcm(self.motor.microsteps_per_head_turn.denominator, self.head.nl_per_turn.denominator)

    @property
    def nl_of_the_ratio(self) -> int:
        return int(self.head.nl_per_turn * self.turns_of_the_ratio)

    @property
    def microsteps_of_the_ratio(self) -> int:
        return int(self.motor.microsteps_per_head_turn * self.turns_of_the_ratio)

    @property
    def microsteps_per_nl(self) -> Fraction:
        return self.motor.microsteps_per_head_turn / self.head.nl_per_turn

    @property
    def weight_per_rate(self) -> int:
        return self.microsteps_of_the_ratio // self._common_factor

    @property
    def step_weight(self) -> int:
        return self.nl_of_the_ratio * _TICKS_PER_DAY // self._common_factor

    @property
    def _common_factor(self) -> int:
        return gcd(self.nl_of_the_ratio * _TICKS_PER_DAY, self.microsteps_of_the_ratio)

    @property
    def most_microsteps_per_s(self) -> int:
        """Return what motor, step generator and encoder can do."""
        of_the_motor = self.motor.most_full_steps_per_s * self.motor.microsteps_per_full_step
        of_the_board = MOST_MICROSTEPS_PER_S if self.encoder is None else MOST_MICROSTEPS_PER_S_WATCHED
        return min(of_the_motor, of_the_board)

    @property
    def greatest_nl_per_day(self) -> int:
        """Return the greatest rate that a limit may name."""
        derived = self.most_microsteps_per_s * SECONDS_PER_DAY / self.microsteps_per_nl
        return min(int(derived), MOST_RATE_NL_PER_DAY)

    @property
    def least_nl_per_day(self) -> int:
        """Return the least rate that a limit may name."""
        per_day = SECONDS_PER_DAY // MOST_BETWEEN_MICROSTEPS_S
        return max(1, -int(-per_day / self.microsteps_per_nl // 1))

    @property
    def not_fitted(self) -> tuple[str, ...]:
        """Return what this pump lacks of what one can have, by name."""
        lacks = {
            "encoder": self.encoder is None,
            "supply monitor": not self.has_supply_monitor,
            "sense wire": self.board.sense_at == "step",
            "led": not self.board.has_led,
        }
        return tuple(name for name, is_lacking in lacks.items() if is_lacking)
