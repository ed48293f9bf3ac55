"""The pump's journal: what it must still know after a power cut, in one object for the controller.

``write`` returns True once a state is durable; whatever instant the power then fails at, the next ``open`` finds
that state or a newer one. A program is put first and takes effect with the state that names it. Nothing here
erases while something is to be written, as long as ``erase_one`` is called soon whenever ``needs_erase`` says so.
"""

from thecal_fw.core.events import EVENT_PROGRAM_COMMITTED, EVENT_PROGRAM_EFFECTIVE, EVENT_STARTED
from thecal_fw.core.flash_map import COPIES
from thecal_fw.core.journal_condition import BLANK, LOST
from thecal_fw.store.decoding import DECODERS
from thecal_fw.store.event_log import StoredEvents
from thecal_fw.store.layout import Layout
from thecal_fw.store.programs import Programs
from thecal_fw.store.ring import NEEDED, NOT_NEEDED, WANTED
from thecal_fw.store.state import NO_PAIR
from thecal_fw.store.state_rings import StateRings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from thecal_fw.core.octets import Octets, Writable
    from thecal_fw.store.decoding import Decoders
    from thecal_fw.store.flash_chip import FlashChip
    from thecal_fw.store.state import State

SOUND = 0
STATE_DAMAGED = 1
"""A copy of the newest state has rotted: write the state again."""
PROGRAM_DAMAGED = 2
"""A copy of the program in force has rotted: put the program again, and write the state that names the new pair."""

_EVENTS_OF_A_PROGRAM = (EVENT_PROGRAM_COMMITTED, EVENT_PROGRAM_EFFECTIVE, EVENT_STARTED)
"""Each of them is logged for a pump that has a program only."""


class Journal:
    """State, program and events in flash.

    condition: what ``open`` found: BLANK (nothing of a pump's, whatever else the flash holds), GOOD, REPAIRED (damage,
    but nothing was lost), LOST (there was a state and none can be read), FOREIGN (a newer firmware's).
    state: the state last written or found; None if there is none.
    """

    def __init__(
        self,
        flash: "FlashChip",
        layout: "Layout | None" = None,
        keep: "Callable[[Octets], None] | None" = None,
    ) -> None:
        """keep: what takes each record before it is written, to give it back to ``open`` after a reset with the
        power on."""
        layout = layout or Layout()
        self.condition = BLANK
        self._rings = StateRings(flash, layout, keep)
        self._programs = Programs(flash, layout.programs)
        self._events = StoredEvents(flash, layout)
        self._scrubbed = 0

    def open(self, decoders: "Decoders" = DECODERS, held: "Octets | None" = None) -> int:
        """Find out what is there; once, before anything else. Reads only. Returns the condition.

        held: the last record that was kept, if it outlived the reset. It is the state unless flash has a newer one;
        the condition is that of the flash all the same.
        """
        self._rings.open(decoders, held)
        self.condition = self._rings.condition
        state = self.state
        if state:
            self._programs.found(state.program_pair, bool(state.other_pair_erased))
        self._events.open(state.latest_event if state else 0)
        # A board that ran something else before has a file system here, zeros, or anything: nothing of it was the
        # pump's. Only a whole record of the pump's own shows that a state was lost.
        if self.condition == LOST and not self._events.newest and not self._programs.holds_any():
            self.condition = BLANK
        return self.condition

    def was_ever_programmed(self) -> bool:
        """Return True if a program was once committed, by a copy of one or else by an event of it. Without the state,
        this is what shows that the pump has a therapy that must not end abruptly."""
        return self._programs.holds_any() or self._events.holds(_EVENTS_OF_A_PROGRAM)

    # State -----------------------------------------------------------------------------------------------------

    @property
    def state(self) -> "State | None":
        return self._rings.state

    @property
    def has_failed(self) -> bool:
        """Return True if the last state written could not be made durable."""
        return self._rings.has_failed

    @property
    def failures(self) -> int:
        """Flash operations since power-on that did not verify, most of them made up for."""
        return (
            self._rings.a.failures
            + self._rings.b.failures
            + self._programs.failures
            + self._events.ring.failures
        )

    def hold(self, state: "State") -> None:
        """Take a state without writing it: lost with the power, and with nothing else."""
        state.latest_event = max(state.latest_event, self._events.latest)
        state.other_pair_erased = int(
            self._programs.is_ready() and state.program_pair == self._programs.in_force
        )
        self._rings.hold(state)

    def write(self, state: "State") -> bool:
        """Write a state, with its sequence number put in; True once it is durable.

        Its ``latest_event`` may be ahead of what ``append_event`` was given: those numbers are never given again.
        """
        self.hold(state)
        is_durable = self._rings.write_again()
        if is_durable:
            self._programs.note_in_force(state.program_pair)
        return is_durable

    def has_erased(self) -> bool:
        """Return True if the latest record that was written had to wait for an erase."""
        return self._rings.has_erased

    def write_grant(
        self,
        counted_steps: int,
        granted_steps: int,
        lifetime_s: int,
        utc_s: int,
        utc_us: int,
        latest_event: int,
        may_write: bool = True,
    ) -> bool:
        """Take the last state once more with only these changed, allocating next to nothing, and write it if that may
        be; True once it is durable."""
        self._rings.note_other_pair(self._programs.is_ready())
        is_held = self._rings.hold_grant(
            counted_steps, granted_steps, lifetime_s, utc_s, utc_us, max(latest_event, self._events.latest)
        )
        return is_held and may_write and self._rings.write_again()

    # Program ---------------------------------------------------------------------------------------------------

    def read_program(self, buffer: "Writable") -> int:
        """Put the encoded program that the state names into a buffer: its length, 0 if the state names none, no copy is
        right, or it does not fit."""
        state = self.state
        if state is None or state.program_pair == NO_PAIR:
            return 0
        length = state.program_bytes
        is_right = self._programs.read(state.program_pair, length, state.program_digest, buffer)
        return length if is_right else 0

    @property
    def program_copies(self) -> int:
        """Return how many copies of the program were right when ``read_program`` last read it. If only one was, put
        the program again."""
        return self._programs.good_copies

    def can_commit(self) -> bool:
        """Return True if there is an erased place for another program. Never before a first state was written."""
        return self.state is not None and self._programs.is_ready()

    def put_program(self, encoded: "Octets") -> "int | None":
        """Write another program beside the one in force. Its pair, to be named by the state that is to make it
        take effect; None if that failed or ``can_commit`` is False."""
        if not self.can_commit():
            return None
        # No state may say that the place is erased from here on.
        self._rings.note_other_pair(False)
        return self._programs.put(encoded) if self._rings.write_again() else None

    # Events ----------------------------------------------------------------------------------------------------

    def append_event(
        self,
        boot_s: int,
        boot_us: int,
        utc_s: int,
        time_source: int,
        code: int,
        boots: int,
        first: int,
        second: int,
    ) -> bool:
        """Write an event; True once it is durable. Its number is ``latest_event`` then."""
        return self._events.append(boot_s, boot_us, utc_s, time_source, code, boots, first, second)

    def skip_events(self, latest: int) -> None:
        """Leave out the numbers up to this one: their events are lost."""
        self._events.skip(latest)

    @property
    def latest_event(self) -> int:
        return self._events.latest

    @property
    def newest_event(self) -> int:
        """Return the number of the newest event that ``open`` found, 0 if there was none."""
        return self._events.newest

    def oldest_event(self) -> int:
        return self._events.oldest()

    def is_left_out(self, sequence: int) -> bool:
        """Return True if the number of an event was stepped over after a reset or a failed write: nothing is lost
        with it."""
        return self._events.is_left_out(sequence)

    def event(self, sequence: int) -> "tuple[int, ...] | None":
        """Return the values of an event in flash, as ``EVENT_FIELDS`` has them; None if it is missing."""
        return self._events.get(sequence)

    def copy_events(self, sequence: int, last: int, enough_bytes: int, found: bytearray) -> int:
        """See ``StoredEvents.copy``."""
        return self._events.copy(sequence, last, enough_bytes, found)

    # Upkeep ----------------------------------------------------------------------------------------------------

    def _program_needs_erase(self) -> bool:
        # The state that opening found may be one that reads right today and not tomorrow, and the state before it
        # may name the other pair. So may a state that could not be written, if it is read after all.
        return self._rings.has_written and not self._rings.has_failed and self._programs.needs_erase()

    def needs_erase(self) -> bool:
        """Return True if ``erase_one`` has something to do."""
        return (
            self._rings.erase_need() != NOT_NEEDED
            or self._events.erase_need() != NOT_NEEDED
            or self._program_needs_erase()
        )

    def erase_one(self) -> None:
        """Erase one sector, the most urgent one."""
        state_need, event_need = self._rings.erase_need(), self._events.erase_need()
        if state_need == NEEDED:
            self._rings.erase()
        elif event_need == NEEDED:
            self._events.erase()
        elif state_need == WANTED:
            self._rings.erase()
        elif event_need == WANTED:
            self._events.erase()
        elif self._program_needs_erase():
            self._programs.erase()

    def scrub(self) -> int:
        """Read one piece of what matters once more, another one at each call: SOUND, STATE_DAMAGED or
        PROGRAM_DAMAGED."""
        self._scrubbed = (self._scrubbed + 1) % (1 + COPIES)
        if self._scrubbed == 0:
            return STATE_DAMAGED if self._rings.needs_rewriting() else SOUND
        return SOUND if self._programs.is_copy_good(self._scrubbed - 1) else PROGRAM_DAMAGED
