"""The simulated board: everything ``thecal_fw.ports`` asks of the hardware, on the virtual time of SimPy.

Promises: time is whole nanoseconds and exact; pulses and edges lie exactly where the hardware's contract puts them;
a reset leaves the pins as a reset of the board does, and only the memory that outlives a watchdog reset is kept.
The program itself takes no time, except where it waits (see ``processor``).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from thecal_fw.core.events import RESET_POWER_ON, RESET_WATCHDOG
from thecal_fw.core.program_place import ROOM_FOR_ANY_PROGRAM
from thecal_sim.edge_record import EdgeRecord
from thecal_sim.edges import BUZZER, DIRECTION, ENABLE, LED, RESTING_LEVELS, STEP, Recording
from thecal_sim.gate import SimulatedGate
from thecal_sim.link import SimulatedPort
from thecal_sim.memory import STORAGE_SECTORS, SimulatedRetained, SimulatedSupply, TimedFlash
from thecal_sim.motor import SimulatedMotion, SimulatedMotor
from thecal_sim.nor_flash import NorFlash
from thecal_sim.processor import Processor
from thecal_sim.self_test import SimulatedSelfTest
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

    def set_back(self, us: int) -> None:
        seconds, self.us = divmod(self.us - us, 1_000_000)
        self.s += seconds


class SimulatedDriver:
    """Implements ``Driver``: its say in the enable line."""

    def __init__(self, board: SimulatedBoard) -> None:
        self._board = board

    def enable(self) -> None:
        self._board.processor.when_reached(lambda: self._board.allow_by_driver(True))

    def disable(self) -> None:
        self._board.processor.when_reached(lambda: self._board.allow_by_driver(False))


class SimulatedAnnunciator:
    """Implements ``Annunciator``."""

    def __init__(self, board: SimulatedBoard) -> None:
        self._board = board

    def buzzer(self, on: bool) -> None:
        self._board.drive(BUZZER, int(on))

    def led(self, on: bool) -> None:
        self._board.drive(LED, int(on))


class SimulatedButton:
    """Implements ``Button``. held: whether a person holds it; on_move: what its moving wakes."""

    def __init__(self) -> None:
        self._held = self._has_moved = False
        self.on_move: Callable[[], None] = lambda: None

    @property
    def held(self) -> bool:
        return self._held

    @held.setter
    def held(self, held: bool) -> None:
        self._held, self._has_moved = held, True
        self.on_move()

    def is_held(self) -> bool:
        return self._held

    @property
    def waits(self) -> bool:
        """Return True if it has moved and nobody has asked yet."""
        return self._has_moved

    def has_moved(self) -> bool:
        has_moved, self._has_moved = self._has_moved, False
        return has_moved


class LeftProgram(Exception):  # noqa: N818 - it reports an end, not of an error
    """The program handed the board over, to its bootloader or to the prompt. ``to`` says which."""

    def __init__(self, to: str) -> None:
        super().__init__(f"the pump's program was left for the {to}")
        self.to = to


class SimulatedMachine:
    """Implements ``Machine``. may_collect: whether the program lets the collector run by itself."""

    def __init__(self, serial: bytes) -> None:
        self.serial = serial
        self._random = Random(serial)
        self.reset_cause = RESET_POWER_ON
        self.room = ROOM_FOR_ANY_PROGRAM
        self.may_collect = True

    def heap_free_bytes(self) -> int:
        return _HEAP_FREE_BYTES

    def collect_garbage(self) -> None:
        pass

    def let_collect(self, may_collect: bool) -> None:
        self.may_collect = may_collect

    def random_bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def bootloader(self) -> None:
        """Leave for the boot loader; raise LeftProgram always."""
        raise LeftProgram("bootloader")

    def prompt(self) -> None:
        """Leave for the prompt; raise LeftProgram always."""
        raise LeftProgram("prompt")


@dataclass
class SimulatedHardware:
    """Implements ``Hardware``: all that the program is given."""

    clock: ports.Clock
    train: ports.StepTrain
    driver: ports.Driver
    gate: ports.DoseGate
    sense: ports.Sense
    motion: ports.Motion
    supply: ports.Supply
    flash: ports.Flash
    retained: ports.Retained
    button: ports.Button
    self_test: ports.SelfTest
    annunciator: ports.Annunciator
    port: ports.Port
    watchdog: ports.Watchdog
    machine: ports.Machine


class SimulatedBoard:
    """The board as a probe, a plant or a fault injector gets hold of it; ``hardware`` is what its program sees."""

    def __init__(self, env: VirtualTime, serial: bytes = b"MODEL", chip: NorFlash | None = None) -> None:
        self.env = env
        self.processor = Processor(env)
        self.recording = Recording(env)
        self.clock = SimulatedClock(self.processor)
        self.train = SimulatedTrain(self.processor, self.recording)
        self.sense_wire = Wire(self._rises, lambda: self.level(STEP))
        self.sense = SenseCounter(self.sense_wire)
        self._driver_allows = self._gate_allows = False
        self.driver = SimulatedDriver(self)
        self.gate = SimulatedGate(self.processor, self.train, self.sense_wire, self.allow_by_gate)
        self.motor = SimulatedMotor(
            self._stamped_steps,
            lambda: not self.recording.level(ENABLE),
            lambda first, last: self.recording.steps_ns[first:last],
        )
        self.motion = SimulatedMotion(self.motor, self._steps_ahead)
        self.supply = SimulatedSupply()
        self.chip = chip or NorFlash(STORAGE_SECTORS)
        self.flash = TimedFlash(self.chip, self.processor)
        self.retained = SimulatedRetained()
        self.button = SimulatedButton()
        self.self_test = SimulatedSelfTest(self.sense_wire)
        self.annunciator = SimulatedAnnunciator(self)
        self.port = SimulatedPort(self.processor)
        self.watchdog = SimulatedWatchdog(self.processor, lambda: self.reset(RESET_WATCHDOG))
        self.machine = SimulatedMachine(serial)
        self.on_reset = lambda: None
        self.hardware = SimulatedHardware(
            self.clock,
            self.train,
            self.driver,
            self.gate,
            self.sense,
            self.motion,
            self.supply,
            self.flash,
            self.retained,
            self.button,
            self.self_test,
            self.annunciator,
            self.port,
            self.watchdog,
            self.machine,
        )

    def _stamped_steps(self) -> int:
        self.train.stamp()
        return len(self.recording.steps_ns)

    def _steps_ahead(self) -> int:
        return self._rises() - self._stamped_steps() if self.processor.is_busy else 0

    def sure_until_ns(self, until_ns: int) -> int:
        """Return the latest instant, of those up to one, at which STEP, the sense counter and the shaft are certain
        to have done what the program has queued and nothing else, if nothing else changes; may lie in the past."""
        if not (self.train.is_as_pushed and self.sense_wire.is_whole):
            return self.env.now_ns
        until_ns = min(until_ns, self.train.lasts_until_ns())
        steps_ns = self.train.queued_until(until_ns)
        sure = self.motor.sure_of(steps_ns)
        return until_ns if sure == len(steps_ns) else steps_ns[sure] - 1

    def allow_by_driver(self, allows: bool) -> None:
        """Change the program's say in the enable line now."""
        self._driver_allows = allows
        self._drive_enable()

    def allow_by_gate(self, allows: bool) -> None:
        """Change the dose gate's say in the enable line now."""
        self._gate_allows = allows
        self._drive_enable()

    def _drive_enable(self) -> None:
        # Energised only while both allow it. What the motor has turned by now is settled first.
        self.motor.settle()
        self.recording.change(ENABLE, int(not (self._driver_allows and self._gate_allows)))
        self.motor.settle()

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
        lived_ns = self.env.now_ns - self.processor.boot_origin_ns
        # First, or what the program was about to wait for would count as having come.
        self.processor.restart()
        if cause == RESET_WATCHDOG:
            self.retained.survive(self.sense.count(), lived_ns)
        else:
            self.retained.lose_power()
        self.chip.power_up()
        self.train.lose_power()
        self._driver_allows = False
        self.gate.reset()
        for signal, level in RESTING_LEVELS.items():
            if signal not in (STEP, ENABLE):
                self.drive(signal, level)
        self.sense.reset()
        self.motion.reset()
        self.watchdog.stop()
        self.machine.reset_cause = cause
        self.port.reset()
        self.on_reset()

    def begin_program(self) -> None:
        """Let the program take hold of the hardware: the lines are driven and the watchdog counts from now on."""
        self.drive(DIRECTION, DIRECTION_FORWARD)
        self.watchdog.feed()

    def leave_program(self) -> None:
        """Give the board away, as the program asked; nothing but a reset brings it back."""
        self.train.halt()
        self.driver.disable()
        self.drive(BUZZER, RESTING_LEVELS[BUZZER])
        self.watchdog.stop()
        self.port.reset()

    # --- what a probe sees

    def level(self, signal: str) -> int:
        """Return the level of a line now."""
        if signal != STEP:
            return self.recording.level(signal)
        steps_ns = self.step_times_ns
        return int(bool(steps_ns) and self.env.now_ns < self.recording.fall_ns(len(steps_ns) - 1))

    @property
    def step_times_ns(self) -> array[int]:
        """Return rising edges of STEP up to now, compact: the recording itself, not to be changed."""
        self.train.stamp()
        return self.recording.steps_ns

    @property
    def edges(self) -> EdgeRecord:
        """Return every edge of every line up to now, in order: a copy."""
        self.train.stamp()
        return self.recording.all_edges(self.env.now_ns)
