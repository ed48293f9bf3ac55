"""A burst on the emulated board: the first hello is logged, the others are counted, and the number comes before the
pump leaves its program."""

from __future__ import annotations

import pytest

from thecal_fw.core import events
from thecal_hil.contract.image import image_under_test
from thecal_hil.course.raw_link import RawLink
from thecal_hil.rigs.pico_rig import PicoRig


@pytest.mark.requirement("bursts-logged-first", "bursts-number-each-hour")
def test_the_board_logs_the_first_session_of_a_burst_and_tells_the_number_of_the_others() -> None:
    rig = PicoRig(image_under_test())
    for nonce in range(100, 130):
        RawLink(rig.port, nonce)
    codes = [event.code for event in rig.fresh_pump().log()]
    assert codes.count(events.EVENT_HELLO) == 1
    assert events.EVENT_MORE not in codes
    rig.run_for(3_600 + 660)
    log = rig.fresh_pump().log()
    (more,) = [event for event in log if event.code == events.EVENT_MORE]
    assert more.second >> events.MORE_CODE_SHIFT == events.EVENT_HELLO
    assert more.first >= 30
    rig.close()
