"""Keeps the doses of one pump durable: those under way, and those that limits and lockout count.

Promises: what was refused before a reset is refused after it, and each dose that has begun ends once. What was written
is read back as it was, by the number of each dose. Only a board whose flash has no such record yet, one that older
firmware has used, has its log read once in its place (``BolusRecall``).
"""

from thecal_fw.core.carried import NO_RECORD, Carried
from thecal_fw.core.counts import MOST_SECONDS, later_number, number_after
from thecal_fw.core.dose_record import DoseRecord, decode
from thecal_fw.core.instant import TICKS_PER_DAY, TICKS_PER_SECOND, ticks_at
from thecal_fw.core.lived_minutes import NOT_KNOWN
from thecal_fw.core.program import MINUTES_PER_DAY
from thecal_fw.core.pump_state import STATE_DELIVERING
from thecal_fw.pump.changes import Changes
from thecal_fw.pump.timekeeper import Timekeeper
from thecal_fw.store.doses import DoseStore
from thecal_fw.store.layout import Layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Flash
    from thecal_fw.pump.contracts import (
        Delivery,
        GivenBeside,
        LastDose,
        Meter,
        Notes,
        RecordedClockDoses,
        RememberedDoses,
        Writing,
    )


class DoseKeeper:
    """next_number: of the next dose. has_failed: whether the latest record could not be made durable."""

    def __init__(self, time: Timekeeper, flash: "Flash", changes: Changes) -> None:
        self._time = time
        self._changes = changes
        self._store = DoseStore(flash, Layout())
        self._has_changed = False
        self.next_number = 1
        self.has_failed = False

    def connect(
        self,
        infusion: "Delivery",
        boluses: "GivenBeside",
        clock_doses: "RecordedClockDoses",
        on_demand: "RememberedDoses",
        notes: "Notes",
        meter: "Meter",
        writing: "Writing",
        last: "LastDose",
    ) -> None:
        self._infusion = infusion
        self._clock_doses = clock_doses
        self._history = on_demand.history
        self._lived = clock_doses.lived
        self._line_room = on_demand.line_room
        self._judging = boluses.judging
        self._recall = on_demand.recall
        self._notes = notes
        self._meter = meter
        self._writing = writing
        self._last = last

    def go_on_after(self, number: int) -> None:
        """Number doses on from the last one of the life before this."""
        self.next_number = later_number(self.next_number, number)

    def take_number(self) -> int:
        """Return the number of a dose that begins now."""
        number = self.next_number
        self.next_number = number_after(number)
        return number

    def note_change(self) -> None:
        """Note that a dose has begun or ended, to be written as soon as there is time and the log has been written."""
        self._has_changed = True
        self.has_failed = False

    def try_again(self) -> None:
        """Try once more: the flash has taken something, so it may take this as well."""
        if self.has_failed:
            self.has_failed = False
            self._has_changed = True

    def needs_writing(self) -> bool:
        return self._has_changed and not self.has_failed and self._recall.is_done

    def needs_erase(self) -> bool:
        return self._store.needs_erase()

    def erase_one(self) -> None:
        self._store.erase_one()

    def write(self) -> bool:
        """Write what is known of doses now; True once it is durable. While the log of older firmware is still being
        read nothing is written, or the rest of it would never be read."""
        recall, time = self._recall, self._time
        if not recall.is_done:
            return True
        if not self._writing.may_write():
            return False
        told = DoseRecord(time.lifetime_s(), self.next_number)
        unknown_until_s = time.base_lifetime_s - -recall.unknown_until // TICKS_PER_SECOND
        told.unknown_until_s = min(max(0, unknown_until_s), MOST_SECONDS)
        told.last = self._last.dose
        told.under_way = self._notes.under_way
        told.remembered = self._history.given
        told.lived_since, told.lived = self._lived.since, self._lived.spans
        self._meter.take()
        told.free_steps = self._meter.free_steps
        line = self._line_room
        told.line_empty_at_steps, told.primes, told.primed_nl = (
            line.empty_at_steps,
            line.primes,
            line.primed_nl,
        )
        judging, clock_doses = self._judging, self._clock_doses
        told.judged_until_s = judging.until_s()
        told.settled_minute = clock_doses.settled_minute
        told.passed_over, told.passed_reason = clock_doses.passed_over, clock_doses.passed_reason
        if self._infusion.state == STATE_DELIVERING:
            judging.given.follow(self._infusion.timeline, time.ticks_now())
        told.encode_into(self._store.record, time.base_lifetime_s, judging.given)
        self._has_changed = not self._store.put()
        self.has_failed = self._has_changed
        self._changes.note_carried()
        return not self.has_failed

    def latest_record(self) -> int:
        """Return the number of the newest record; NO_RECORD if there is none."""
        return self._store.latest if self._store.latest >= 0 else NO_RECORD

    def restore(self, carried: "Carried | None", reset_us: int, is_age_known: bool) -> None:
        """Restore, after a reset and with the running time known, what counts for limits, and end what a power cut
        ended.

        carried: what has outlived this reset, what is under way among it; None after a power cut. reset_us: when within
        its second it came. is_age_known: whether the state could be read, which shows how long ago anything was."""
        recall, judging = self._recall, self._judging
        self._store.open(-1 if carried is None or carried.dose_record == NO_RECORD else carried.dose_record)
        told = None
        if self._store.was_found:
            late_ticks = 0 if carried is None else ticks_at(0, reset_us)
            told = decode(self._store.record, self._time.base_lifetime_s, judging.given, late_ticks)
        self._restore_lived(told)
        if told is None:
            recall.begin(is_age_known)
            self.note_change()
            return
        self.next_number = told.next_number
        self._meter.restore_free(told.free_steps, told.lifetime_s)
        self._last.restore(told.last)
        self._line_room.restore(told.line_empty_at_steps, told.primes, told.primed_nl)
        judging.restore(told.judged_until_s)
        self._clock_doses.restore(told)
        if carried is None:
            # What was given up to the cut, but for what the program changed by itself.
            judging.given.begin_anew()
        if not is_age_known:
            recall.end(TICKS_PER_DAY)
        else:
            recall.end((told.unknown_until_s - self._time.base_lifetime_s) * TICKS_PER_SECOND)
            self._history.restore(told.remembered)
        if carried is None:
            for bolus in told.under_way:
                self._notes.note_lost(bolus)
                self.note_change()

    def _restore_lived(self, told: "DoseRecord | None") -> None:
        """Restore the minutes lived through before the reset. Those of a power cut's uncertain seconds come again
        only if somebody sets the clock back."""
        lived, wall = self._lived, self._time.wall
        if told is not None:
            lived.restore(told.lived, told.lived_since)
        if not wall.has_time():
            lived.begin(NOT_KNOWN)
            return
        minute = wall.first_local_minute(0)
        if told is None:
            # Older firmware did not keep them: all of the last 24 hours count as lived through.
            lived.begin(minute - MINUTES_PER_DAY)
        if not wall.is_known():
            lived.end(minute, 0)
