"""A program's way in at a host's request: staged in pieces, checked as a whole, committed by its digest, read back."""

from thecal_fw.link import messages
from thecal_fw.link.frames import MOST_PAYLOAD_BYTES
from thecal_fw.pump.keeper import MOST_ERASES_FOR_A_COMMIT
from thecal_fw.requests.interrogation import instant
from thecal_fw.requests.refusal import RequestRefusedError, in_progress
from thecal_fw.requests.staging import Staging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.link.layouts import Answer, Values
    from thecal_fw.pump.controller import Controller


class Programming:
    """Handlers of one pump. staging: what is on its way in. handlers: by kind of message."""

    def __init__(self, pump: "Controller") -> None:
        self._pump = pump
        self._orders = pump.orders
        self._keeper = pump.keeper
        self._journal = pump.keeper.journal
        self._infusion = pump.infusion
        self._erases = 0
        self.staging = Staging(pump.orders, pump.infusion, pump.memory, pump.limits, pump.calibration)
        self.handlers = {
            messages.READ_PROGRAM.kind: self._read_program,
            messages.STAGE_BEGIN.kind: self._stage_begin,
            messages.STAGE_DATA.kind: self._stage_data,
            messages.STAGE_CHECK.kind: self._stage_check,
            messages.COMMIT.kind: self._commit,
        }

    def _read_program(self, values: "Values") -> "Answer":
        if values.number("staged"):
            encoded = self.staging.whole()
        elif self._orders.program is None:
            raise RequestRefusedError(messages.ERROR_NO_PROGRAM)
        else:
            encoded = self._orders.place.encoded()
        offset = values.number("offset")
        if offset > len(encoded):
            raise RequestRefusedError(messages.ERROR_RANGE, len(encoded))
        end = offset + MOST_PAYLOAD_BYTES - messages.READ_PROGRAM.response.size
        return len(encoded), bytes(encoded[offset:end])

    def _stage_begin(self, values: "Values") -> "Answer":
        self.staging.begin(values.number("total_bytes"))
        self._erases = 0
        return ()

    def _stage_data(self, values: "Values") -> "Answer":
        return (self.staging.add(values.number("offset"), values.octets("tail")),)

    def _stage_check(self, values: "Values") -> "Answer":
        return self.staging.check(values.number("first_fault"))

    def _commit(self, values: "Values") -> "Answer":
        digest = values.octets("digest")
        program, place = self.staging.checked(digest)
        self._make_room()
        tick = self._pump.commit(program, digest, place)
        if tick < 0:
            raise RequestRefusedError(messages.ERROR_NOT_STORED)
        self.staging.forget()
        return instant(tick)

    def _make_room(self) -> None:
        """Have a place in flash erased for the program. It is, as a rule; only a commit right after another one comes
        before that. One sector is erased for each time that it is asked for, and none while a change is pending."""
        if self._keeper.is_ready_for_program():
            return
        if not self._infusion.is_change_ahead():
            self._journal.erase_one()
            self._erases += 1
        raise in_progress(self._erases, MOST_ERASES_FOR_A_COMMIT)
