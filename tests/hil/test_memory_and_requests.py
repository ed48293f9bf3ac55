"""The shipped image with the largest program: what requests leave of its memory, and how long each takes."""

import pytest

from thecal_fw.link import messages
from thecal_hil.campaigns.memory.command import LEAST_FREE_BYTES, MOST_ALLOCATION_BYTES
from thecal_hil.campaigns.memory.part import run_part
from thecal_hil.contract.image import image_under_test


@pytest.mark.requirement("any-program", "time-of-a-request", "any-program-replaced")
def test_three_of_the_largest_programs_and_requests_between_them_leave_memory_in_one_piece():
    part = run_part(image_under_test(), seed=3, requests=40)
    assert (part.wrong, part.resets, part.commits) == ([], 0, 3)
    assert part.largest_free_bytes >= LEAST_FREE_BYTES
    assert part.largest_allocation_bytes <= MOST_ALLOCATION_BYTES
    assert messages.ERROR_NAMES[messages.ERROR_NO_MEMORY] not in part.refused
    bounds_ms = {message.name: message.longest_us / 1_000 for message in messages.MESSAGES}
    assert {name: took for name, took in part.longest_ms.items() if took > bounds_ms[name]} == {}
