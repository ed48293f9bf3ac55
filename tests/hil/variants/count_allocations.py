"""A main.py for measurements: reports, in place of the free heap, what polls that served no request have taken of
it."""

import gc

import micropython

micropython.kbd_intr(-1)  # type: ignore[attr-defined]

from thecal_fw.pump.controller import Controller  # noqa: E402
from thecal_fw.rp2.board import Machine  # noqa: E402
from thecal_fw.rp2.port import Port  # noqa: E402
from thecal_fw.start.main import main  # noqa: E402

_poll = Controller.poll
_read = Port.read
_bytes_taken = 0
_has_read = False


def _poll_and_count(self, now_s, now_us):
    global _bytes_taken, _has_read
    _has_read = False
    before = gc.mem_alloc()  # type: ignore[attr-defined] - MicroPython's
    result = _poll(self, now_s, now_us)
    taken = gc.mem_alloc() - before  # type: ignore[attr-defined]
    if not _has_read:
        _bytes_taken += taken
    return result


def _read_and_note(self):
    global _has_read
    byte = _read(self)
    if byte >= 0:
        _has_read = True
    return byte


Controller.poll = _poll_and_count
Port.read = _read_and_note
Machine.heap_free_bytes = lambda self: _bytes_taken

main()
