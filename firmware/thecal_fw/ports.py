"""The contract with the hardware that the controller runs on: the contract of ``rp2`` on the board and of the
simulated board in ``thecal_sim``.

Read by people and by the type checker only; nothing imports it at run time, so it costs the board nothing.
Times are pairs of seconds and microseconds since reset. None of these calls blocks, and none that the
controller makes in steady delivery may allocate.
"""

from typing import Protocol

from thecal_fw.core.octets import Octets, Writable
from thecal_fw.core.program_place import Room


class Clock(Protocol):
    """Time since reset, from the 64-bit hardware timer."""

    s: int
    us: int

    def read(self) -> None:
        """Latch the present instant into ``s`` and ``us``."""
        ...

    def set_back(self, us: int) -> None:
        """Have ``s`` and ``us`` show an instant so many microseconds before the one latched."""
        ...


class StepTrain(Protocol):
    """Step generator fed from blocks of intervals, timed by hardware alone.

    One block is being filled by ``push`` while others, released earlier, are played in order. The interval of
    a pulse is counted in ticks from the rising STEP edge before it, that of the first pulse after ``start``
    from the anchor instant.
    """

    block_pulses: int
    """Most intervals in a block."""
    LEAST_INTERVAL_TICKS: int
    """Shortest interval the generator can make."""
    margin_us: int
    """How long before its anchor the latest take-over was ready."""
    masked_us: int
    """How much of the wait for it was left when interrupts were off."""

    @property
    def take_over_us(self) -> int:
        """Return what a take-over took in a dry run at this reset, apart from the wait for its anchor."""
        ...

    def has_room(self) -> bool:
        """Return True if a block can be filled now."""
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

    def unload(self) -> None:
        """Drop what was loaded. What plays continues and can be added to again."""
        ...

    def start(self, anchor_s: int, anchor_us: int) -> bool:
        """Play the loaded blocks in place of the old queue, the first interval counted from exactly the anchor, which
        must lie ahead by no more than a second; waits for it. What the old queue still held then is withdrawn.

        False if that can't be done exactly, because the anchor has passed already or would have by then. The loaded
        blocks are dropped, and what plays continues as if nothing had been asked for. No old pulse may be due within
        two ticks of the anchor.
        """
        ...

    def halt(self) -> None:
        """Give no pulse from now on: withdraw everything queued and leave STEP low."""
        ...

    def since_halt_us(self, s: int, us: int) -> int:
        """Return microseconds from the instant of the latest ``halt`` to a later one, less than half an hour."""
        ...

    def starved(self) -> bool:
        """Return True if the generator has run out of queued pulses since ``start`` (it then stands still)."""
        ...


class Driver(Protocol):
    """Enable and direction lines of the motor driver. Enabled means the motor is energised.

    The enable line is shared with the dose gate: the motor is energised only while both of them allow it.
    """

    def enable(self) -> None: ...

    def disable(self) -> None: ...


class DoseGate(Protocol):
    """Takes the driver's enable away by itself when more STEP edges come than were granted.

    It counts the edges on the sense pin, needs no processor for that, and is closed after a reset.
    """

    def arm(self, steps: int) -> None:
        """Open the gate for so many steps from now on, whatever it was before. An explicit act, to be logged."""
        ...

    def grant(self, steps: int) -> bool:
        """Grant so many steps more. Return False, with nothing granted, while there is no room for another grant: a few
        can wait behind the one being used up. A gate that is closed or has tripped stays so."""
        ...

    def close(self) -> None:
        """Take enable away until the gate is armed again. A closed gate has not tripped."""
        ...

    def has_tripped(self) -> bool:
        """Return True if all that was granted has been used up since it was armed, so that it closed by itself."""
        ...


class Sense(Protocol):
    """Counter of STEP edges seen on the sense pin, independent of the generator."""

    def count(self) -> int:
        """Return rising edges since reset (those of the self-test left out), modulo 2**30."""
        ...


class Motion(Protocol):
    """Counter of what the motor's shaft really does: one count for each microstep it has turned."""

    def count(self) -> int:
        """Return edges of the shaft encoder since reset, modulo 2**30."""
        ...


class Supply(Protocol):
    def is_good(self) -> bool:
        """Return True if the supply is above the level at which flash may be written."""
        ...


class Flash(Protocol):
    """NOR flash in sectors: erasing sets all bits of a sector, programming clears bits.

    Sectors are numbered from 0 within the part that belongs to the journal, and the keys behind it. Nothing here is
    verified: an operation may fail in silence, as flash does. Nothing else of the program runs during ``program``
    and ``erase``; queued pulses continue.
    """

    SECTOR_BYTES: int
    PAGE_BYTES: int
    LONGEST_ERASE_US: int
    """Longest time an erase may take, interrupts off."""
    LONGEST_PROGRAM_US: int
    """Longest time to program one page."""
    sectors: int

    def read_into(self, sector: int, offset: int, buffer: Writable) -> None:
        """Fill a writable buffer from a place within a sector on; it may not reach beyond its end."""
        ...

    def program(self, sector: int, offset: int, data: Octets) -> None:
        """Clear the bits that are clear in the data, all of it within one page of the sector."""
        ...

    def erase(self, sector: int) -> None:
        """Set every bit of a sector."""
        ...


class Retained(Protocol):
    """The memory that outlives a watchdog reset, but no power cut.

    was_kept: whether it did outlive the last reset; the other attributes mean nothing otherwise.
    counted: what ``Sense.count`` would have given at the instant of the reset, kept up by hardware alone.
    reset_s, reset_us: instant of the reset, in time since the reset before it.
    note, record: what was last kept, ``carried.NOTE_BYTES`` and ``flash_map.STATE_BYTES`` bytes; zeros without one.
    """

    was_kept: bool
    counted: int
    reset_s: int
    reset_us: int
    note: bytes
    record: bytes

    def keep(self, note: Octets) -> None:
        """Have a note of ``carried.NOTE_BYTES`` outlive a watchdog reset, all of it or the one before."""
        ...

    def keep_record(self, record: Octets) -> None:
        """Have a record of ``flash_map.STATE_BYTES`` outlive a watchdog reset, all of it or the one before."""
        ...


class Button(Protocol):
    """The push-button on the board: who holds it is at the pump itself. Its moving ends the sleep of the program."""

    def is_held(self) -> bool:
        """Return True if it is held down now. A disturbance on its line is not."""
        ...

    def has_moved(self) -> bool:
        """Return True if its line has moved since this was last asked, however shortly. Takes nothing from the heap."""
        ...


class SelfTest(Protocol):
    def run(self) -> int:
        """Test what can be tested with the motor off, as soon after reset as possible.

        Bits of the tests in ``thecal_fw.core.self_test`` that failed: image, memory, clock, sense and buzzer.
        """
        ...

    def go_on(self) -> int:
        """Test the next piece of the image while the pump runs; all of it in 512 calls at most.

        The image's bit once a test of it has failed, else 0. Takes nothing from the heap and moves no edge.
        """
        ...


class Annunciator(Protocol):
    """Buzzer (an active one: on or off) and status LED."""

    def buzzer(self, on: bool) -> None: ...

    def led(self, on: bool) -> None: ...


class Port(Protocol):
    """The serial link to the host."""

    def read(self) -> int:
        """Return the next received byte, or -1 if there is none."""
        ...

    def write(self, data: bytes) -> bool:
        """Send a whole frame without waiting; False if it was dropped because the host does not read."""
        ...


class Watchdog(Protocol):
    """Resets the board when it has not been fed for its time; ``Retained`` learns when it was last fed."""

    def feed(self) -> None: ...


class Machine(Protocol):
    """The board as a whole."""

    reset_cause: int
    """RESET_POWER_ON or RESET_WATCHDOG of ``thecal_fw.core.events``."""
    serial: bytes
    """Unique identity of the board, at most 16 bytes."""
    room: Room
    """How large a program this image can hold."""

    def heap_free_bytes(self) -> int: ...

    def collect_garbage(self) -> None:
        """Give back what nobody uses any more. Takes milliseconds."""
        ...

    def let_collect(self, may_collect: bool) -> None:
        """Let the collector run by itself, or not. While it may not, there is what is free and no more."""
        ...

    def random_bytes(self, count: int) -> bytes:
        """Return bytes that nobody can foresee, as far as the board has any."""
        ...

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
    gate: DoseGate
    sense: Sense
    motion: Motion
    supply: Supply
    flash: Flash
    retained: Retained
    button: Button
    self_test: SelfTest
    annunciator: Annunciator
    port: Port
    watchdog: Watchdog
    machine: Machine
