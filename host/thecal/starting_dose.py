"""A check whether the first dose of a pump that has given none keeps to what is published for the first day.

Published: twice the screening dose that had an effect, over 24 hours, or once where its effect lasted for more than 8
hours (best practice 2016, PMID 27433993); screening boluses are 25 to 100 mcg, so 50 to 200 mcg on the first day. A
pump that takes the place of another one continues with that one's dose: a reason says so. Far beyond, a reason would be
given out of habit, and the value has to be typed again.
"""

from __future__ import annotations

from fractions import Fraction

from thecal.amounts import plain
from thecal.judgement import Finding, Kind
from thecal.magnitude import SUSPICIOUS_FACTOR
from thecal.titration import FIELD

LEAST_MCG_PER_DAY, MOST_MCG_PER_DAY = 50, 200
LARGEST_MCG_PER_DAY = 2_003
"""The largest daily dose that the label reports."""
_PUBLISHED = (
    f"{LEAST_MCG_PER_DAY} to {MOST_MCG_PER_DAY} mcg on the first day, twice the effective screening dose (best practice"
    " 2016)"
)


def judge_first_dose(least_mcg_per_day: Fraction, most_mcg_per_day: Fraction) -> list[Finding]:
    """Return the findings about a first dose: one at most, the gravest. least, most: what the days of the program
    give."""
    most, least = most_mcg_per_day, least_mcg_per_day
    if most > LARGEST_MCG_PER_DAY:
        text = f"a first dose of {plain(most)} mcg/day; the largest that the label reports is {LARGEST_MCG_PER_DAY}"
        return [Finding(Kind.HARD, FIELD, most, text)]
    if most > SUSPICIOUS_FACTOR * MOST_MCG_PER_DAY:
        text = f"a first dose of {plain(most)} mcg/day, published: {_PUBLISHED}"
        return [Finding(Kind.RETYPE, FIELD, most, text)]
    for dose, is_beyond in ((most, most > MOST_MCG_PER_DAY), (least, least < LEAST_MCG_PER_DAY)):
        if is_beyond:
            text = (
                f"a first dose of {plain(dose)} mcg/day on a pump that has given none, published: {_PUBLISHED}. If it"
                " takes the place of another pump, that is a reason"
            )
            return [Finding(Kind.SOFT, FIELD, dose, text)]
    return []
