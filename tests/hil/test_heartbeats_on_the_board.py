"""The cost of steady delivery to the shipped image: nothing of the heap between two polls that have something to do."""

from __future__ import annotations

from thecal_hil.contract.image import image_under_test
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import continuous
from thecal_hil.emulator.heap import BLOCK_BYTES, Heap
from thecal_hil.emulator.silicon import IDEAL
from thecal_hil.rigs.pico_rig import PicoRig

_RATE_NL_PER_DAY = 424_000
_SETTLED_S = 300
_HEARTBEAT_S = 7
_HEARTBEATS = 60
_FEW_CYCLES = 150_000
"""More than a heartbeat takes that has the end of a minute in it, and far less than a poll with something to do."""


def test_a_heartbeat_takes_nothing_from_the_heap_though_pulses_come_due_in_it() -> None:
    rig = PicoRig(image_under_test(), IDEAL)
    course = Course(rig)
    course.set_time(local_second("2026-03-06 12:00"))
    course.refill(20_000_000)
    course.prescribe(continuous(_RATE_NL_PER_DAY))
    course.start()
    rig.port.close()
    rig.run_for(_SETTLED_S)
    heap = Heap(rig.board)
    quiet, left = 0, set()
    for _ in range(_HEARTBEATS):
        free, cycles = _free_blocks(heap), rig.board.busy_cycles
        rig.run_for(_HEARTBEAT_S)
        if rig.board.busy_cycles - cycles < _FEW_CYCLES:
            quiet += 1
            left.add(free - _free_blocks(heap))
    rig.close()
    assert quiet > _HEARTBEATS // 2
    assert left == {0}


def _free_blocks(heap: Heap) -> int:
    return sum(piece.size for piece in heap.pieces() if piece.is_free) // BLOCK_BYTES
