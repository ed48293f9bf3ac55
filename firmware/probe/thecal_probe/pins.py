"""The pins of the probe. Constants only, so that host, rigs and documents can import them.

The inputs come in two groups of three neighbouring pins, one group for each PIO block.
"""

STEP = 2
"""STEP of the pump, at the driver's end of the wire."""
ENABLE = 3
"""ENABLE of the motor driver."""
BUZZER = 4
"""The pump's buzzer line."""
DIRECTION = 5
"""DIR of the motor driver."""
MOTION = 6
"""Channel A of the shaft encoder."""
AUXILIARY = 7
"""Whatever else is to be timed: a LED, a trigger of another instrument."""

INPUTS = ("step", "enable", "buzzer", "direction", "motion", "auxiliary")
"""Names of the inputs in the order of their pins, as edges carry them."""
FIRST_INPUT = STEP
INPUTS_PER_GROUP = 3
GROUPS = 2

RUN = 10
"""Open drain to RUN of the pump's Pico: low holds it in reset."""
POWER = 11
"""High opens the load switch in the pump's 5 V supply."""
SENSE_CUT = 12
"""High opens the analogue switch in the sense wire."""
MOTION_HOLD = 13
"""High opens the analogue switch in the encoder's line, which then stays low."""
BUTTON = 14
"""Open drain across the pump's button: low is pressed."""

SWITCHES = ("run", "power", "sense_cut", "motion_hold", "button")
"""Names of the switches in the order of their pins."""
FIRST_SWITCH = RUN
OPEN_DRAIN = (RUN, BUTTON)
"""Switches that pull their line to ground while on; the others drive a level that is high while on."""
