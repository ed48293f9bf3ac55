"""Sleep until an instant or until the host has sent something, as the pump does, which also wakes for its button."""

from machine import disable_irq, enable_irq

from thecal_fw.rp2.doze import NO_EDGE, doze


def sleep_until(port, s: int, us: int) -> None:
    """Return once the instant, less than half an hour ahead, has come or a byte has arrived."""
    while True:
        state = disable_irq()
        if port.any():
            enable_irq(state)
            return
        come = doze(s, us, NO_EDGE)
        enable_irq(state)
        if come:
            return
