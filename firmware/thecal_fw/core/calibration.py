"""The relation of the motor's way to the fluid's: the one place where volume and microsteps meet.

The calibration is a ratio, nanolitres over microsteps of the same turns of the head, and is never reduced to a rounded
volume per step. Conversions say which way they round.
"""

import binascii
import struct

from thecal_fw.core import described

_MOST_KEPT = 0xFFFF


class Calibration:
    """Ratio of volume to microsteps, with the identifier a program refers to it by.

    nl_per_rev, microsteps_per_rev: nanolitres delivered and microsteps made, each below 2**30, in ``turns`` revolutions
    of the pump head: with a gear, one revolution need not have a whole number of microsteps.
    kept_nl, kept_microsteps: the two as the journal has them, which has 16 bits for the microsteps. Where they need
    more, the CRC of both stands behind 0 microsteps: enough to distinguish another calibration from this one.
    """

    def __init__(self, calibration_id: int, nl_per_rev: int, microsteps_per_rev: int, turns: int = 1) -> None:
        self.calibration_id = calibration_id
        self.nl_per_rev = nl_per_rev
        self.microsteps_per_rev = microsteps_per_rev
        self.turns = turns
        self.kept_nl, self.kept_microsteps = nl_per_rev, microsteps_per_rev
        if microsteps_per_rev > _MOST_KEPT:
            self.kept_nl = binascii.crc32(struct.pack("<II", nl_per_rev, microsteps_per_rev))
            self.kept_microsteps = 0

    def steps_reaching(self, volume_nl: int) -> int:
        """Return the fewest microsteps that together deliver at least the volume."""
        return -(-volume_nl * self.microsteps_per_rev // self.nl_per_rev)

    def volume_nl(self, steps: int) -> int:
        """Return the volume of a number of microsteps, rounded down to a whole nanolitre."""
        return steps * self.nl_per_rev // self.microsteps_per_rev

    def turns_of(self, steps: int) -> int:
        """Return whole turns of the head that a number of microsteps makes."""
        return steps * self.turns // self.microsteps_per_rev

    def volume_of_turns_nl(self, turns: int) -> int:
        """Return the volume of a number of turns, rounded down to a whole nanolitre."""
        return turns * self.nl_per_rev // self.turns


BENCH_CALIBRATION = Calibration(
    described.CALIBRATION_ID, described.RATIO_NL, described.RATIO_MICROSTEPS, described.RATIO_TURNS
)
"""That of the pump on the bench."""
