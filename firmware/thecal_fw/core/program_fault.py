"""The faults that a program can have: the field, its value, and the values allowed there."""

# Fields a fault can name. The number goes over the wire, the name is what a person reads.
FIELD_NAMES = (
    "mode",
    "drug",
    "concentration_ng_per_ml",
    "calibration_id",
    "rate_nl_per_day",
    "reservoir_nl",
    "low_reservoir_nl",
    "most_nl_per_hour",
    "most_nl_per_day",
    "patterns",
    "steps",
    "step_start_minute",
    "step_rate_nl_per_day",
    "weekday_pattern",
    "resolution",
    "boluses",
    "bolus_start_minute",
    "bolus_rate_nl_per_day",
    "bolus_minutes",
    "bolus_volume_nl",
    "patient_bolus",
    "lockout_minutes",
    "patient_boluses_per_day",
    "periodic_bolus",
    "interval_minutes",
    "highest_rate_nl_per_day",
    "bridge_seconds",
    "bridge_rate_nl_per_day",
    "dead_volume_id",
    "catheter_nl",
    "most_nl_per_bolus",
    "accuracy_permille",
    "stability_days",
)
(
    FIELD_MODE,
    FIELD_DRUG,
    FIELD_CONCENTRATION,
    FIELD_CALIBRATION,
    FIELD_RATE,
    FIELD_RESERVOIR,
    FIELD_LOW_RESERVOIR,
    FIELD_MOST_PER_HOUR,
    FIELD_MOST_PER_DAY,
    FIELD_PATTERNS,
    FIELD_STEPS,
    FIELD_STEP_START,
    FIELD_STEP_RATE,
    FIELD_WEEKDAY,
    FIELD_RESOLUTION,
    FIELD_BOLUSES,
    FIELD_BOLUS_START,
    FIELD_BOLUS_RATE,
    FIELD_BOLUS_MINUTES,
    FIELD_BOLUS_VOLUME,
    FIELD_PATIENT,
    FIELD_LOCKOUT,
    FIELD_PATIENT_PER_DAY,
    FIELD_PERIODIC,
    FIELD_INTERVAL,
    FIELD_HIGHEST_RATE,
    FIELD_BRIDGE,
    FIELD_BRIDGE_RATE,
    FIELD_DEAD_VOLUME,
    FIELD_CATHETER,
    FIELD_MOST_PER_BOLUS,
    FIELD_ACCURACY,
    FIELD_STABILITY,
) = range(len(FIELD_NAMES))


class Fault:
    """One thing wrong with a program: which field, where, its value and the values allowed.

    pattern, step: position within the patterns, or -1 where the field has none.
    """

    def __init__(
        self, field: int, value: int, least: int, most: int, pattern: int = -1, step: int = -1
    ) -> None:
        self.field = field
        self.value = value
        self.least = least
        self.most = most
        self.pattern = pattern
        self.step = step

    def place(self) -> str:
        text = FIELD_NAMES[self.field]
        if self.pattern >= 0:
            text += " in pattern %d" % self.pattern
        if self.step >= 0:
            text += ", step %d" % self.step
        return text

    def __repr__(self) -> str:
        return "%s is %d, allowed %d to %d" % (self.place(), self.value, self.least, self.most)


class Faults:
    """Takes the faults of a program one by one, in a fixed order. count: how many there were."""

    def __init__(self) -> None:
        self.count = 0

    def need(self, field: int, value: int, least: int, most: int, pattern: int = -1, step: int = -1) -> None:
        """Report a fault unless a field's value lies within what is allowed."""
        if not least <= value <= most:
            self.add(field, value, least, most, pattern, step)

    def add(self, field: int, value: int, least: int, most: int, pattern: int = -1, step: int = -1) -> None:
        self.count += 1


class FaultList(Faults):
    """Keeps all of them. found: each as a ``Fault``."""

    def __init__(self) -> None:
        super().__init__()
        self.found = []

    def add(self, field: int, value: int, least: int, most: int, pattern: int = -1, step: int = -1) -> None:
        super().add(field, value, least, most, pattern, step)
        self.found.append(Fault(field, value, least, most, pattern, step))
