"""The wiring: which GPIO of the Pico goes where. Constants only, so that rigs and documents can import them."""

STEP = 2
"""STEP input of the motor driver; a step on each rising edge."""
DIR = 3
"""DIR input of the motor driver, held at the level that moves fluid toward the patient."""
ENABLE = 4
"""ENABLE input of the motor driver, active low. A pull-up on the bench keeps the motor off during reset."""
SENSE = 5
"""Wired to STEP at the driver's end of the cable: what the driver really gets to see."""
BUZZER = 6
"""Active buzzer: sounds while high."""
BUTTON = 7
"""Push-button to ground: held while a host is given a key."""
MOTION = 16
"""Channel A of a shaft encoder with 1,600 lines a turn: one edge, up or down, for each microstep."""
SUPPLY_GOOD = 17
"""High while the supply is well; a supervisor chip pulls it low before the board browns out."""
LED = 25
"""LED on the Pico itself."""
