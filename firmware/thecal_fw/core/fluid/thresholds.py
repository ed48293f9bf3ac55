"""The thresholds of each conclusion about the fluid: one set, for finding and for false alarms alike.

Pressures are whole Pa above the surroundings, volumes whole nL, masses whole ug. Each figure has its reason beneath it;
docs/fluid.md has them as a table, and ``make fluid`` measures what they do.
"""

# --- line pressure

OPEN_PA = 7_000
"""A line at or below it is open as far as can be known: 1.2 kPa in the spinal canal, 4 more in straining, and 1.8
for what the sensor's zero may be off."""
FLOOR_PA = -1_000
"""Nothing that a line opens into lies lower; what it may have stored up to OPEN_PA is counted from here."""
CLOSED_PA = 130_000
"""Closed, whatever is stored: below 20 psi, 138 kPa (GIP 1.10.3), less what a sensor may be off."""
MOST_STORED_NL = 12_200
"""Closed by what it may have stored: 24.4 mcg at 2,000 mcg/mL; symptoms were seen after a bolus of 25 mcg."""
RIPPLE_NL = 2_000
"""By how much what a head has moved may be off from what its microsteps count for, between any two of its angles: 4 %
of a revolution of 50 uL, of three rollers whose flow varies by 40 %. A head that dips has more, by its measured
table."""
SOFTEST_NL_PER_KPA = 300
"""Taken for a line whose rise does not show yet how soft it is: a metre of silicone tube stores 264 nL/kPa."""
LEAST_RISE_PA = 10_000
"""A smaller rise does not show how soft the line is."""
CEILING_NL_PER_KPA = 1_000
"""No line is softer: a pressure that rises more slowly with the volume moved is a sensor's that is off."""
STIFFEST_NL_PER_KPA = 3
"""No line is stiffer: ten centimetres of hard tube and a head. A pressure that rises faster is a sensor that is off."""
MOST_LEAP_PERMILLE = 600
"""A pressure that made more of its rise between two samples was switched on, not pumped up."""
LEAST_FALL_PA = 500
"""A line that is open to the surroundings falls by the pressure of the spinal canal, 1.2 kPa, less both tails of the
noise."""
BLOCK_NL = 12_500
"""Readings are compared by blocks of so much volume: a broken line is found within three of them, before 50 uL."""
LEAST_BLOCK_S = 15
"""And no shorter, so that coughing does not fill one: three of them are within 60 s."""

# --- weight

FREE_FLOW_UG = 23_000
"""Beyond what was commanded, since a block before: six times the noise of a reading of eight conversions and of what it
is compared with; 1 mL an hour passes it in 90 s, with 25 uL out."""
FREE_FLOW_BLOCK = 8
"""Readings; so many at least lie between a reading and what it is compared with."""
TREND_BLOCK_S = 10_800
"""Three hours: of looks more frequent than that, more are false; rarer ones come too late."""
TREND_WINDOWS = ((24, 152_000), (56, 233_000))
"""(blocks, ug off) of an alarm: three days and seven. 4.4 times what a drift of 20 mg per root day does in that
time."""
TREND_FINDING = (168, 320_000)
"""Of a finding, which sounds nothing: 21 days, 3.5 times that drift."""
KNOCKED_UG = 2_000_000
"""Two grams between two readings are a hand on the vessel or a refill, and no flow: the comparison begins anew."""

# --- sampling

PERMILLE_OF_TIME = 20
"""A sample is due at least fifty times on the way to a threshold."""
LEAST_PERIOD_MS = 1_000
MOST_PERIOD_MS = 60_000
"""So that a sensor that fails is found within minutes at any rate."""
LEAST_COMPLIANCE_NL_PER_KPA = 10
"""The stiffest line that periods are calculated for; the description of a pump may say otherwise."""
WEIGHT_PERIOD_MS = 2_000
"""Of conversions of the weight: a siphon of 3 mL an hour has to be seen within 60 s, whatever the pump's own rate."""

# --- faults of a sensor itself

MISSING_SAMPLES = 3
"""In a row without an answer: one may be lost to a disturbance."""
BAND_SAMPLES = 3
"""In a row outside the diagnostic band: a wire that is off, a short, a bridge at its end."""
GARBLED_SAMPLES = 3
"""In a row whose check did not fit."""
STUCK_SAMPLES = 20
"""In a row with the very same figure: a live sensor's last digits never rest so long."""
GOOD_SAMPLES = 10
"""In a row, and the sensor is believed again."""
