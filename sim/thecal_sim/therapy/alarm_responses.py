"""The response of delivery to each alarm, for those that change anything, and which stay until a person has seen
them. *Time unknown* changes something and is not among the first: the reference works it out from clock and program.
"""

from thecal_sim.therapy.state import Response

RESPONSES = {
    "empty reservoir": Response.STOP,
    "low reservoir": Response.BLOCK_BOLUSES,
    "reservoir volume unknown": Response.BLOCK_BOLUSES,
    "program lost": Response.MINIMUM_RATE,
    "step timing fault": Response.MINIMUM_RATE,
    "pulses in excess": Response.STOP,
    "dose gate tripped": Response.STOP,
    "over-delivery": Response.STOP,
    "self-test failed": Response.STOP,
    "repeated resets": Response.MINIMUM_RATE,
    "memory fault": Response.MINIMUM_RATE,
    "journal can't be written": Response.MINIMUM_RATE,
    "journal of another version": Response.MINIMUM_RATE,
    "repeated starts": Response.MINIMUM_RATE,
}

LATCHING = frozenset(
    {
        "step timing fault",
        "pulses missing",
        "pulses in excess",
        "change of therapy late",
        "dose gate tripped",
        "motor stalled",
        "under-delivery",
        "over-delivery",
        "self-test failed",
        "buzzer fault",
        "repeated resets",
        "repeated starts",
        "memory fault",
        "journal can't be written",
        "journal repaired",
    }
)
"""Alarms that stay when their cause is gone until they have been acknowledged."""

FAULTS = frozenset(
    {
        "program lost",
        "step timing fault",
        "pulses missing",
        "pulses in excess",
        "change of therapy late",
        "dose gate tripped",
        "motor stalled",
        "under-delivery",
        "over-delivery",
        "self-test failed",
        "buzzer fault",
        "memory fault",
        "journal can't be written",
        "journal repaired",
        "journal of another version",
    }
)
"""Alarms of something broken: no sequence of requests and events causes one on a pump in order."""
