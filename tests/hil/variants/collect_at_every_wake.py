"""A main.py for measurements: as the shipped one, but all garbage is collected before every poll."""

import gc

import micropython

micropython.kbd_intr(-1)  # type: ignore[attr-defined]

from thecal_fw.pump.controller import Controller  # noqa: E402
from thecal_fw.start.main import main  # noqa: E402

_poll = Controller.poll


def _poll_after_collecting(self, now_s, now_us):
    gc.collect()
    return _poll(self, now_s, now_us)


Controller.poll = _poll_after_collecting

main()
