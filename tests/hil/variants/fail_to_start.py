"""A part of the hardware that can't be built."""

import micropython

micropython.kbd_intr(-1)  # type: ignore[attr-defined]

import thecal_fw.start.main  # noqa: E402


def hardware_that_fails():
    raise OSError("no port")


thecal_fw.start.main.Hardware = hardware_that_fails
thecal_fw.start.main.main()
