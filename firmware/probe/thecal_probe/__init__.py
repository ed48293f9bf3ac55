"""Firmware of the bench probe: a second Pico that times the pump's edges and switches faults.

Promises: edges are stamped by hardware, to the microsecond of the probe's own timer, whatever the processor does; an
edge that could not be kept leaves a gap in the numbers, so a host always knows how many are missing; a switch that
was switched on for a time goes off after it, also when nobody is there any more.
"""
