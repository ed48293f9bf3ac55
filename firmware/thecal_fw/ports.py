"""What the controller needs from the hardware it runs on: the contract of ``rp2`` on the board and of the
simulated board in ``thecal_sim``.

Read by people and by the type checker only; nothing imports it at run time, so it costs the board nothing.
Times are pairs of seconds and microseconds since reset. None of these calls blocks, and none that the
controller makes in steady delivery may allocate.
"""

from typing import Protocol


class Clock(Protocol):
    """Time since reset, from the 64-bit hardware timer."""

    s: int
    us: int

    def read(self) -> None:
        """Latch the present instant into ``s`` and ``us``."""
        ...


class StepTrain(Protocol):
    """Step generator fed from blocks of intervals, timed by hardware alone.

    One block is being filled by ``push`` while others, released earlier, are played in order. The interval of
    a pulse is counted in ticks from the rising STEP edge before it, that of the first pulse after ``start``
    from the anchor instant.
    """

    BLOCK_PULSES: int
    """Most intervals in a block."""
    LEAST_INTERVAL_TICKS: int
    """Shortest interval the generator can make."""

    def has_room(self) -> bool:
        """Whether a block can be filled now."""
        ...

    def push(self, interval_ticks: int) -> None:
        """Add a pulse to the block being filled."""
        ...

    def release(self) -> None:
        """Hand the filled block over, to be played right behind what is queued already."""
        ...

    def load(self) -> None:
        """Begin a fresh queue beside the one that plays: the blocks released from here on play only once
        ``start`` is called, and then instead of what is queued now."""
        ...

    def start(self, anchor_s: int, anchor_us: int) -> bool:
        """Withdraw what the old queue still holds and play the loaded blocks, the first interval counted from
        exactly the anchor. Waits for the anchor, which must lie ahead by no more than 50 ms; False, with the
        generator halted, if it has passed already."""
        ...

    def halt(self) -> None:
        """No pulse from now on; everything queued is withdrawn and STEP is left low."""
        ...

    def starved(self) -> bool:
        """Whether the generator has run out of queued pulses since ``start`` (it then stands still)."""
        ...


class Driver(Protocol):
    """Enable and direction lines of the motor driver. Enabled means the motor is energised."""

    def enable(self) -> None: ...

    def disable(self) -> None: ...


class Sense(Protocol):
    """Counter of STEP edges seen on the sense pin, independent of the generator."""

    def count(self) -> int:
        """Rising edges since reset, modulo 2**30."""
        ...


class Annunciator(Protocol):
    """Buzzer (an active one: on or off) and status LED."""

    def buzzer(self, on: bool) -> None: ...

    def led(self, on: bool) -> None: ...


class Port(Protocol):
    """The serial link to the host."""

    def read(self) -> int:
        """Next received byte, or -1 if there is none."""
        ...

    def write(self, data: bytes) -> bool:
        """Send a whole frame without waiting; False if it was dropped because the host does not read."""
        ...


class Watchdog(Protocol):
    def feed(self) -> None: ...


class Machine(Protocol):
    """The board as a whole."""

    reset_cause: int
    """RESET_POWER_ON or RESET_WATCHDOG of ``thecal_fw.core.events``."""
    was_delivering: bool
    """Whether a watchdog reset cut delivery short (kept over the reset, not over a power cut)."""
    serial: bytes
    """Unique identity of the board, at most 16 bytes."""

    def note_delivering(self, delivering: bool) -> None:
        """Remember for after a watchdog reset whether the pump is delivering."""
        ...

    def heap_free_bytes(self) -> int: ...

    def bootloader(self) -> None:
        """Restart into the USB bootloader. Does not return on a board."""
        ...

    def prompt(self) -> None:
        """Leave the main loop to the MicroPython prompt. Does not return on a board."""
        ...


class Hardware(Protocol):
    """Everything the controller is given."""

    clock: Clock
    train: StepTrain
    driver: Driver
    sense: Sense
    annunciator: Annunciator
    port: Port
    watchdog: Watchdog
    machine: Machine
