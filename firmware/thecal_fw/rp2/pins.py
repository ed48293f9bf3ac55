"""The board: which GPIO of the Pico goes where, which level means what, and what is on it beside the RP2040.

Constants only, so that rigs and documents can import them; the build writes them out wherever the firmware uses them.
Pins and levels are those of the pump's description. A board with another crystal or flash is another module like this
one, and a folder beside ``firmware/board/THECAL_PICO``.
"""

from thecal_fw.core import described

STEP = described.STEP
"""STEP input of the motor driver; a step on each rising edge."""
DIR = described.DIR
"""DIR input of the motor driver, held at the level that moves fluid toward the patient."""
ENABLE = described.ENABLE
"""ENABLE input of the motor driver. On the bench a resistor keeps the motor off during reset."""
SENSE = described.SENSE
"""Wired to STEP at the driver's end of the cable: what the driver really gets to see. Where there is no such wire it is
STEP itself, which says less: that the chip made the pulse."""
BUZZER = described.BUZZER
"""Active buzzer."""
BUTTON = described.BUTTON
"""Push-button to ground: held while a host is given a key."""
MOTION = described.MOTION
"""Channel A of a shaft encoder: one edge, up or down, for each microstep."""
HAS_MOTION = described.HAS_ENCODER
SUPPLY_GOOD = described.SUPPLY_GOOD
"""Shows while the supply is well; a supervisor chip changes it before the board browns out."""
HAS_SUPPLY_GOOD = described.HAS_SUPPLY_MONITOR
LED = described.LED
"""On a Pico, its own."""

SIGNALS = ("STEP", "DIR", "ENABLE", "SENSE", "BUZZER", "BUTTON", "MOTION", "SUPPLY_GOOD", "LED")
"""Names of the pins above."""

DIR_FORWARD = described.DIR_FORWARD
ENABLE_ON = described.ENABLE_ON
BUZZER_ON = described.BUZZER_ON
BUTTON_HELD = described.BUTTON_HELD
SUPPLY_IS_GOOD = described.SUPPLY_IS_GOOD
LED_ON = described.LED_ON
"""Levels. Button and supervisor get the pull that says nothing is wrong while they are not fitted."""
HAS_LED = described.HAS_LED
"""0 for a board without one: its pin is left alone."""

NEVER_READ = 29
"""A pin that no program reads as an input: on a Pico it carries a third of the supply. See ``reset_cause``."""

CRYSTAL_KHZ = 12_000

FLASH_BYTES = 2 * 1_024 * 1_024
"""W25Q16JV. By its data sheet a sector erase takes 45 ms as a rule, a page program 0.4 ms; the longest times:"""
LONGEST_FLASH_ERASE_US = 400_000
LONGEST_FLASH_PROGRAM_US = 3_000
