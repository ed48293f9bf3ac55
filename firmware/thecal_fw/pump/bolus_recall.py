"""Recalls from the event log which boluses were given on demand in the last 24 hours, once, on a board that keeps no
record of doses yet (``DoseKeeper``): older firmware left them to the log.

The log is read backwards, a few events at a time while nothing else is due; until that is done no bolus on demand is
given. Time is the pump's own running time: however long it was without power does not count, so a lockout ends later
than it need and never sooner. Where events are missing, boluses may be: then none is given on demand for 24 hours.
"""

from thecal_fw.core import events
from thecal_fw.core.bolus import KIND_PRIME, KIND_SCHEDULED, Bolus
from thecal_fw.core.bolus_history import BolusHistory
from thecal_fw.core.events import EventLog
from thecal_fw.core.instant import TICKS_PER_DAY, TICKS_PER_SECOND
from thecal_fw.pump.timekeeper import Timekeeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.pump.contracts import Doses, Events, Notes

_EVENTS_AT_ONCE = 8
STEP_US = 30_000
"""More than reading so many events takes."""
_LATEST_START_TICKS = 2 * TICKS_PER_SECOND
"""A bolus begins no later than this after its event was logged."""


class BolusRecall:
    """is_done: whether the log has been read as far as needed.
    unknown_until: tick before which boluses may have been given of which nothing is known."""

    def __init__(self, time: Timekeeper, log: EventLog, history: BolusHistory) -> None:
        self._time = time
        self._log = log
        self._history = history
        self.is_done = False
        self.unknown_until = 0
        self._sequence = 0
        self._of_life: "list[tuple[int, ...]]" = []
        self._found: "list[Bolus]" = []
        self._newest_tick = 0
        self._is_latest_life = True

    def connect(self, events_kept: "Events", extra: "list[Bolus]", notes: "Notes", doses: "Doses") -> None:
        self._events = events_kept
        self._extra = extra
        self._notes = notes
        self._doses = doses

    def begin(self, is_age_known: bool) -> None:
        """Begin at the newest event of the life before this one. is_age_known: whether it can be known how long ago it
        was."""
        self._sequence = self._log.oldest() - 1
        self.is_done = self._sequence <= 0
        if not self.is_done and not is_age_known:
            self.end(TICKS_PER_DAY)

    def end(self, unknown_until: int) -> None:
        """End the reading: nothing more is needed."""
        self.unknown_until = unknown_until
        self.is_done = True

    def step(self) -> None:
        """Read a few events more."""
        kept = self._events
        oldest = kept.oldest()
        for _ in range(_EVENTS_AT_ONCE):
            if self._sequence < oldest:
                if oldest > 1:
                    self._note_gap()
                self._end()
                return
            sequence = self._sequence
            event = kept.get(sequence)
            self._sequence -= 1
            if event is None:
                if not kept.is_left_out(sequence):
                    self._note_gap()
            elif event[events.AT_CODE] == events.EVENT_LOST_EVENTS:
                self._note_gap()
            elif event[events.AT_CODE] == events.EVENT_RESET:
                if self._placed(event):
                    self._end()
                    return
            elif event[events.AT_CODE] in (events.EVENT_BOLUS_BEGUN, events.EVENT_BOLUS_ENDED):
                self._of_life.append(event)

    def _note_gap(self) -> None:
        """Note that events are missing from before what was read last."""
        self.unknown_until = max(self.unknown_until, self._newest_tick + TICKS_PER_DAY)

    def _placed(self, reset: "tuple[int, ...]") -> bool:
        """Return True if the beginning of a life has come, so that the times of its events are known, or is long
        past."""
        base_ticks = (reset[events.AT_SECOND] - self._time.base_lifetime_s) * TICKS_PER_SECOND
        ended = None
        for event in self._of_life:
            kind = event[events.AT_SECOND] >> events.KIND_SHIFT
            if kind in (KIND_SCHEDULED, KIND_PRIME):
                continue
            tick = base_ticks + event[events.AT_BOOT_S] * TICKS_PER_SECOND
            if event[events.AT_CODE] == events.EVENT_BOLUS_ENDED:
                ended = tick + TICKS_PER_SECOND
                continue
            bolus = Bolus(
                kind,
                tick + _LATEST_START_TICKS,
                (event[events.AT_SECOND] & events.SECONDS_MASK) * TICKS_PER_SECOND,
                event[events.AT_FIRST],
            )
            if ended is not None:
                bolus.end_tick = max(bolus.start_tick, min(bolus.end_tick, ended))
            if ended is None and self._is_latest_life and not self._extra:
                self._notes.note_lost(bolus)
            self._found.append(bolus)
            ended = None
        self._of_life = []
        self._is_latest_life = False
        self._newest_tick = base_ticks
        return base_ticks + 2 * TICKS_PER_DAY < 0

    def _end(self) -> None:
        history = self._history
        # Those of this life came after all of them.
        known = history.given
        self._found.reverse()
        history.put_before(
            [bolus for bolus in self._found if not _is_known(bolus, known)], self._time.ticks_now()
        )
        self._found = []
        self.is_done = True
        self._doses.note_change()


def _is_known(bolus: Bolus, known: "list[Bolus]") -> bool:
    """Return True if this is one that a watchdog reset left under way: two of a kind are never given at a time."""
    return any(
        [
            bolus.kind == other.kind
            and -_LATEST_START_TICKS <= bolus.start_tick - other.start_tick <= 2 * _LATEST_START_TICKS
            for other in known
        ]
    )
