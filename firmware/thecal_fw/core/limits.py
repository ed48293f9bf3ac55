"""The limits of what a pump may be asked to do: a configuration. The defaults are those of the pump
on the bench; the reference's are after the ranges commonly published for implanted programmable pumps.
"""

from thecal_fw.core import described

MINIMUM_RATE_NL_PER_DAY = described.MINIMUM_RATE_NL_PER_DAY
"""What keeps a catheter open: the mode of that name, and what alarms fall back to."""


class Limits:
    """The limits of what a pump of this build may be asked to do. Rates nL/day, volumes nL, concentration ng/mL.

    most_rate_nl_per_day: of basal rate and boluses together.
    least_lockout_minutes: published for an external pump of this use (CADD-MS3): never 0.
    """

    def __init__(
        self,
        least_basal_nl_per_day: int = described.LEAST_BASAL_NL_PER_DAY,
        most_basal_nl_per_day: int = described.MOST_BASAL_NL_PER_DAY,
        reservoirs_nl: "tuple[int, ...]" = (described.SMALL_RESERVOIR_NL, described.LARGE_RESERVOIR_NL),
        least_low_reservoir_nl: int = described.LEAST_LOW_RESERVOIR_NL,
        least_concentration_ng_per_ml: int = 1_000,
        most_concentration_ng_per_ml: int = 4_000_000,
        most_rate_nl_per_day: int = described.MOST_RATE_NL_PER_DAY,
        most_bolus_nl: int = described.MOST_BOLUS_NL,
        least_lockout_minutes: int = 15,
        most_patient_boluses_per_day: int = 12,
        most_accuracy_permille: int = 300,
        most_stability_days: int = 365,
    ) -> None:
        self.least_basal_nl_per_day = least_basal_nl_per_day
        self.most_basal_nl_per_day = most_basal_nl_per_day
        self.reservoirs_nl = reservoirs_nl
        self.least_low_reservoir_nl = least_low_reservoir_nl
        self.least_concentration_ng_per_ml = least_concentration_ng_per_ml
        self.most_concentration_ng_per_ml = most_concentration_ng_per_ml
        self.most_rate_nl_per_day = most_rate_nl_per_day
        self.most_bolus_nl = most_bolus_nl
        self.least_lockout_minutes = least_lockout_minutes
        self.most_patient_boluses_per_day = most_patient_boluses_per_day
        self.most_accuracy_permille = most_accuracy_permille
        self.most_stability_days = most_stability_days


BENCH_LIMITS = Limits()
