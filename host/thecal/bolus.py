"""Boluses as a host sees them: what was checked, what is given, what is under way."""

from __future__ import annotations

from dataclasses import dataclass

from thecal_fw.core.bolus import KIND_NAMES
from thecal_fw.core.bolus_history import REFUSAL_NAMES


@dataclass(frozen=True)
class BolusCheck:
    """The pump's answer whether it would give a bolus now, and which: a patient's is the program's.

    bolus_refusal: why not, 0 if it would. patient_wait_s: until neither lockout nor count is in a patient's way.
    """

    bolus_refusal: int
    bolus_rate_nl_per_day: int
    bolus_seconds: int
    bolus_nl: int
    patient_wait_s: int

    @property
    def is_refused(self) -> bool:
        return self.bolus_refusal != 0

    @property
    def reason(self) -> str:
        return refusal_name(self.bolus_refusal)


@dataclass(frozen=True)
class BolusGiven:
    """The instant since the pump's reset at which a bolus begins, and its volume."""

    effective_boot_s: int
    effective_boot_us: int
    bolus_nl: int


@dataclass(frozen=True)
class BolusCancelled:
    """The instant from which nothing is given on demand any more."""

    effective_boot_s: int
    effective_boot_us: int
    is_stored: bool


@dataclass(frozen=True)
class BolusState:
    """The bolus under way, meaningless if there is none, and what was given on demand in the last 24 hours.

    metered_hour_nl, metered_day_nl: what the pump's meter has counted in the last hour and the last 24 hours of running
    time, on the safe side. held_by_meter: doses that it has held back since the last refill. line_room_nl: how much of
    tubing and catheter is known to be unfilled. primes, primed_nl: since the last refill, the one under way included.
    """

    under_way: bool
    bolus_kind: int
    bolus_rate_nl_per_day: int
    bolus_seconds: int
    bolus_given_nl: int
    bolus_nl: int
    on_demand_in_24_h: int
    patient_in_24_h: int
    patient_wait_s: int
    is_history_known: bool
    temporary_rate_nl_per_day: int
    temporary_left_s: int
    bridge_left_s: int
    metered_hour_nl: int
    metered_day_nl: int
    held_by_meter: int
    line_room_nl: int
    primes: int
    primed_nl: int

    @property
    def line_text(self) -> str:
        """Return what primes have given since the refill, and how much of the line is known to be unfilled, in
        words."""
        primes = {0: "no prime", 1: "1 prime"}.get(self.primes, f"{self.primes} primes")
        given = f" of {self.primed_nl / 1e3:.1f} microlitres" if self.primes else ""
        return f"{primes}{given} since the refill; room for {self.line_room_nl / 1e3:.1f} microlitres more"

    @property
    def meter_text(self) -> str:
        """Return what the meter has counted, and what it held back, in words."""
        held = f"{self.held_by_meter} doses held back" if self.held_by_meter else "no dose held back"
        return (
            f"{self.metered_hour_nl / 1e3:.1f} microlitres counted in the last hour, "
            f"{self.metered_day_nl / 1e3:.1f} in the last 24 h; {held} since the refill"
        )


def kind_name(kind: int) -> str:
    return KIND_NAMES[kind] if kind < len(KIND_NAMES) else f"kind {kind}"


def refusal_name(refusal: int) -> str:
    return REFUSAL_NAMES[refusal] if refusal < len(REFUSAL_NAMES) else f"reason {refusal}"
