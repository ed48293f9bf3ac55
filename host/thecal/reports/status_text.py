"""The pump's state and its events as a person reads them, and as a script does."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from thecal.alarm_sets import acknowledged_in, names_of
from thecal.bolus import kind_name, refusal_name
from thecal.clocks import Clocks, Wall, clocks_of, duration_text
from thecal.refill_dates import ReservoirOutlook
from thecal.words import plain
from thecal_fw.core import events
from thecal_fw.core.annunciation import PATTERNS
from thecal_fw.core.journal_condition import CONDITION_NAMES
from thecal_fw.core.ledger import MOST_STALLS
from thecal_fw.core.modes import MODE_NAMES
from thecal_fw.core.roles import ROLE_NAMES
from thecal_fw.core.self_test import TEST_NAMES
from thecal_fw.core.wall_clock import TIME_SOURCE_NAMES

if TYPE_CHECKING:
    from thecal.client import Event, Pump
    from thecal.status import Status

_NL_PER_ML = 1e6


def board_title(pump: Pump) -> str:
    return f"{pump.board} {pump.serial}, firmware {pump.version} ({pump.commit})"


def status_rows(
    status: Status, outlook: ReservoirOutlook, clocks: Clocks, bridge_left_s: int = 0
) -> list[tuple[str, str]]:
    """Return everything of a pump's state, clinical units first. bridge_left_s: of a bridge under way."""
    drug = f"{status.drug}, {status.concentration_ng_per_ml / 1e3:g} mcg/mL" if status.drug else "none"
    program = f"{status.mode_name}, {status.program_digest[:4].hex()}" if status.has_program else "none"
    return [
        (
            "state",
            status.state_name + (", a change is about to take effect" if status.change_pending else ""),
        ),
        ("dose now", dose_now(status, bridge_left_s)),
        ("drug", drug),
        ("program", program),
        ("reservoir, calculated", _reservoir(status)),
        ("last refill", status.last_refill.isoformat() if status.last_refill else "day not known"),
        ("uncertain volume", f"{float(status.uncertain_nl) / 1e3:g} microlitres since the refill"),
        ("not turned for", f"{float(status.lost_nl) / 1e3:g} microlitres since the refill"),
        ("boluses passed over", _passed_over(status)),
        ("motor stalls", _stalls(status)),
        ("low-reservoir alarm", _low_alarm(status, outlook)),
        ("alarms", ", ".join(status.alarm_names) or "none"),
        ("silenced", ", ".join(names_of(status.silenced_alarms)) or "none"),
        *clocks.rows(),
        ("microsteps", f"{status.counted_steps} since reset, {status.steps_since_refill} since refill"),
        ("self-test", ", ".join(status.failed_test_names) + " failed" if status.failed_tests else "passed"),
        ("journal at the last reset", CONDITION_NAMES[status.journal_condition]),
        ("takes at most", _pace(status)),
        ("least margin", _margin(status)),
        ("last reset", f"{events.RESET_NAMES[status.reset_cause]}, {duration_text(status.boot_s)} ago"),
    ]


def _pace(status: Status) -> str:
    return (
        f"{status.take_over_us} us to take over a queue, {_ms(status.prepare_us)} to prepare a change, "
        f"{_ms(status.collect_us)} to tidy memory, {_ms(status.write_us)} to write a record"
    )


def _margin(status: Status) -> str:
    if not status.has_taken_over:
        return "no change since the reset"
    return f"{_ms(status.least_margin_us)} before a change, {_ms(status.least_masked_us)} with interrupts off"


def _ms(us: int) -> str:
    return f"{us / 1_000:.1f} ms"


def dose_now(status: Status, bridge_left_s: int) -> str:
    """Return what is given at this instant. Of the old drug of a bridge only the volume is known, not its
    concentration."""
    if not status.rate_nl_per_day:
        return "nothing is delivered"
    volume = f"{status.rate_nl_per_day / _NL_PER_ML:g} mL/day"
    if bridge_left_s:
        return f"{volume} of the drug before: bridge, {duration_text(bridge_left_s)} left"
    return f"{plain(status.dose_mcg_per_day)} mcg/day ({volume})" if status.has_program else volume


def _reservoir(status: Status) -> str:
    if not status.fill_known:
        return "unknown; set it with `thecal refill`"
    return f"{status.residual_nl / _NL_PER_ML:.3f} mL of the {status.fill_nl / _NL_PER_ML:g} mL filled"


def _passed_over(status: Status) -> str:
    if not status.passed_over:
        return "none since the refill"
    reason = _name(events.PASSED_OVER_NAMES, status.passed_reason)
    return f"{status.passed_over} since the refill; the latest: {reason}"


def _stalls(status: Status) -> str:
    more = " or more" if status.stalls == MOST_STALLS else ""
    return f"{status.stalls or 'none'}{more} since the refill"


def _low_alarm(status: Status, outlook: ReservoirOutlook) -> str:
    if not status.has_program or not status.low_reservoir_nl:
        return "none"
    days = outlook.days_to_low
    when = f", in {days:.1f} days at the earliest" if days is not None else ""
    return f"at {status.low_reservoir_nl / _NL_PER_ML:g} mL{when}"


def status_document(pump: Pump, status: Status) -> dict[str, Any]:
    """Return everything an interrogation reports, with names in place of numbered words.

    dose_mcg_per_day: None while a bridge gives a drug whose concentration the program no longer has.
    """
    boluses = pump.boluses()
    bridge_left_s = boluses.bridge_left_s
    clocks = clocks_of(status, Wall().now())
    return {
        "board": pump.board,
        "serial": pump.serial,
        "version": pump.version,
        "commit": pump.commit,
        **asdict(status),
        "state": status.state_name,
        "mode": MODE_NAMES[status.mode],
        "time_source": TIME_SOURCE_NAMES[status.time_source],
        "journal_condition": CONDITION_NAMES[status.journal_condition],
        "failed_tests": status.failed_test_names,
        "reset_cause": events.RESET_NAMES[status.reset_cause],
        "active_alarms": status.alarm_names,
        "silenced_alarms": names_of(status.silenced_alarms),
        "last_refill": status.last_refill.isoformat() if status.last_refill else None,
        "dose_mcg_per_day": None if bridge_left_s else float(status.dose_mcg_per_day),
        "bridge_left_s": bridge_left_s,
        "metered_hour_nl": boluses.metered_hour_nl,
        "metered_day_nl": boluses.metered_day_nl,
        "held_by_meter": boluses.held_by_meter,
        "days_to_low_reservoir": pump.outlook().days_to_low,
        "local_time": status.local_time.isoformat() if status.local_time else None,
        "computer_time": clocks.now.isoformat(timespec="seconds"),
        "clocks_agree": clocks.agree,
    }


def notification_text(priority: int) -> str:
    """Return how the buzzer announces an alarm of this priority."""
    tones, _, _, repeat_s = PATTERNS[priority]
    count = "1 tone" if tones == 1 else f"{tones} tones"
    return f"{count}, again every {duration_text(repeat_s).removesuffix(' 0 s').removesuffix(' 0 min')}"


def event_name(event: Event) -> str:
    known = event.code < len(events.EVENT_NAMES)
    return events.EVENT_NAMES[event.code] if known else f"event {event.code}"


def event_text(event: Event) -> str:
    """Return what an event's values say; the values themselves where this host knows no words for them."""
    try:
        return _words_of(event)
    except (LookupError, ValueError, OverflowError, OSError):
        return f"{event.first}, {event.second}"


def _words_of(event: Event) -> str:
    first, second = event.first, event.second
    if event.code == events.EVENT_RESET:
        cause, was_delivering = first & 0xFF, first >> events.WAS_DELIVERING_SHIFT
        return f"{events.RESET_NAMES[cause]}{' while delivering' if was_delivering else ''}"
    if event.code == events.EVENT_PROGRAM_COMMITTED:
        return f"{first:08x}, {MODE_NAMES[second]}"
    if event.code in (events.EVENT_PROGRAM_EFFECTIVE, events.EVENT_STARTED):
        return f"{second / _NL_PER_ML:g} mL/day, at microstep {first}"
    if event.code == events.EVENT_STOPPED:
        return f"at microstep {first}"
    if event.code == events.EVENT_REFILLED:
        return f"{first / _NL_PER_ML:g} mL, at microstep {second}"
    if event.code == events.EVENT_TIME_SET:
        return f"was {_utc(first)} UTC" if first else "was unknown"
    if event.code in (events.EVENT_ALARM_RAISED, events.EVENT_ALARM_CLEARED):
        return f"{''.join(names_of(1 << first)) or first}, at microstep {second}"
    acknowledged = acknowledged_in(event.code, first, second)
    if acknowledged is not None:
        named, ended = acknowledged
        cleared = f"; cleared: {', '.join(names_of(ended))}" if ended else ""
        return ", ".join(names_of(named)) + cleared
    if event.code == events.EVENT_COUNT_MISMATCH:
        return f"counted {first}, due {second}"
    if event.code == events.EVENT_SELF_TEST:
        return ", ".join(name for bit, name in enumerate(TEST_NAMES) if first >> bit & 1) + " failed"
    if event.code == events.EVENT_UNCERTAIN:
        return f"{first} microsteps, {second} since the refill"
    if event.code == events.EVENT_MISSED:
        return f"{first} microsteps, not made up for"
    if event.code == events.EVENT_LOST_EVENTS:
        return f"{first} to {second}"
    if event.code == events.EVENT_GATE_ARMED:
        return f"for {second} microsteps, at microstep {first}"
    if event.code == events.EVENT_GATE_TRIPPED:
        return f"counted {first}, granted {second}"
    if event.code in (events.EVENT_STALLED, events.EVENT_RECOVERED, events.EVENT_OFF_COUNT):
        return f"at microstep {first}, {_signed(second)} microsteps short"
    if event.code == events.EVENT_JOURNAL:
        return f"{CONDITION_NAMES[first]}, record {second}"
    if event.code == events.EVENT_COUNTS_FULL:
        return f"at microstep {first} of this life: the pump resets itself and continues"
    if event.code in (events.EVENT_SUPPLY_LOW, events.EVENT_SUPPLY_GOOD, events.EVENT_HELD):
        return f"at microstep {first}"
    if event.code == events.EVENT_TIMING_FAULT:
        return f"counted {first}, planned {second}"
    if event.code == events.EVENT_CHANGE_LATE:
        return f"at microstep {first}, prepared in up to {second} us"
    if event.code in (events.EVENT_BOLUS_BEGUN, events.EVENT_BOLUS_ENDED, events.EVENT_BOLUS_REFUSED):
        return _bolus_text(event.code, first, second)
    if event.code == events.EVENT_PAIRED:
        return f"{_role(first)}, {'in place of the key before' if second else 'its first key'}"
    if event.code == events.EVENT_AUTHENTICATED:
        return _role(first) + (f", after {second} wrong keys" if second else "")
    if event.code == events.EVENT_WRONG_KEY:
        return f"{_role(first)}, session {second}"
    if event.code == events.EVENT_PASSED_OVER:
        number, reason = second & (1 << events.PASSED_OVER_SHIFT) - 1, second >> events.PASSED_OVER_SHIFT
        return f"{number} from {_local_minute_text(first)} on: {_name(events.PASSED_OVER_NAMES, reason)}"
    if event.code == events.EVENT_MORE:
        return _more_text(first, second)
    if event.code == events.EVENT_METER_HELD:
        minutes = second & events.SECONDS_MASK
        counted = f"{first / 1e3:g} microlitres were counted in {duration_text(60 * minutes)}"
        return f"{kind_name(second >> events.KIND_SHIFT)}; {counted} before it"
    if event.code == events.EVENT_HELLO:
        return f"session {second}"
    return ""


def _more_text(number: int, second: int) -> str:
    """Return what was counted and not logged one by one: which event, what it was about, how often."""
    code, value = second >> events.MORE_CODE_SHIFT, second & (1 << events.MORE_CODE_SHIFT) - 1
    name = events.EVENT_NAMES[code] if code < len(events.EVENT_NAMES) else f"event {code}"
    if code == events.EVENT_BOLUS_REFUSED:
        name += f" ({refusal_name(value)})"
    elif code in (events.EVENT_AUTHENTICATED, events.EVENT_WRONG_KEY):
        name += f" ({_role(value)})"
    elif code in (events.EVENT_ALARM_RAISED, events.EVENT_ALARM_CLEARED):
        name += f" ({''.join(names_of(1 << value)) or value})"
    return f"{name}: {number:,} more {'time' if number == 1 else 'times'} since the one logged before"


def _bolus_text(code: int, first: int, second: int) -> str:
    kind, rest = kind_name(second >> events.KIND_SHIFT), second & events.SECONDS_MASK
    if code == events.EVENT_BOLUS_BEGUN:
        return f"{kind}, {first / _NL_PER_ML:g} mL/day for {duration_text(rest)}"
    if code == events.EVENT_BOLUS_REFUSED:
        return f"{kind}: {refusal_name(first)}"
    if not rest & events.WAS_CUT_SHORT:
        return f"{kind}, {first / _NL_PER_ML:g} mL given"
    reason = rest >> events.END_SHIFT
    # Firmware before this did not say what had ended it.
    by = f" by {_name(events.END_NAMES, reason)}" if reason else ""
    return f"{kind}, {first / _NL_PER_ML:g} mL given, cut short{by}"


def _local_minute_text(minute: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(60 * minute))


def _name(names: tuple[str, ...], number: int) -> str:
    return names[number] if number < len(names) else f"reason {number}"


def _role(number: int) -> str:
    return ROLE_NAMES[number] if number < len(ROLE_NAMES) else f"role {number}"


def _signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value


def event_time(event: Event, offset_minutes: int) -> str:
    """Return when it happened, in the local time of this offset, or since reset if the pump did not know the time."""
    if event.time_source:
        return _utc(event.utc_s + 60 * offset_minutes)
    return f"{event.boot_s}.{event.boot_us // 1_000:03d} s after reset"


def _utc(utc_s: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(utc_s))
