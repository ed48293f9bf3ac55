"""Units of virtual time: whole nanoseconds, so that every instant is exact."""

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
NS_PER_MINUTE = 60 * NS_PER_S
NS_PER_DAY = 86_400 * NS_PER_S

TICK_NS = 10_000
"""One tick of the step generator; STEP stays high for one."""
