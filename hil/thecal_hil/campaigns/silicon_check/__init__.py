"""Measures on a real board what is believed of its chip: ``thecal-hil silicon``.

`assumptions` lists what is believed and which values still agree with it; docs/silicon.md has the sources. `loop`,
`flash_cache`, `flash_chip`, `clocks`, `usb_port`, `sense_line` and `resets` measure some of it each, with code that
they send to the MicroPython prompt. `run` is their sequence, `way` how a board is reached and found again, `record`
what is shown and kept.
"""
