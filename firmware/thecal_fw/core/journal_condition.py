"""The condition in which a pump found its journal after a reset."""

CONDITION_NAMES = ("blank", "good", "repaired", "lost", "of another version")
(BLANK, GOOD, REPAIRED, LOST, FOREIGN) = range(len(CONDITION_NAMES))
