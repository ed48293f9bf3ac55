"""Units: whole nanoseconds, so that every instant of virtual time is exact, and whole nanolitres."""

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
NS_PER_MINUTE = 60 * NS_PER_S
NS_PER_HOUR = 3_600 * NS_PER_S
NS_PER_DAY = 86_400 * NS_PER_S
US_PER_MS = 1_000
US_PER_S = 1_000_000
S_PER_HOUR = 3_600
S_PER_DAY = 86_400
HOURS_PER_DAY = 24
MINUTES_PER_DAY = 1_440

NL_PER_UL = 1_000
NL_PER_ML = 1_000_000

TICK_NS = 10_000
"""One tick of the step generator; STEP stays high for one."""
