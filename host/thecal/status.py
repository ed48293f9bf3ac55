"""The answers of an interrogation, with the figures a clinician would ask for worked out from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

from thecal.alarm_sets import names_of, with_bits
from thecal.printable import printable
from thecal_fw.core.instant import UNKNOWN_US
from thecal_fw.core.modes import MODE_NAMES
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_NAMES
from thecal_fw.core.self_test import TEST_NAMES

NL_PER_ML = 1_000_000
NG_PER_MCG = 1_000
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Status:
    """The pump at one instant; fields as in the protocol, then what follows from them."""

    boot_s: int
    boot_us: int
    utc_s: int
    utc_us: int
    time_source: int
    offset_minutes: int
    state: int
    mode: int
    has_program: bool
    program_digest: bytes
    change_pending: bool
    rate_nl_per_day: int
    concentration_ng_per_ml: int
    drug: str
    calibration_id: int
    nl_per_rev: int
    microsteps_per_rev: int
    planned_steps: int
    counted_steps: int
    unseen_steps: int
    steps_since_refill: int
    fill_nl: int
    fill_known: bool
    residual_nl: int
    low_reservoir_nl: int
    steps_to_low_reservoir: int
    active_alarms: int
    silenced_alarms: int
    latest_event: int
    reset_cause: int
    frames_garbled: int
    frames_overlong: int
    replies_dropped: int
    queued_ms: int
    worst_poll_us: int
    heap_free_bytes: int
    boots: int
    lifetime_steps: int
    granted_steps: int
    quantum_steps: int
    uncertain_steps: int
    lost_steps: int
    failed_tests: int
    journal_condition: int
    refilled_day: int
    stalls: int
    take_over_us: int
    prepare_us: int
    collect_us: int
    write_us: int
    least_margin_us: int
    least_masked_us: int
    passed_over: int
    passed_reason: int

    @property
    def state_name(self) -> str:
        return STATE_NAMES[self.state]

    @property
    def mode_name(self) -> str:
        return MODE_NAMES[self.mode]

    @property
    def is_delivering(self) -> bool:
        return self.state == STATE_DELIVERING

    @property
    def dose_mcg_per_day(self) -> Fraction:
        """Return the dose at the present rate."""
        return Fraction(self.rate_nl_per_day * self.concentration_ng_per_ml, NL_PER_ML * NG_PER_MCG)

    @property
    def alarm_names(self) -> list[str]:
        return names_of(self.active_alarms)

    @property
    def uncertain_nl(self) -> Fraction:
        """Return the volume since the refill that counts as delivered though a power cut may have withheld it."""
        return Fraction(self.uncertain_steps * self.nl_per_rev, self.microsteps_per_rev)

    @property
    def lost_nl(self) -> Fraction:
        """Return the volume since the refill that was commanded, and that the motor did not turn for."""
        return Fraction(self.lost_steps * self.nl_per_rev, self.microsteps_per_rev)

    @property
    def last_refill(self) -> date | None:
        """Return the pump's local day of the last refill, or None if it does not know."""
        return _EPOCH + timedelta(days=self.refilled_day) if self.refilled_day else None

    @property
    def earliest_fill(self) -> datetime | None:
        """Return when the day of the last refill began, local time: no later than the drug was filled in."""
        return datetime.combine(self.last_refill, time()) if self.last_refill else None

    @property
    def has_taken_over(self) -> bool:
        """Return True if a queue of pulses has taken over since the reset, so that the least margins are known."""
        return self.least_margin_us != UNKNOWN_US

    @property
    def failed_test_names(self) -> list[str]:
        return [name for bit, name in enumerate(TEST_NAMES) if self.failed_tests >> bit & 1]

    @property
    def local_time(self) -> datetime | None:
        """Return the pump's local time, or None while it does not know the time."""
        if not self.time_source:
            return None
        local = datetime.fromtimestamp(self.utc_s, UTC) + timedelta(minutes=self.offset_minutes)
        return local.replace(tzinfo=None)


def status_of(answer: dict[str, Any]) -> Status:
    """Return the status of the fields of an interrogation's response."""
    fields = with_bits(answer)
    fields["drug"] = printable(fields["drug"].rstrip(b"\0").decode("ascii", "replace"))
    for name in ("has_program", "change_pending", "fill_known"):
        fields[name] = bool(fields[name])
    return Status(**fields)
