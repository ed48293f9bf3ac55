"""How far the fluid moves when the motor does: the one place where volume and microsteps meet.

The calibration is a ratio, nanolitres in one revolution over microsteps in one revolution, and is never
reduced to a rounded volume per step. Conversions say which way they round.
"""


class Calibration:
    """Ratio of volume to microsteps, with the identifier a program refers to it by.

    nl_per_rev: nanolitres delivered by one revolution of the pump head, 1..2**30-1.
    microsteps_per_rev: microsteps in one revolution, 1..2**24.
    """

    def __init__(self, calibration_id: int, nl_per_rev: int, microsteps_per_rev: int) -> None:
        self.calibration_id = calibration_id
        self.nl_per_rev = nl_per_rev
        self.microsteps_per_rev = microsteps_per_rev

    def steps_reaching(self, volume_nl: int) -> int:
        """Fewest microsteps that together deliver at least the volume."""
        return -(-volume_nl * self.microsteps_per_rev // self.nl_per_rev)

    def volume_nl(self, steps: int) -> int:
        """Volume of a number of microsteps, rounded down to a whole nanolitre."""
        return steps * self.nl_per_rev // self.microsteps_per_rev


BENCH_CALIBRATION = Calibration(1, 50_000, 3_200)
"""The bench prototype: a head of 50 microlitres a revolution, a 200-step motor at 1/16 microstepping."""
