"""Parts of the hazard document, made from the alarms' table and the annunciation patterns."""

from __future__ import annotations

from collections.abc import Callable

from generators.text import need_complete, table
from thecal_fw.core import alarms
from thecal_fw.core.annunciation import PATTERNS

_CAUSES = {
    "empty reservoir": "the calculated volume has reached 0 nL",
    "low reservoir": "the calculated volume has reached the program's threshold",
    "reservoir volume unknown": "delivery was started without a refill since reset",
    "time unknown": "a flex program is to be delivered and the clock has not been set",
    "program lost": "after a reset, the journal or the program in it could not be read",
    "step timing fault": "the queue of pulses ran dry, or could not be started at its instant",
    "pulses missing": "the sense counter saw fewer pulses than were due",
    "pulses in excess": "the sense counter saw more pulses than were due",
    "change of therapy late": "a change could not be prepared in time and was put off; that loses no pulse",
    "stopped by an alarm": "another alarm's response has stopped delivery, and nobody has started it again",
    "dose gate tripped": "more STEP edges came than were granted, and the gate has taken the driver's enable away",
    "motor stalled": "the shaft encoder has not moved for 12 microsteps that were counted",
    "under-delivery": "the shaft has turned 3 microsteps less than were counted, and goes on turning",
    "over-delivery": "the shaft has turned 3 microsteps more than were counted, or while nothing was to be delivered",
    "self-test failed": "at reset, image, memory, clock, sense line or speed failed its test, or the image did while "
    "running",
    "buzzer fault": "at reset, the buzzer's line did not follow",
    "repeated resets": "the watchdog has bitten three times within ten minutes",
    "memory fault": "while running, program, ledger or calibration in memory differ from the journal",
    "journal can't be written": "flash takes no record, neither of the two copies",
    "journal repaired": "a record or a program had decayed, and was read from its mirror",
    "journal of another version": "the journal was written by a firmware this one knows nothing of; it is left alone",
    "supply low": "the supply is below the level for writing flash; delivery goes on to the end of its grant",
    "pump stopped": "the program is to deliver something, and for 30 minutes nothing has been started",
    "stopped for 48 hours": "likewise for 48 hours; a reset begins the time anew",
    "tubing due": "the tubing has run for 365 days or 200,000 revolutions since it was new",
    "replacement due": "the pump's service ends in 90 days or less, counted in its own running time",
    "end of service": "the pump has run for 2,555 days since it was new",
    "repeated starts": "three times within ten minutes, the pump was stopped in a critical alarm and started by hand",
    "button fault": "the button is held at a reset or for longer than a minute, or its line is never at rest",
}


def alarm_table() -> str:
    need_complete("alarms", _CAUSES, alarms.ALARM_NAMES)
    rows = [
        (
            name,
            alarms.PRIORITY_NAMES[priority],
            _CAUSES[name],
            alarms.RESPONSE_NAMES[response],
            "yes" if latches else "no",
            cleared_by,
        )
        for name, priority, response, latches, cleared_by in alarms.ALARMS
    ]
    return table(("alarm", "priority", "raised when", "response", "latched", "cleared by"), rows)


def alarm_tones() -> str:
    rows = []
    for name, pattern, silence_s in zip(
        alarms.PRIORITY_NAMES, PATTERNS[: len(alarms.PRIORITY_NAMES)], alarms.SILENCE_S, strict=True
    ):
        tones, tone_us, pause_us, repeat_s = pattern
        shape = f"{tones} x {tone_us / 1e6:g} s" + (f", {pause_us / 1e6:g} s apart" if tones > 1 else "")
        rows.append((name, shape, _duration(repeat_s), _duration(silence_s)))
    return table(("priority", "tones", "repeated every", "silent after acknowledging for"), rows)


def _duration(seconds: int) -> str:
    for unit, size in (("h", 3_600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


PARTS: dict[str, Callable[[], str]] = {"alarm-table": alarm_table, "alarm-tones": alarm_tones}
