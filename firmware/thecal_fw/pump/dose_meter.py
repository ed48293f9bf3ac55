"""The meter of one pump: what the sense counter really counted, against which each dose is held before it begins,
whatever the reasoning about doses makes of it. It holds back doses, never the basal rate.

Time is running time. What a prime gives that the line has room for counts for no limit, so it is left out. After a
reset the last pages are read, some at a time while nothing else is due; what came since the newest of them counts as if
it had come last, what is uncertain after a power cut included.
"""

from thecal_fw.core import events
from thecal_fw.core.bolus import Bolus
from thecal_fw.core.calibration import Calibration
from thecal_fw.core.delivery import Delivery
from thecal_fw.core.flash_map import METER_SECTORS
from thecal_fw.core.instant import TICKS_PER_DAY, TICKS_PER_SECOND, ticks_at
from thecal_fw.core.ledger import Ledger
from thecal_fw.core.limits import Limits
from thecal_fw.core.meter import FITS, SLOTS, Meter
from thecal_fw.core.rate_line import RateLine
from thecal_fw.pump.agenda import Agenda
from thecal_fw.pump.orders import Orders
from thecal_fw.pump.pace import Pace
from thecal_fw.pump.reports import Reports
from thecal_fw.pump.timekeeper import Timekeeper
from thecal_fw.store.layout import Layout
from thecal_fw.store.meter_pages import MINUTES, PAGE_MINUTES, MeterPages
from thecal_fw.store.ring import NOT_NEEDED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Flash, Sense

STEP_US = 5_000
"""More than reading a few pages takes."""
_PAGES_AT_ONCE = 3
_QUIET_PAGES = 15
"""While nothing is counted there is a page each hour."""
_NONE = -1


class DoseMeter:
    """due_s: second of this life at which the minute under way is over. is_read: whether what was counted before this
    reset has been read. held: doses held back since the last refill. free_steps: microsteps of all lives that only
    filled the line."""

    def __init__(
        self,
        time: Timekeeper,
        sense: "Sense",
        flash: "Flash",
        ledger: Ledger,
        calibration: Calibration,
        limits: Limits,
        orders: Orders,
        reports: Reports,
        pace: Pace,
        agenda: Agenda,
    ) -> None:
        self._time = time
        self._sense = sense
        self._ledger = ledger
        self._calibration = calibration
        self._orders = orders
        self._reports = reports
        self._pace = pace
        self._agenda = agenda
        self.meter = Meter(calibration, limits.most_rate_nl_per_day)
        self._pages = MeterPages(flash, Layout().meter, METER_SECTORS)
        self.due_s = self.held = self.free_steps = 0
        self.is_read = False
        # Counted up to an instant.
        self._counted = self._s = self._us = 0
        self._window_minutes = 0
        # Number of the page that is to be written, and of the newest; microsteps of all lives by the end of each.
        self._page = self._page_steps = self._written = self._written_steps = _NONE
        # While reading: number of the page to be read next, and from which minute on all is known, with the microsteps
        # of all lives by then.
        self._next = self._known = self._known_steps = 0

    def connect(self, delivery: Delivery, extra: "list[Bolus]") -> None:
        self._delivery = delivery
        self._extra = extra

    def begin_reservoir(self) -> None:
        """Count the doses held back from here on, since the reservoir has been refilled."""
        self.held = 0

    def restore_free(self, steps: int, running_s: int) -> None:
        """Take over how many microsteps of all lives only filled the line by a second of running time."""
        self.free_steps, self._s = steps, running_s - self._time.base_lifetime_s

    def begin(self) -> None:
        """Begin after a reset, with running time, count and doses under way known."""
        ledger, base_lifetime_s = self._ledger, self._time.base_lifetime_s
        self.free_steps += self._free_steps(0, 0)
        self._known_steps = ledger.base_steps - self.free_steps
        self._counted = ledger.counted
        minute = base_lifetime_s // 60
        self.meter.begin(minute)
        self._known = minute + 1
        self._next = minute // PAGE_MINUTES
        self.due_s = 60 * (minute + 1) - base_lifetime_s

    # --- counting

    def pass_minutes(self, now_s: int) -> None:
        """Pass minutes of running time that are over: what was due by the end of each has been counted by then."""
        meter = self.meter
        while now_s >= self.due_s:
            self._take(self._delivery.settle(self.due_s, 0), self.due_s, 0)
            self.due_s += 60
            meter.next_minute()
            number = meter.minute // PAGE_MINUTES
            if meter.minute % PAGE_MINUTES == 0 and self.is_read:
                steps = self._ledger.base_steps + self._counted - self.free_steps
                if steps != self._written_steps or number - self._written >= _QUIET_PAGES:
                    self._page, self._page_steps = number, steps

    def take(self) -> None:
        """Count what has come by now."""
        clock = self._time.clock
        self.pass_minutes(clock.s)
        self._take(self._ledger.seen(self._sense.count()), clock.s, clock.us)

    def _take(self, counted: int, s: int, us: int) -> None:
        """Count what has come by an instant to the minute under way."""
        steps = counted - self._counted
        if steps > 0:
            self._counted = counted
            if self._extra:
                free = self._free_steps(s, us)
                self.free_steps += free
                steps = max(0, steps - free)
            self.meter.add(steps)
        self._s, self._us = s, us

    def _free_steps(self, s: int, us: int) -> int:
        """Return microsteps up to an instant that only fill the line."""
        calibration, steps = self._calibration, 0
        for bolus in self._extra:
            if bolus.is_free:
                begin, end = ticks_at(self._s, self._us), ticks_at(s, us)
                ticks = max(0, min(end, bolus.end_tick) - max(begin, bolus.start_tick))
                volume = bolus.rate_nl_per_day * ticks * calibration.microsteps_per_rev
                steps += volume // (calibration.nl_per_rev * TICKS_PER_DAY)
        return steps

    # --- judging

    def holds(self, dose: Bolus, line: RateLine, tick: int) -> bool:
        """Return True if a dose has to be held back, since with it a window would be passed. line: what is to come
        from a tick on, up to which what has come was taken."""
        while not self.is_read:
            self._read_page()
        self._window_minutes = self.meter.too_full(
            self._orders.in_force(), line, tick, (self.due_s - 60) * TICKS_PER_SECOND, dose.start_tick
        )
        return self._window_minutes != FITS

    def note_held(self, kind: int) -> None:
        """Note that a dose is held back that was just found to be too much."""
        minutes = self._window_minutes
        self.held = min(self.held + 1, 0xFFFF)
        self._written_steps = _NONE
        self._reports.record(
            events.EVENT_METER_HELD, self.counted_nl(minutes), kind << events.KIND_SHIFT | minutes
        )

    def counted_nl(self, minutes: int) -> int:
        """Return the volume counted in a window that ends now."""
        return self._calibration.volume_nl(self.meter.counted(minutes))

    # --- over a reset

    def write_page(self) -> bool:
        """Write the page that waits, if there is time for it; whether there was. One that can't be written is left out:
        its minutes are in the next ones too."""
        number = self._page
        is_due = number != _NONE and self._pages.ring.is_ready(number)
        if not is_due or not self._agenda.has_time(self._pace.write_lead_us()):
            return False
        self._page = _NONE
        if self._pages.write(number, self._page_steps, self.held, self.meter):
            self._written, self._written_steps = number, self._page_steps
        return True

    def needs_erase(self) -> bool:
        return self.is_read and self._pages.ring.erase_need(self._number()) != NOT_NEEDED

    def erase_one(self) -> None:
        self._pages.ring.erase(self._number())

    def _number(self) -> int:
        """Return the number of the page that is to be written, or of the next one."""
        return self._page if self._page != _NONE else self.meter.minute // PAGE_MINUTES + 1

    def read_some(self) -> None:
        """Read a few pages more."""
        for _ in range(_PAGES_AT_ONCE):
            if not self.is_read:
                self._read_page()

    def _read_page(self) -> None:
        meter, pages, number, known = self.meter, self._pages, self._next, self._known
        oldest = max(0, meter.minute - SLOTS + 1)
        end = number * PAGE_MINUTES
        if end <= oldest:
            self.is_read = True
            if oldest == 0:
                # Nothing had been given when the pump was first started.
                meter.fill_back(0, known - 1, self._known_steps)
            return
        self._next -= 1
        if not pages.read(number, self._known_steps):
            return
        if self._written == _NONE:
            self._written, self._written_steps, self.held = number, pages.steps, pages.held
        if end < known:
            meter.fill_back(max(end, oldest), known - 1, self._known_steps - pages.steps)
        first = end - MINUTES
        self._known_steps = pages.steps
        for minute in range(first, end):
            portions = pages.page[minute - first]
            self._known_steps -= portions * meter.portion
            if oldest <= minute < known:
                meter.put(minute, portions)
        self._known, self._next = first, first // PAGE_MINUTES
