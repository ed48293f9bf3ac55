"""The meaning of an excess on SENSE, where other witnesses are fitted.

The sense line is noisy beside a driver that chops. An excess is overdose if it is true, and stopping for noise is
withdrawal, so two other witnesses that both saw no more than was commanded may overrule it: then it is reported, and
therapy continues. With one or none it stops, and one that saw the excess too stops it whatever the others say. The dose
gate asks nobody.
"""

(WITNESS_ABSENT, WITNESS_SILENT, WITNESS_CONTRADICTS, WITNESS_CONFIRMS) = range(4)
"""Not fitted or at fault; not known yet; saw no more than was commanded; saw more."""

_NEEDED = 2


def excess_is_noise(encoder: int, weight: int, flow: int) -> bool:
    """Return True if an excess on SENSE is noise, by what the motor's encoder, the weight and the flow sensor saw."""
    against = 0
    for witness in (encoder, weight, flow):
        if witness == WITNESS_CONFIRMS:
            return False
        if witness == WITNESS_CONTRADICTS:
            against += 1
    return against >= _NEEDED
