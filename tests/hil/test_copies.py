"""Functions in a copy of the process, and tests that share a boot."""

import os

import pytest

from thecal_hil.groundwork.copies import CopyFailedError, in_a_copy

pytest_plugins = ["pytester"]


def test_what_a_function_returns_comes_back_and_what_it_changes_does_not() -> None:
    found = [1]

    def change() -> list[int]:
        found.append(2)
        return found

    assert in_a_copy(change) == [1, 2]
    assert found == [1]


def test_what_a_function_raises_is_told_with_its_traceback() -> None:
    def fail() -> None:
        raise KeyError("no such pump")

    with pytest.raises(CopyFailedError, match=r"in fail\n[^$]*KeyError: 'no such pump'"):
        in_a_copy(fail)


def test_a_copy_that_dies_is_told_with_how_it_ended() -> None:
    with pytest.raises(CopyFailedError, match=r"without a word \(3\)"):
        in_a_copy(lambda: os._exit(3))


SCENARIOS = """
import os
import pytest
STARTED_IN = os.getpid()

@pytest.fixture(scope="module")
def kept():
    yield "kept"
    assert os.getpid() == STARTED_IN

@pytest.mark.parametrize("which", [1, 2])
def test_each_finds_the_board_just_booted(rig, which):
    assert not rig.pump().interrogate().frames_garbled
    rig.port.write(b"no frame at all" + bytes(1))
    rig.run_for(1)
    assert rig.pump().interrogate().frames_garbled, "unseen"

def test_one_that_fails(kept, rig):
    print("said before")
    assert rig.name == "abacus"

def test_one_that_is_skipped(rig, kept):
    pytest.skip("not today")

def test_without_a_rig(kept):
    assert os.getpid() == STARTED_IN
"""


def test_sharing_a_boot_changes_nothing_about_the_tests(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SCENARIOS)
    result = pytester.runpytest("--rig", "pico", "-rs")
    # The first two end in an error of the gate, since nobody declared the garbled frame.
    result.assert_outcomes(passed=3, failed=1, skipped=1, errors=2)
    result.stdout.fnmatch_lines(["*said before*", "*not today*"])
    result.stdout.fnmatch_lines(["*AssertionError: assert 'pico' == 'abacus'*"])
    result.stdout.fnmatch_lines(["*garbled frames*"])


@pytest.mark.campaign
def test_the_record_of_a_shared_boot_is_that_of_a_boot_of_ones_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(rig, another_rig):
            with open("seen.txt", "a") as seen:
                for one in (rig, another_rig):
                    print(one.now_ns, one.pump().interrogate(), file=seen)
        """
    )
    for option in ("--verbose", "--own-boot"):
        pytester.runpytest("--rig", "pico", option).assert_outcomes(passed=1)
    seen = (pytester.path / "seen.txt").read_text().splitlines()
    assert len(seen) == 4
    assert len(set(seen)) == 1
