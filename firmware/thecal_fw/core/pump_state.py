"""The states of delivery: stopped, about to start on a change tick, delivering."""

STATE_STOPPED = 0
STATE_STARTING = 1
STATE_DELIVERING = 2
STATE_NAMES = ("stopped", "starting", "delivering")
