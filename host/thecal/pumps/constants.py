"""The numbers of a pump that its firmware is built with: what the build writes in place of ``core/described.py``.

Everything that runs here, model, host and rigs, is about one pump: the one that ``THECAL_PUMP`` names, by the name of a
description that comes with Thecal or by its path, else the reference.
"""

from __future__ import annotations

import os
from functools import cache

from thecal.pumps.description import PumpDescription
from thecal.pumps.reader import REFERENCE, read_description

VARIABLE = "THECAL_PUMP"
NO_PIN = 255
"""In place of the pin of what is not fitted, which nothing touches."""


@cache
def chosen() -> PumpDescription:
    """Return the pump that this process is about; raise DescriptionError if its description can't be used."""
    return read_description(os.environ.get(VARIABLE) or REFERENCE)


def constants_of(pump: PumpDescription) -> dict[str, int]:
    """Return the constants by the names that they have in the firmware."""
    board, limits, line, service = pump.board, pump.limits, pump.line, pump.service
    levels = {"led_on": 1, "supply_is_good": 1, **board.levels}
    numbers = {
        "CALIBRATION_ID": pump.calibration_id,
        "RATIO_NL": pump.nl_of_the_ratio,
        "RATIO_MICROSTEPS": pump.microsteps_of_the_ratio,
        "RATIO_TURNS": pump.turns_of_the_ratio,
        "HAS_ENCODER": pump.encoder is not None,
        "HAS_SUPPLY_MONITOR": pump.has_supply_monitor,
        "HAS_LED": board.has_led,
        "MINIMUM_RATE_NL_PER_DAY": limits.minimum_nl_per_day,
        "LEAST_BASAL_NL_PER_DAY": limits.least_basal_nl_per_day,
        "MOST_BASAL_NL_PER_DAY": limits.most_basal_nl_per_day,
        "MOST_RATE_NL_PER_DAY": limits.most_nl_per_day,
        "MOST_BOLUS_NL": limits.most_bolus_nl,
        "QUANTUM_NL": limits.quantum_nl,
        "SMALL_RESERVOIR_NL": limits.reservoirs_nl[0],
        "LARGE_RESERVOIR_NL": limits.reservoirs_nl[-1],
        "LEAST_LOW_RESERVOIR_NL": limits.least_low_reservoir_nl,
        "DEAD_VOLUME_ID": line.dead_volume_id,
        "PUMP_TUBING_NL": line.pump_tubing_nl,
        "MOST_CATHETER_NL": line.most_catheter_nl,
        "SERVICE_DAYS": service.pump_days,
        "SERVICE_NOTICE_DAYS": service.notice_days,
        "TUBING_DAYS": service.tubing_days,
        "TUBING_REVOLUTIONS": service.tubing_turns,
        "STEP": board.pins["step"],
        "DIR": board.pins["direction"],
        "ENABLE": board.pins["enable"],
        "SENSE": board.pins["sense"],
        "BUZZER": board.pins["buzzer"],
        "BUTTON": board.pins["button"],
        "MOTION": board.pins.get("motion", NO_PIN),
        "SUPPLY_GOOD": board.pins.get("supply_good", NO_PIN),
        "LED": board.pins.get("led", NO_PIN),
        "DIR_FORWARD": levels["direction_forward"],
        "ENABLE_ON": levels["enable_on"],
        "BUZZER_ON": levels["buzzer_on"],
        "BUTTON_HELD": levels["button_held"],
        "SUPPLY_IS_GOOD": levels["supply_is_good"],
        "LED_ON": levels["led_on"],
    }
    return {name: int(number) for name, number in numbers.items()}


def module_of(pump: PumpDescription) -> str:
    """Return the firmware's module of these numbers."""
    lines = [f"{name} = {number}" for name, number in constants_of(pump).items()]
    return "\n".join([f'"""The numbers of the pump {pump.name}."""', "", *lines, ""])
