"""Parts of the hazard document, made from the alarms' table and the annunciation patterns."""

from __future__ import annotations

from collections.abc import Callable

from generators.text import need_complete, table
from thecal_fw.core import alarms
from thecal_fw.core.annunciation import PATTERNS
from thecal_hil.scenario.alarm_causes import ROWS


def alarm_table() -> str:
    causes = {alarms.ALARM_NAMES[alarm]: row.raised_when for alarm, row in ROWS.items()}
    need_complete("alarms", causes, alarms.ALARM_NAMES)
    rows = [
        (
            row[alarms.AT_NAME],
            alarms.PRIORITY_NAMES[row[alarms.AT_PRIORITY]],
            causes[row[alarms.AT_NAME]],
            alarms.RESPONSE_NAMES[row[alarms.AT_RESPONSE]],
            "yes" if row[alarms.AT_LATCHES] else "no",
            row[alarms.AT_CLEARED_BY],
        )
        for row in alarms.ALARMS
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
