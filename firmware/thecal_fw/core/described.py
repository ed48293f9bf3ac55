"""The numbers of the pump on the bench, each from its description and from nowhere else.

An image is built with another module in place of this one: the same names with the numbers of the pump it is for,
written out wherever they are used. Off the board they are read from the description that ``THECAL_PUMP`` names; this is
the one module of the firmware that asks the host's side for anything.

RATIO_NL over RATIO_MICROSTEPS is the calibration; both are of RATIO_TURNS turns of the head. HAS_LED and its like: 1
where it is fitted, else 0.
"""

from thecal.pumps.constants import chosen, constants_of

_numbers = constants_of(chosen())

CALIBRATION_ID = _numbers["CALIBRATION_ID"]
RATIO_NL = _numbers["RATIO_NL"]
RATIO_MICROSTEPS = _numbers["RATIO_MICROSTEPS"]
RATIO_TURNS = _numbers["RATIO_TURNS"]
HAS_ENCODER = _numbers["HAS_ENCODER"]
HAS_SUPPLY_MONITOR = _numbers["HAS_SUPPLY_MONITOR"]
HAS_LED = _numbers["HAS_LED"]
MINIMUM_RATE_NL_PER_DAY = _numbers["MINIMUM_RATE_NL_PER_DAY"]
LEAST_BASAL_NL_PER_DAY = _numbers["LEAST_BASAL_NL_PER_DAY"]
MOST_BASAL_NL_PER_DAY = _numbers["MOST_BASAL_NL_PER_DAY"]
MOST_RATE_NL_PER_DAY = _numbers["MOST_RATE_NL_PER_DAY"]
MOST_BOLUS_NL = _numbers["MOST_BOLUS_NL"]
QUANTUM_NL = _numbers["QUANTUM_NL"]
SMALL_RESERVOIR_NL = _numbers["SMALL_RESERVOIR_NL"]
LARGE_RESERVOIR_NL = _numbers["LARGE_RESERVOIR_NL"]
LEAST_LOW_RESERVOIR_NL = _numbers["LEAST_LOW_RESERVOIR_NL"]
DEAD_VOLUME_ID = _numbers["DEAD_VOLUME_ID"]
PUMP_TUBING_NL = _numbers["PUMP_TUBING_NL"]
MOST_CATHETER_NL = _numbers["MOST_CATHETER_NL"]
SERVICE_DAYS = _numbers["SERVICE_DAYS"]
SERVICE_NOTICE_DAYS = _numbers["SERVICE_NOTICE_DAYS"]
TUBING_DAYS = _numbers["TUBING_DAYS"]
TUBING_REVOLUTIONS = _numbers["TUBING_REVOLUTIONS"]
STEP = _numbers["STEP"]
DIR = _numbers["DIR"]
ENABLE = _numbers["ENABLE"]
SENSE = _numbers["SENSE"]
BUZZER = _numbers["BUZZER"]
BUTTON = _numbers["BUTTON"]
MOTION = _numbers["MOTION"]
SUPPLY_GOOD = _numbers["SUPPLY_GOOD"]
LED = _numbers["LED"]
DIR_FORWARD = _numbers["DIR_FORWARD"]
ENABLE_ON = _numbers["ENABLE_ON"]
BUZZER_ON = _numbers["BUZZER_ON"]
BUTTON_HELD = _numbers["BUTTON_HELD"]
SUPPLY_IS_GOOD = _numbers["SUPPLY_IS_GOOD"]
LED_ON = _numbers["LED_ON"]
