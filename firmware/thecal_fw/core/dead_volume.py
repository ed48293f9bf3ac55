"""The volume between reservoir and patient: that of the pump's own tubing, in one place.

A published constant of this kind was wrong once (0.199 mL in place of 0.140 mL, recall of 2017), and every prime was
too long by the difference. So the constant has a number of its own, a program names the number it was made for, and
one made for another is refused. The catheter's volume differs from patient to patient and is the program's.
"""

from thecal_fw.core import described

DEAD_VOLUME_ID = described.DEAD_VOLUME_ID
"""Changes whenever the volume below does."""

PUMP_TUBING_NL = described.PUMP_TUBING_NL

MOST_CATHETER_NL = described.MOST_CATHETER_NL
"""A program that says more is refused."""
