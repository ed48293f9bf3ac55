"""Errors: why a pump refuses a request, as numbers on the wire and in words.

A code is the position of its name, so a new one is added at the end.
"""

ERROR_NAMES = (
    "none",
    "version",
    "unknown message",
    "malformed payload",
    "stale session",
    "out of order",
    "nothing staged",
    "staging incomplete",
    "staging offset",
    "staging size",
    "not a program",
    "program has faults",
    "digest differs",
    "no program",
    "already delivering",
    "not while delivering",
    "blocked by alarm",
    "value out of range",
    "no session",
    "not stored",
)
(
    ERROR_NONE,
    ERROR_VERSION,
    ERROR_UNKNOWN_MESSAGE,
    ERROR_MALFORMED,
    ERROR_STALE_SESSION,
    ERROR_OUT_OF_ORDER,
    ERROR_NOTHING_STAGED,
    ERROR_STAGING_INCOMPLETE,
    ERROR_STAGING_OFFSET,
    ERROR_STAGING_SIZE,
    ERROR_NOT_A_PROGRAM,
    ERROR_PROGRAM_FAULTS,
    ERROR_DIGEST,
    ERROR_NO_PROGRAM,
    ERROR_ALREADY_DELIVERING,
    ERROR_NOT_WHILE_DELIVERING,
    ERROR_BLOCKED,
    ERROR_RANGE,
    ERROR_NO_SESSION,
    ERROR_NOT_STORED,
) = range(len(ERROR_NAMES))
