"""A main.py for measurements: tells, in place of the free heap, what polls that served no request have taken of it."""

import gc

from thecal_fw.controller import Controller
from thecal_fw.link_server import LinkServer
from thecal_fw.main import main
from thecal_fw.rp2.board import Machine

_poll = Controller.poll
_serve_frame = LinkServer._serve_frame
_bytes_taken = 0
_has_served = False


def _serve_and_note(self, frame):
    global _has_served
    _has_served = True
    _serve_frame(self, frame)


def _poll_and_count(self, now_s, now_us):
    global _bytes_taken, _has_served
    _has_served = False
    before = gc.mem_alloc()  # type: ignore[attr-defined] - MicroPython's
    was_more = _poll(self, now_s, now_us)
    taken = gc.mem_alloc() - before  # type: ignore[attr-defined]
    if not _has_served:
        _bytes_taken += taken
    return was_more


LinkServer._serve_frame = _serve_and_note
Controller.poll = _poll_and_count
Machine.heap_free_bytes = lambda self: _bytes_taken

main()
