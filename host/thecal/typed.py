"""Numbers as a person types them: volumes in mL, doses in mcg, minutes. One way to write each, read exactly or refused.

No powers of ten, no figures grouped, no decimal comma: 1,500 is one and a half to some and fifteen hundred to others,
so it is neither here. The same at the command line and in the console.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from thecal.errors import BadInputError

_NL_PER_ML = 1_000_000
_MOST_ML = Decimal(40)
_VOLUME = re.compile(r"[0-9]{1,4}(\.[0-9]{1,9})?")
_MEASURED = re.compile(r"[0-9]{1,4}(\.[0-9]{1,6})?")
_DOSE = re.compile(r"[0-9]{1,5}(\.[0-9]{1,6})?")
_MOST_MCG = Decimal(10_000)
_MINUTES = re.compile(r"[0-9]{1,5}")
NUMBER = re.compile(r"[0-9]{1,7}(\.[0-9]{1,12})?")
"""Any number that a prescription holds."""


def fill_nl(volume_ml: str) -> int:
    """Return a volume filled, exactly. Raise BadInputError for what is no volume, or nothing."""
    if not _VOLUME.fullmatch(volume_ml):
        raise BadInputError(
            [
                f"{volume_ml!r} is no volume in mL, allowed: more than 0, up to {_MOST_ML}; write it like 20 or 19.5"
            ]
        )
    volume = Decimal(volume_ml)
    if not 0 < volume <= _MOST_ML or volume * _NL_PER_ML % 1:
        raise BadInputError(
            [f"{volume_ml} mL, allowed: more than 0 and at most {_MOST_ML} mL, to six decimals"]
        )
    return int(volume * _NL_PER_ML)


def volume_nl(text: str, name: str) -> int:
    """Return a volume measured, exactly; it may be zero. Raise BadInputError for what is no volume."""
    if not _MEASURED.fullmatch(text):
        raise BadInputError([f"{name} {text!r} is no volume in mL; write it like 12.3, to six decimals"])
    return int(Decimal(text) * _NL_PER_ML)


def dose_mcg(text: str) -> Fraction:
    """Return the dose of a bolus, exactly. Raise BadInputError for what is none."""
    if not _DOSE.fullmatch(text) or not 0 < Decimal(text) <= _MOST_MCG:
        raise BadInputError(
            [f"dose {text!r}, allowed: a number of mcg above 0, up to {_MOST_MCG}; write it like 12.5"]
        )
    return Fraction(text)


def whole_minutes(text: str, name: str) -> int:
    """Return a number of minutes. Raise BadInputError for what is none."""
    if not _MINUTES.fullmatch(text):
        raise BadInputError([f"{name} {text!r} is no number of minutes; write it like 10"])
    return int(text)
