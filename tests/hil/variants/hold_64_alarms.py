"""A main.py for measurements: a pump whose table has 64 alarms, with those from 31 on active and their causes there."""

import micropython

micropython.kbd_intr(-1)  # type: ignore[attr-defined]

from thecal_fw.core import alarms  # noqa: E402
from thecal_fw.core.alarm_sets import MOST_ALARMS  # noqa: E402
from thecal_fw.pump import reports  # noqa: E402
from thecal_fw.start.main import main  # noqa: E402

_FIRST = 31
_ROWS = alarms.ALARMS + tuple(
    [
        (number, "", number % 2, alarms.RESPONSE_NONE, True, "")
        for number in range(len(alarms.ALARMS), MOST_ALARMS)
    ]
)
_Alarms = reports.Alarms


def _with_many_active():
    held = _Alarms(_ROWS)
    for alarm in range(_FIRST, MOST_ALARMS):
        held.set_cause(alarm, True)
    return held


reports.Alarms = _with_many_active

main()
