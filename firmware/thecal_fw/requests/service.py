"""The pump's answers to a host's requests about its service: report what its parts have served, take one as new, and
let a person hear the tones of its alarms.
"""

from thecal_fw.core.alarms import PRIORITY_NAMES
from thecal_fw.core.events import EVENT_TONE_CHECKED
from thecal_fw.core.instant import SECONDS_PER_DAY
from thecal_fw.core.service_life import PART_NAMES
from thecal_fw.link import messages
from thecal_fw.requests.refills import Consumption
from thecal_fw.requests.refusal import RequestRefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.link.layouts import Answer, Values
    from thecal_fw.pump.controller import Controller


class ServiceRequests:
    """Handlers of one pump. handlers: by kind of message."""

    def __init__(self, pump: "Controller", consumption: Consumption) -> None:
        self._pump = pump
        self._time = pump.time
        self._orders = pump.orders
        self._calibration = pump.calibration
        self._reports = pump.reports
        self._service = pump.service
        self._sounder = pump.sounder
        self._consumption = consumption
        self.handlers = {
            messages.SERVICE_LIFE.kind: self._report,
            messages.RENEW_PART.kind: self._renew,
            messages.CHECK_TONE.kind: self._check_tone,
        }

    def _report(self, values: "Values") -> "Answer":
        life, lifetime_s, revolutions = (
            self._service.life,
            self._time.lifetime_s(),
            self._service.revolutions(),
        )
        program, course, on_top_nl = self._orders.program, None, 0
        if program is not None and program.delivers():
            course, on_top_nl = self._consumption.course(program), self._consumption.on_top_nl(program)
        return (
            life.pump_age_s(lifetime_s) // SECONDS_PER_DAY,
            life.tubing_age_s(lifetime_s) // SECONDS_PER_DAY,
            life.tubing_revolutions(revolutions),
            life.minutes_to_tubing(lifetime_s, revolutions, self._calibration, course, on_top_nl),
            life.minutes_to_replacement(lifetime_s),
            life.minutes_to_end(lifetime_s),
        )

    def _check_tone(self, values: "Values") -> "Answer":
        priority = values.number("priority")
        if priority >= len(PRIORITY_NAMES):
            raise RequestRefusedError(messages.ERROR_RANGE, len(PRIORITY_NAMES) - 1)
        self._reports.record(EVENT_TONE_CHECKED, priority)
        return (self._sounder.answer(priority),)

    def _renew(self, values: "Values") -> "Answer":
        part = values.number("part")
        if part >= len(PART_NAMES):
            raise RequestRefusedError(messages.ERROR_RANGE, len(PART_NAMES) - 1)
        self._pump.renew_part(part)
        return ()
