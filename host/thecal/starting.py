"""Beginning delivery, and waiting until it has begun."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from thecal_fw.core.pump_state import STATE_STARTING

if TYPE_CHECKING:
    from thecal.client import Pump
    from thecal.status import Status

_BEGINS_WITHIN_S = 5
_LOOK_EVERY_S = 0.1


def status_once_begun(pump: Pump) -> Status:
    """Return the status once the pump delivers, so that whoever sends the next command finds it delivering. It takes
    a second, or a few where much is to be prepared; after that the status is what it is."""
    end_s = time.monotonic() + _BEGINS_WITHIN_S
    status = pump.interrogate()
    while (status.state == STATE_STARTING or status.change_pending) and time.monotonic() < end_s:
        time.sleep(_LOOK_EVERY_S)
        status = pump.interrogate()
    return status
