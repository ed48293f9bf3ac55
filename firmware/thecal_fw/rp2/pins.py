"""The board: which GPIO of the Pico goes where, which level means what, and what is on it beside the RP2040.

Constants only, so that rigs and documents can import them; the build writes them out wherever the firmware uses them.
Another board is another module like this one, and a folder beside ``firmware/board/THECAL_PICO``.
"""

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

SIGNALS = ("STEP", "DIR", "ENABLE", "SENSE", "BUZZER", "BUTTON", "MOTION", "SUPPLY_GOOD", "LED")
"""Names of the pins above."""

DIR_FORWARD = 1
ENABLE_ON = 0
BUZZER_ON = 1
BUTTON_HELD = 0
SUPPLY_IS_GOOD = 1
LED_ON = 1
"""Levels. Button and supervisor get the pull that says nothing is wrong while they are not fitted."""
HAS_LED = 1
"""0 for a board without one: its pin is left alone."""

NEVER_READ = 29
"""A pin that no program reads as an input: on a Pico it carries a third of the supply. See ``reset_cause``."""

CRYSTAL_KHZ = 12_000

FLASH_BYTES = 2 * 1_024 * 1_024
"""W25Q16JV. By its data sheet a sector erase takes 45 ms as a rule, a page program 0.4 ms; the longest times:"""
LONGEST_FLASH_ERASE_US = 400_000
LONGEST_FLASH_PROGRAM_US = 3_000
