"""Many pumps, each at its least and its greatest rate: ``make pumps``."""
