"""What the pump does at a host's request about its service: tell what its parts have served, take one as new, and let a
person hear the tones of its alarms.
"""

from thecal_fw.core import events
from thecal_fw.core.alarms import PRIORITY_NAMES
from thecal_fw.core.program import MODE_STOPPED
from thecal_fw.core.service_life import PART_NAMES
from thecal_fw.link import messages
from thecal_fw.requests.refill_handlers import course_from_now, still_to_give_nl
from thecal_fw.requests.staging import RequestRefusedError


class ServiceCommands:
    """Handlers of one pump's service messages."""

    def __init__(self, pump):
        self._pump = pump
        self.handlers = {
            messages.SERVICE_LIFE.kind: self._tell,
            messages.RENEW_PART.kind: self._renew,
            messages.CHECK_TONE.kind: self._check_tone,
        }

    def _tell(self, values) -> bytes:
        pump, service = self._pump, self._pump.service
        life, lifetime_s, revolutions = service.life, service.lifetime_s(), service.revolutions()
        course, on_top_nl = None, 0
        if pump.program is not None and pump.program.mode != MODE_STOPPED:
            course, on_top_nl = course_from_now(pump), still_to_give_nl(pump)
        return messages.SERVICE_LIFE.response.pack(
            life.pump_age_s(lifetime_s) // 86_400,
            life.tubing_age_s(lifetime_s) // 86_400,
            life.tubing_revolutions(revolutions),
            life.minutes_to_tubing(lifetime_s, revolutions, pump.calibration.nl_per_rev, course, on_top_nl),
            life.minutes_to_replacement(lifetime_s),
            life.minutes_to_end(lifetime_s),
        )

    def _check_tone(self, values) -> bytes:
        priority = values["priority"]
        if priority >= len(PRIORITY_NAMES):
            raise RequestRefusedError(messages.ERROR_RANGE, len(PRIORITY_NAMES) - 1)
        self._pump.record(events.EVENT_TONE_CHECKED, priority)
        return messages.CHECK_TONE.response.pack(self._pump.answer(priority))

    def _renew(self, values) -> bytes:
        pump = self._pump
        if values["part"] >= len(PART_NAMES):
            raise RequestRefusedError(messages.ERROR_RANGE, len(PART_NAMES) - 1)
        if not pump.keeper.can_grant():
            raise RequestRefusedError(messages.ERROR_NOT_STORED)
        pump.service.renew(values["part"])
        return messages.RENEW_PART.response.pack(pump.keeper.save_if_changed())
