"""The simulated board: everything ``thecal_fw.ports`` asks of the hardware, on the virtual time of SimPy.

Promises: time is whole nanoseconds and exact; pulses and edges lie exactly where the hardware's contract puts them;
a reset leaves the pins as a reset of the board does, and only the memory that outlives a watchdog reset is kept.
The program itself takes no time, except where it waits (see ``processor``).
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from thecal_fw.core.events import RESET_POWER_ON, RESET_WATCHDOG
from thecal_sim.edges import BUZZER, DIRECTION, ENABLE, LED, RESTING_LEVELS, STEP, Edge, Recording
from thecal_sim.link import SimulatedPort
from thecal_sim.processor import Processor
from thecal_sim.train import SimulatedTrain
from thecal_sim.units import NS_PER_S, NS_PER_US
from thecal_sim.virtual_time import VirtualTime
from thecal_sim.watchdog import SimulatedWatchdog
from thecal_sim.wire import SenseCounter, Wire

if TYPE_CHECKING:
    from thecal_fw import ports

DIRECTION_FORWARD = 1
_HEAP_FREE_BYTES = 150_000


class SimulatedClock:
    """Implements ``Clock``."""

    def __init__(self, processor: Processor) -> None:
        self._processor = processor
        self.s = 0
        self.us = 0

    def read(self) -> None:
        self.s, ns = divmod(self._processor.since_reset_ns, NS_PER_S)
        self.us = ns // NS_PER_US


class SimulatedDriver:
    """Implements ``Driver``: the enable line, low when the motor is energised."""

    def __init__(self, board: SimulatedBoard) -> None:
        self._board = board

    def enable(self) -> None:
        self._board.drive(ENABLE, 0)

    def disable(self) -> None:
        self._board.drive(ENABLE, 1)


class SimulatedAnnunciator:
    """Implements ``Annunciator``."""

    def __init__(self, board: SimulatedBoard) -> None:
        self._board = board

    def buzzer(self, on: bool) -> None:
        self._board.drive(BUZZER, int(on))

    def led(self, on: bool) -> None:
        self._board.drive(LED, int(on))


class LeftProgram(Exception):  # noqa: N818 - it tells of an end, not of an error
    """The program handed the board over, to its bootloader or to the prompt. ``to`` says which."""

    def __init__(self, to: str) -> None:
        super().__init__(f"the pump's program was left for the {to}")
        self.to = to


class SimulatedMachine:
    """Implements ``Machine``."""

    def __init__(self, serial: bytes) -> None:
        self.serial = serial
        self.reset_cause = RESET_POWER_ON
        self.was_delivering = False
        self._is_delivering = False

    def note_delivering(self, delivering: bool) -> None:
        self._is_delivering = delivering

    def heap_free_bytes(self) -> int:
        return _HEAP_FREE_BYTES

    def bootloader(self) -> None:
        raise LeftProgram("bootloader")

    def prompt(self) -> None:
        raise LeftProgram("prompt")

    def reset(self, cause: int) -> None:
        """What a program finds when it starts after a reset: only a watchdog's leaves the note in place."""
        self.reset_cause = cause
        if cause != RESET_WATCHDOG:
            self._is_delivering = False
        self.was_delivering = self._is_delivering


@dataclass
class SimulatedHardware:
    """Implements ``Hardware``: all that the program is given."""

    clock: ports.Clock
    train: ports.StepTrain
    driver: ports.Driver
    sense: ports.Sense
    annunciator: ports.Annunciator
    port: ports.Port
    watchdog: ports.Watchdog
    machine: ports.Machine


class SimulatedBoard:
    """The board as a probe, a plant or a fault injector gets hold of it; ``hardware`` is what its program sees."""

    def __init__(self, env: VirtualTime, serial: bytes = b"MODEL") -> None:
        self.env = env
        self.processor = Processor(env)
        self.recording = Recording(env)
        self.clock = SimulatedClock(self.processor)
        self.train = SimulatedTrain(self.processor, self.recording)
        self.sense_wire = Wire(self._rises, lambda: self.level(STEP))
        self.sense = SenseCounter(self.sense_wire)
        self.driver = SimulatedDriver(self)
        self.annunciator = SimulatedAnnunciator(self)
        self.port = SimulatedPort(self.processor)
        self.watchdog = SimulatedWatchdog(self.processor, lambda: self.reset(RESET_WATCHDOG))
        self.machine = SimulatedMachine(serial)
        self.on_reset = lambda: None
        self.hardware = SimulatedHardware(
            self.clock,
            self.train,
            self.driver,
            self.sense,
            self.annunciator,
            self.port,
            self.watchdog,
            self.machine,
        )

    def _rises(self) -> int:
        return self.train.rises_until(self.processor.now_ns)

    def drive(self, signal: str, level: int) -> None:
        """Set a line, once virtual time has caught up with the program."""

        def change() -> None:
            # Steps up to now come first, so that observers are told of everything in order.
            self.train.stamp()
            self.recording.change(signal, level)

        self.processor.when_reached(change)

    def reset(self, cause: int) -> None:
        """Restart the board now: RESET_POWER_ON or RESET_WATCHDOG of ``thecal_fw.core.events``."""
        self.processor.restart()
        self.train.lose_power()
        for signal, level in RESTING_LEVELS.items():
            if signal != STEP:
                self.drive(signal, level)
        self.sense.reset()
        self.watchdog.stop()
        self.machine.reset(cause)
        self.port.reset()
        self.on_reset()

    def begin_program(self) -> None:
        """The program takes hold of the hardware: the lines are driven and the watchdog counts from now on."""
        self.drive(DIRECTION, DIRECTION_FORWARD)
        self.watchdog.feed()

    def leave_program(self) -> None:
        """The program gave the board away; nothing but a reset brings it back."""
        self.train.halt()
        for signal in (ENABLE, BUZZER):
            self.drive(signal, RESTING_LEVELS[signal])
        self.watchdog.stop()
        self.port.reset()

    # --- what a probe sees

    def level(self, signal: str) -> int:
        """Level of a line now."""
        if signal != STEP:
            return self.recording.level(signal)
        steps_ns = self.step_times_ns
        return int(bool(steps_ns) and self.env.now_ns < self.recording.fall_ns(len(steps_ns) - 1))

    @property
    def step_times_ns(self) -> array[int]:
        """Rising edges of STEP up to now, compact: the recording itself, not to be changed."""
        self.train.stamp()
        return self.recording.steps_ns

    @property
    def edges(self) -> list[Edge]:
        """Every edge of every line up to now, in order. A new list each time: not for long runs."""
        self.train.stamp()
        return self.recording.all_edges(self.env.now_ns)
