"""A watch on the motor: the shaft encoder's count held against the microsteps counted.

Bounds, whatever the rate. A motor that stands still is a stall after STALL_STEPS microsteps; one that loses or gains
is noticed once it is TOLERANCE_STEPS off. One microstep in FORGIVEN_EVERY_STEPS is forgiven, so that a single slip
in a day is none, and a sustained error of a tenth is found within 50 microsteps. Nothing here allocates.
"""

STALL_STEPS = 12
TOLERANCE_STEPS = 3
"""The counts are read one after the other and the encoder's edge lies anywhere within a microstep: 1 off is nothing."""
FORGIVEN_EVERY_STEPS = 60
_TURNS_AGAIN_STEPS = 2

(MOTOR_FOLLOWS, MOTOR_STALLED, MOTOR_TURNS_AGAIN, MOTOR_SHORT, MOTOR_AHEAD) = range(5)


class MotorWatch:
    """is_stalled: whether the motor stands still against its commands. off_steps: of the latest finding, microsteps
    the motor turned too few (positive) or too many."""

    def __init__(self) -> None:
        self.is_stalled = False
        self.off_steps = 0
        self.begin(0, 0)

    def begin(self, counted: int, turned: int) -> None:
        """Go by these counts from now on: the motor has been energised, or its deviation has been reported."""
        self._ahead = counted - turned
        self._moved_counted = self._forgiven_counted = counted
        self._moved_turned = turned

    def standing_steps(self, counted: int, turned: int) -> int:
        """Return microsteps that the stall under way has cost so far; 0 if there is none."""
        return max(0, counted - turned - self._ahead) if self.is_stalled else 0

    def judge(self, counted: int, turned: int) -> int:
        """Return what is to be said about the motor now. A finding is reported once; the counts then begin afresh."""
        off = counted - turned - self._ahead
        if not self.is_stalled:
            if turned != self._moved_turned:
                self._moved_counted, self._moved_turned = counted, turned
                # A motor that turns as it should, at nearly every look.
                if (
                    -TOLERANCE_STEPS < off < TOLERANCE_STEPS
                    and counted - self._forgiven_counted < FORGIVEN_EVERY_STEPS
                ):
                    return MOTOR_FOLLOWS
        else:
            moved = turned - self._moved_turned
            if -_TURNS_AGAIN_STEPS < moved < _TURNS_AGAIN_STEPS:
                return MOTOR_FOLLOWS
            self.is_stalled = False
            return self._told(MOTOR_TURNS_AGAIN, off, counted, turned)
        if counted - self._moved_counted >= STALL_STEPS:
            self.is_stalled = True
            self.off_steps = off
            return MOTOR_STALLED
        if off <= -TOLERANCE_STEPS:
            return self._told(MOTOR_AHEAD, off, counted, turned)
        if off >= TOLERANCE_STEPS and counted - self._moved_counted < TOLERANCE_STEPS:
            return self._told(MOTOR_SHORT, off, counted, turned)
        # Not while it may be about to stall: what is lost then is to be told in full.
        while self._moved_counted == counted and counted - self._forgiven_counted >= FORGIVEN_EVERY_STEPS:
            self._forgiven_counted += FORGIVEN_EVERY_STEPS
            if off > 0:
                self._ahead += 1
                off -= 1
            elif off < 0:
                self._ahead -= 1
                off += 1
        return MOTOR_FOLLOWS

    def _told(self, finding: int, off: int, counted: int, turned: int) -> int:
        self.off_steps = off
        self.begin(counted, turned)
        return finding
