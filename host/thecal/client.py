"""A pump, as a host sees it: every request as a method with typed arguments and a typed answer.

Changing a program is a transaction: the bytes are staged, read back, checked by the pump, and only then committed
by their digest. Until the commit the pump continues as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from thecal.alarm_sets import set_of, with_bits
from thecal.answers import program_in
from thecal.bolus import BolusCancelled, BolusCheck, BolusGiven, BolusState
from thecal.changes import Changes
from thecal.dose_history import LastDose, last_dose_of
from thecal.errors import BadAnswerError, PumpRefusedError, ThecalError
from thecal.keys import Keys
from thecal.link import Link, SerialPort, text_of
from thecal.refill_dates import ReservoirOutlook
from thecal.service_outlook import ServiceOutlook
from thecal.status import Status, status_of
from thecal_fw.core.program import Program
from thecal_fw.core.program_fault import Fault
from thecal_fw.core.roles import ACCESS_NAMES, ROLE_CLINICIAN
from thecal_fw.link import messages
from thecal_fw.link.authentication import TAG_BYTES
from thecal_fw.link.frames import MOST_PAYLOAD_BYTES

_FLAGS = ("is_stored", "fill_known_before", "under_way", "is_history_known", "is_known", "alarm_protects")


_MOST_FAULTS = 1_000
_MOST_EVENTS = 100_000
"""Several times what any pump's flash holds."""


@dataclass(frozen=True)
class PumpTime:
    """One instant in both of the pump's times. ``time_source`` 0 means that UTC is not known."""

    boot_s: int
    boot_us: int
    utc_s: int
    utc_us: int
    time_source: int
    offset_minutes: int


@dataclass(frozen=True)
class Effective:
    """Instant since the pump's reset from which a change holds."""

    effective_boot_s: int
    effective_boot_us: int


@dataclass(frozen=True)
class Started(Effective):
    """Instant of a start. is_stored, here and below: whether it is in the pump's journal; if not, a power cut undoes
    it until the pump has been able to write it."""

    is_stored: bool


@dataclass(frozen=True)
class Stopped(Effective):
    """Instant of a stop and the steps counted by then."""

    counted_steps: int
    is_stored: bool


@dataclass(frozen=True)
class TimeSet(Effective):
    """The time that the clock showed before it was set, and from when the schedule follows the new time."""

    was_utc_s: int
    was_utc_us: int
    is_stored: bool


@dataclass(frozen=True)
class Refilled:
    """The volume that the reservoir was expected to hold before; meaningless if its contents were not known."""

    expected_residual_nl: int
    fill_known_before: bool
    is_stored: bool


@dataclass(frozen=True)
class Acknowledged:
    """Alarms by bit: those still active, and those that are silent for a while."""

    active_alarms: int
    silenced_alarms: int
    is_stored: bool


@dataclass(frozen=True)
class Access:
    """access: open, keyed or damaged, by its number. roles: bits of those that have a key. wait_s: how long no
    clinician's key is looked at yet."""

    access: int
    roles: int
    wait_s: int

    @property
    def name(self) -> str:
        return ACCESS_NAMES[self.access] if self.access < len(ACCESS_NAMES) else f"access {self.access}"


@dataclass(frozen=True)
class Event:
    """An entry of the pump's log."""

    sequence: int
    boot_s: int
    boot_us: int
    utc_s: int
    time_source: int
    code: int
    boots: int
    first: int
    second: int


class ProgramRefusedError(ThecalError):
    """The pump found faults in a program; it continues as before. ``faults`` has all of them."""

    def __init__(self, faults: list[Fault]) -> None:
        lines = "\n".join(f"  {fault!r}" for fault in faults)
        super().__init__(f"the pump refuses the program, {len(faults)} faults:\n{lines}")
        self.faults = faults


class Pump:
    """Client of the pump behind a port. Opens a session at once; the other arguments are those of ``Link``."""

    def __init__(
        self,
        port: SerialPort,
        host_nonce: int | None = None,
        clock: Callable[[], float] | None = None,
        keys: Keys | None = None,
        changes: Changes | None = None,
        agree_to_open: Callable[[str], bool] | None = None,
    ) -> None:
        self._link = Link(port, host_nonce, clock, keys, changes, agree_to_open)

    @property
    def version(self) -> str:
        return self._link.version()

    @property
    def commit(self) -> str:
        return text_of(self._link.greeting["commit"])

    @property
    def serial(self) -> str:
        return text_of(self._link.greeting["serial"])

    @property
    def board(self) -> str:
        return text_of(self._link.greeting["board"])

    @property
    def requests_repeated(self) -> int:
        """Return requests that had to be sent again."""
        return self._link.repeated

    def interrogate(self) -> Status:
        return status_of(self._link.ask(messages.INTERROGATE))

    def time(self) -> PumpTime:
        return PumpTime(**self._link.ask(messages.GET_TIME))

    def set_time(self, utc_s: int, offset_minutes: int, utc_us: int = 0) -> TimeSet:
        """Set UTC, and the offset of the pump's local time from it in minutes."""
        return TimeSet(**_with_flags(self._link.ask(messages.SET_TIME, utc_s, utc_us, offset_minutes)))

    def read_program(self) -> Program | None:
        """Return the program the pump has, or None if it has none."""
        try:
            return program_in(self._read_program(staged=False))
        except PumpRefusedError as refusal:
            if refusal.code == messages.ERROR_NO_PROGRAM:
                return None
            raise

    def _read_program(self, *, staged: bool) -> bytes:
        encoded = b""
        while True:
            part = self._link.ask(messages.READ_PROGRAM, staged, len(encoded))
            encoded += part["tail"]
            if len(encoded) >= part["total_bytes"] or not part["tail"]:
                return encoded[: part["total_bytes"]]

    def program(self, program: Program) -> Effective:
        """Make this the pump's program: stage, read back, check, commit."""
        digest = self.stage(program)
        return self.commit_staged(digest)

    def stage(self, program: Program) -> bytes:
        """Send a program without committing it; its digest. Raises ProgramRefusedError if it has faults. Raise
        ThecalError if the pump holds other bytes than were sent."""
        encoded = program.encode()
        self._link.ask(messages.STAGE_BEGIN, len(encoded))
        size = MOST_PAYLOAD_BYTES - messages.STAGE_DATA.request.size - TAG_BYTES
        for offset in range(0, len(encoded), size):
            self._link.ask(messages.STAGE_DATA, offset, tail=encoded[offset : offset + size])
        if self._read_program(staged=True) != encoded:
            raise ThecalError("the pump holds other bytes than were sent; nothing was committed")
        faults = self._faults_of_staged()
        if faults:
            raise ProgramRefusedError(faults)
        return program.digest()

    def _faults_of_staged(self) -> list[Fault]:
        faults: list[Fault] = []
        while True:
            check = self._link.ask(messages.STAGE_CHECK, len(faults))
            part = [_fault_of(values) for values in _records(check["tail"], messages.FAULT)]
            faults += part
            if len(faults) >= min(check["fault_count"], _MOST_FAULTS) or not part:
                return faults

    def commit_staged(self, digest: bytes) -> Effective:
        return Effective(**self._link.ask(messages.COMMIT, digest))

    def start(self, digest: bytes) -> Started:
        """Begin to deliver the program of this digest."""
        return Started(**_with_flags(self._link.ask(messages.START, digest)))

    def stop(self) -> Stopped:
        return Stopped(**_with_flags(self._link.ask(messages.STOP)))

    def refill(self, fill_nl: int) -> Refilled:
        return Refilled(**_with_flags(self._link.ask(messages.REFILL, fill_nl)))

    def acknowledge(self, alarms: int) -> Acknowledged:
        """Acknowledge alarms by bit."""
        return Acknowledged(**_with_flags(with_bits(self._link.ask(messages.ACKNOWLEDGE, set_of(alarms)))))

    def log(self, first_sequence: int = 0) -> list[Event]:
        """Return events still kept, from a sequence number on. Raise BadAnswerError if the log has no end."""
        events: list[Event] = []
        while True:
            answer = self._link.ask(messages.READ_LOG, first_sequence)
            events += [Event(**values) for values in _records(answer["tail"], messages.EVENT)]
            asked, first_sequence = first_sequence, answer["next_sequence"]
            if first_sequence > answer["latest_sequence"]:
                return events
            if first_sequence <= asked or len(events) > _MOST_EVENTS:
                raise BadAnswerError("the log that answers has no end: it is not a Thecal pump's")

    def check_bolus(self, kind: int, rate_nl_per_day: int = 0, seconds: int = 0) -> BolusCheck:
        """Return the answer whether a bolus would be given now; nothing changes. Kinds are those of
        ``thecal_fw.core.bolus``."""
        return BolusCheck(**self._link.ask(messages.CHECK_BOLUS, kind, rate_nl_per_day, seconds))

    def give_bolus(self, digest: bytes, kind: int, rate_nl_per_day: int = 0, seconds: int = 0) -> BolusGiven:
        """Give a bolus beside the program of this digest. Of a patient's, rate and time are the program's."""
        return BolusGiven(**self._link.ask(messages.GIVE_BOLUS, digest, kind, rate_nl_per_day, seconds))

    def cancel_bolus(self, *, is_temporary_rate: bool = False) -> BolusCancelled:
        """End the bolus on demand, or the temporary rate."""
        return BolusCancelled(**_with_flags(self._link.ask(messages.CANCEL_BOLUS, is_temporary_rate)))

    def boluses(self) -> BolusState:
        return BolusState(**_with_flags(self._link.ask(messages.BOLUSES)))

    def outlook(self) -> ReservoirOutlook:
        """Return how long the reservoir lasts from now on."""
        return ReservoirOutlook(**_with_flags(self._link.ask(messages.DATES)))

    def service_life(self) -> ServiceOutlook:
        """Return what is used up of the tubing's and the pump's life, and when the rest will be."""
        return ServiceOutlook(**self._link.ask(messages.SERVICE_LIFE))

    def last_dose(self) -> LastDose | None:
        """Return the daily dose last delivered, also where the program that gave it is gone; None before the first."""
        return last_dose_of(self._link.ask(messages.LAST_DOSE))

    def check_tone(self, priority: int) -> bool:
        """Have the tones of a priority sounded once; False if the buzzer is sounding already."""
        return bool(self._link.ask(messages.CHECK_TONE, priority)["sounds"])

    def renew_part(self, part: int) -> bool:
        """Have a part taken as new, ``PART_TUBING`` or ``PART_PUMP``; whether that is stored."""
        return bool(self._link.ask(messages.RENEW_PART, part)["is_stored"])

    def bootloader(self) -> None:
        """Have the pump restart into its USB bootloader. Refused while it delivers."""
        self._link.ask(messages.BOOTLOADER)

    def prompt(self) -> None:
        """Have the pump leave to the MicroPython prompt. Refused while it delivers."""
        self._link.ask(messages.PROMPT)

    def pair(self, role: int, key: bytes) -> None:
        """Give a role a new key. Refused unless the button on the board is held."""
        self._link.ask(messages.PAIR, role, key)

    def proves(self, role: int, key: bytes) -> bool:
        """Return True if the pump has this key of a role. A wrong one counts as a try to guess it."""
        return self._link.proves(role, key)

    def access(self) -> Access:
        """Return what the pump's keys are."""
        answer = self._link.ask(messages.CHALLENGE, ROLE_CLINICIAN)
        return Access(answer["access"], answer["roles"], answer["wait_s"])

    def close(self) -> None:
        self._link.close()


def _records(tail: bytes, layout: messages.Layout) -> Iterator[dict[str, Any]]:
    for offset in range(0, len(tail), layout.size):
        values = layout.unpack(tail[offset : offset + layout.size])
        if values is not None:
            yield values


def _fault_of(values: dict[str, Any]) -> Fault:
    return Fault(**values)


def _with_flags(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer of the wire with its flags as what they mean."""
    return {name: bool(value) if name in _FLAGS else value for name, value in answer.items()}
