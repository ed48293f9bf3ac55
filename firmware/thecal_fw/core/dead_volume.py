"""The volume between reservoir and patient: that of the pump's own tubing, in one place.

A published constant of this kind was wrong once (0.199 mL in place of 0.140 mL, recall of 2017), and every prime was
too long by the difference. So the constant has a number of its own, a program names the number it was made for, and
one made for another is refused. The catheter's volume differs from patient to patient and is the program's.
"""

DEAD_VOLUME_ID = 1
"""Changes whenever the volume below does."""

PUMP_TUBING_NL = 140_000
"""As corrected for an implanted pump of this kind (TGA, RC-2017-RN-00065-1)."""

MOST_CATHETER_NL = 500_000
"""Two metres of a catheter of 2.2 uL/cm, and a little more: a bench default."""
