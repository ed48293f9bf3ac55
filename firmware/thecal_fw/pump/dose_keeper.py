"""Keeps the doses of one pump durable: those under way, and those that limits and lockout count.

Promises: what was refused before a reset is refused after it, and each dose that has begun ends once. What was written
is read back as it was, by the number of each dose. Only a board whose flash has no such record yet, one that older
firmware has used, has its log read once in its place (``BolusRecall``).
"""

from thecal_fw.core.carried import NO_RECORD
from thecal_fw.core.counts import MOST_SECONDS, number_after
from thecal_fw.core.dose_record import DoseRecord, decode
from thecal_fw.core.instant import TICKS_PER_DAY, TICKS_PER_SECOND, ticks_at
from thecal_fw.core.lived_minutes import NOT_KNOWN
from thecal_fw.core.program import MINUTES_PER_DAY
from thecal_fw.core.pump_state import STATE_DELIVERING
from thecal_fw.store.doses import DoseStore
from thecal_fw.store.layout import Layout


class DoseKeeper:
    """next_number: of the next dose. has_failed: whether the latest record could not be made durable."""

    def __init__(self, pump):
        self._pump = pump
        self._store = DoseStore(pump.hardware.flash, Layout())
        self._has_changed = False
        self.next_number = 1
        self.has_failed = False

    def take_number(self) -> int:
        """Number of a dose that begins now."""
        number = self.next_number
        self.next_number = number_after(number)
        return number

    def note_change(self) -> None:
        """A dose has begun or ended: that is written as soon as there is time, and the log has been."""
        self._has_changed = True
        self.has_failed = False

    def try_again(self) -> None:
        """The flash has taken something: it may take this as well."""
        if self.has_failed:
            self.has_failed = False
            self._has_changed = True

    def needs_writing(self) -> bool:
        return self._has_changed and not self.has_failed and self._pump.boluses.recall.is_done

    def needs_erase(self) -> bool:
        return self._store.needs_erase()

    def erase_one(self) -> None:
        self._store.erase_one()

    def write(self) -> bool:
        """Write what is known of doses now; True once it is durable. While the log of older firmware is still being
        read nothing is written, or the rest of it would never be read."""
        pump = self._pump
        recall, keeper = pump.boluses.recall, pump.keeper
        if not recall.is_done:
            return True
        if not keeper.may_write():
            return False
        told = DoseRecord(pump.service.lifetime_s(), self.next_number)
        unknown_until_s = keeper.base_lifetime_s - -recall.unknown_until // TICKS_PER_SECOND
        told.unknown_until_s = min(max(0, unknown_until_s), MOST_SECONDS)
        told.under_way = pump.bolus_notes.under_way
        told.remembered = pump.boluses.history.given
        told.lived_since, told.lived = pump.boluses.lived.since, pump.boluses.lived.spans
        pump.dose_meter.take()
        told.free_steps = pump.dose_meter.free_steps
        line = pump.boluses.line_room
        told.line_empty_at_steps, told.primes, told.primed_nl = (
            line.empty_at_steps,
            line.primes,
            line.primed_nl,
        )
        told.judged_until_s = pump.boluses.judging.until_s()
        boluses = pump.boluses
        told.settled_minute = boluses.settled_minute
        told.passed_over, told.passed_reason = boluses.passed_over, boluses.passed_reason
        if pump.infusion.state == STATE_DELIVERING:
            boluses.judging.given.follow(pump.infusion.timeline, pump.ticks_now())
        told.encode_into(self._store.record, keeper.base_lifetime_s, boluses.judging.given)
        self._has_changed = not self._store.put()
        self.has_failed = self._has_changed
        keeper.keep_anchor()
        return not self.has_failed

    def latest_record(self) -> int:
        """Number of the newest record; NO_RECORD if there is none."""
        return self._store.latest if self._store.latest >= 0 else NO_RECORD

    def restore(self, carried) -> None:
        """After a reset, with the running time known: what counts for limits, and the end of what a power cut ended.

        carried: what has outlived this reset, what is under way among it; None after a power cut."""
        pump = self._pump
        boluses, recall = pump.boluses, pump.boluses.recall
        self._store.open(-1 if carried is None or carried.dose_record == NO_RECORD else carried.dose_record)
        told = None
        if self._store.was_found:
            late_ticks = 0 if carried is None else ticks_at(0, pump.hardware.retained.reset_us)
            told = decode(self._store.record, pump.keeper.base_lifetime_s, boluses.judging.given, late_ticks)
        self._restore_lived(told)
        if told is None:
            recall.begin()
            self.note_change()
            return
        self.next_number = told.next_number
        pump.dose_meter.restore_free(told.free_steps, told.lifetime_s)
        recall.is_done = True
        line = boluses.line_room
        line.empty_at_steps, line.primes, line.primed_nl = (
            told.line_empty_at_steps,
            told.primes,
            told.primed_nl,
        )
        boluses.judging.restore(told.judged_until_s)
        boluses.settled_minute = told.settled_minute
        boluses.passed_over, boluses.passed_reason = told.passed_over, told.passed_reason
        if carried is None:
            # What was given up to the cut, but for what the program changed by itself.
            boluses.judging.given.until = 0
        if pump.keeper.journal.state is None:
            # Without the state there is no telling how long ago anything was.
            recall.unknown_until = TICKS_PER_DAY
        else:
            recall.unknown_until = (told.unknown_until_s - pump.keeper.base_lifetime_s) * TICKS_PER_SECOND
            boluses.history.given = told.remembered
            boluses.history.forget(0)
        if carried is None:
            for bolus in told.under_way:
                pump.bolus_notes.note_lost(bolus)
                self.note_change()

    def _restore_lived(self, told) -> None:
        """Minutes lived through before the reset. Those of a power cut's uncertain seconds come again only if somebody
        sets the clock back."""
        pump = self._pump
        lived, wall = pump.boluses.lived, pump.wall
        if told is not None:
            lived.spans, lived.since = told.lived, told.lived_since
        if not wall.has_time():
            lived.since = NOT_KNOWN
            return
        minute = wall.first_local_minute(0)
        if told is None:
            # Older firmware did not keep them: all of the last 24 hours count as lived through.
            lived.since = minute - MINUTES_PER_DAY
        if not wall.is_known():
            lived.end(minute, 0)
