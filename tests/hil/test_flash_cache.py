"""The compiled model of the flash cache: hit rates of loops that can be worked out by hand, and the same waits as a
slow reference at every access of random traces."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

import thecal_hil.emulator.compiled
from hil.flash_cache_reference import ReferenceCache

HEADERS = Path(thecal_hil.emulator.compiled.__file__).parent
MISS_CYCLES = 66
FLASH = 0x1000_0000
CACHE_BYTES = 16 * 1024
WAY_BYTES = CACHE_BYTES // 2
SEED = 7
SETS_SHARED = 8
"""Few sets, so that lines evict each other all the time."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    built = tmp_path_factory.mktemp("cache") / "cache.so"
    shim = Path(__file__).with_name("flash_cache_shim.c")
    subprocess.run(
        ["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-I{HEADERS}", shim, "-o", built],
        check=True,
    )
    loaded = ctypes.CDLL(str(built))
    loaded.misses.restype = ctypes.c_uint64
    return loaded


@pytest.fixture
def cache(library: ctypes.CDLL) -> ctypes.CDLL:
    library.init(MISS_CYCLES, 0, 0, SEED)
    return library


def fetched_in_line(cache: ctypes.CDLL, begin: int, size: int) -> int:
    """Return cycles that fetching `size` bytes of instructions, one after the other, waits."""
    return sum(cache.fetch(begin + offset) for offset in range(0, size, 2))


def test_straight_code_waits_once_for_each_line_of_eight_bytes(cache):
    assert fetched_in_line(cache, FLASH, 800) == 100 * MISS_CYCLES


def test_straight_code_waits_once_for_each_word_where_a_miss_fills_half_a_line(library):
    library.init(MISS_CYCLES, 1, 0, SEED)
    assert fetched_in_line(library, FLASH, 800) == 200 * MISS_CYCLES


def test_a_loop_that_fits_waits_in_its_first_pass_only(cache):
    assert fetched_in_line(cache, FLASH, CACHE_BYTES) == CACHE_BYTES // 8 * MISS_CYCLES
    assert [fetched_in_line(cache, FLASH, CACHE_BYTES) for _ in range(3)] == [0, 0, 0]


def test_a_loop_of_three_ways_always_misses_when_the_least_recent_line_goes(cache):
    lines = 3 * WAY_BYTES // 8
    assert [fetched_in_line(cache, FLASH, 3 * WAY_BYTES) for _ in range(3)] == [lines * MISS_CYCLES] * 3


def test_a_loop_of_three_ways_hits_sometimes_when_chance_decides(library):
    # In each set three lines take turns in two ways. A miss evicts one of the other two lines with equal chance. If it
    # evicts the one that is asked for next, that is a miss, otherwise a hit. After a hit the one that is not there is
    # asked for: a miss. So misses follow half of the misses and all hits: 2 of 3 accesses miss.
    library.init(MISS_CYCLES, 0, 1, SEED)
    fetched_in_line(library, FLASH, 3 * WAY_BYTES)
    accesses = 20 * 3 * WAY_BYTES // 8
    misses = sum(fetched_in_line(library, FLASH, 3 * WAY_BYTES) for _ in range(20)) // MISS_CYCLES
    assert misses / accesses == pytest.approx(2 / 3, abs=0.01)


def test_two_lines_of_one_set_stay_and_a_third_evicts_the_least_recent(cache):
    first, second, third = (FLASH + number * WAY_BYTES for number in range(3))
    assert [cache.read_word(place) for place in (first, second, first, second)] == [MISS_CYCLES] * 2 + [0] * 2
    assert cache.read_word(first) == 0
    assert cache.read_word(third) == MISS_CYCLES
    assert [cache.read_word(place) for place in (first, second)] == [0, MISS_CYCLES]


def test_the_line_last_fetched_from_counts_as_used_after_a_read_of_its_set(cache):
    code, data, other = (FLASH + number * WAY_BYTES for number in range(3))
    cache.fetch(code)
    cache.read_word(data)
    cache.fetch(code + 2)
    cache.read_word(other)
    assert cache.fetch(code + 4) == 0
    assert cache.read_word(data) == MISS_CYCLES


def test_a_flush_empties_the_cache(cache):
    fetched_in_line(cache, FLASH, 64)
    cache.flush()
    assert fetched_in_line(cache, FLASH, 64) == 8 * MISS_CYCLES


def test_without_the_cache_every_access_waits_and_the_lines_it_holds_are_kept(cache):
    cache.fetch(FLASH)
    cache.enable(0)
    assert [cache.fetch(FLASH), cache.fetch(FLASH), cache.read_word(FLASH)] == [MISS_CYCLES] * 3
    cache.enable(1)
    assert cache.read_word(FLASH) == 0


@pytest.mark.parametrize(
    ("mirror", "hits_what_is_there", "leaves_it_there"),
    [
        pytest.param(0x10, True, True, id="cacheable and allocating"),
        pytest.param(0x11, True, False, id="cacheable and not allocating"),
        pytest.param(0x12, False, True, id="not cacheable and allocating"),
        pytest.param(0x13, False, False, id="not cacheable and not allocating"),
    ],
)
def test_each_mirror_of_the_flash_looks_and_allocates_as_the_datasheet_says(
    cache, mirror, hits_what_is_there, leaves_it_there
):
    there, new = FLASH, FLASH + 8
    cache.read_word(there)
    assert cache.read_word(mirror << 24) == (0 if hits_what_is_there else MISS_CYCLES)
    assert cache.read_word((mirror << 24) + 8) == MISS_CYCLES
    assert cache.read_word(new) == (0 if leaves_it_there else MISS_CYCLES)


def test_no_miss_costs_anything_at_zero_cycles_a_miss(library):
    library.init(0, 0, 0, SEED)
    assert fetched_in_line(library, FLASH, 4 * CACHE_BYTES) == 0
    assert library.misses() == 4 * CACHE_BYTES // 8


def random_trace(random: Random, length: int) -> Iterator[tuple[str, int]]:
    """Yield stretches of code that call one another, read data near by and through the mirrors, flush now and then."""
    code = [FLASH + random.randrange(0, 1 << 21, 2) for _ in range(40)]
    begins = [random.randrange(SETS_SHARED) * 8 for _ in range(4)]
    for _ in range(length):
        match random.randrange(100):
            case 0:
                yield "flush", 0
            case 1:
                yield "enable", random.randrange(2)
            case number if number < 40:
                mirror = random.choice((0x10, 0x10, 0x10, 0x11, 0x12, 0x13)) << 24
                yield "read_word", mirror + random.choice(begins) + WAY_BYTES * random.randrange(4)
            case _:
                begin = random.choice(code) if random.random() < 0.7 else FLASH + random.choice(begins)
                begin += random.choice((0, 0, 0, 0, 1, 2, 3)) << 24
                for offset in range(0, 2 * random.randrange(1, 30), 2):
                    yield "fetch", begin + offset


@pytest.mark.parametrize("by_words", [False, True], ids=["whole lines", "half lines"])
@pytest.mark.parametrize("at_random", [False, True], ids=["least recent", "random"])
@pytest.mark.parametrize("seed", range(5))
def test_each_access_of_a_random_trace_waits_as_long_as_in_the_reference(library, by_words, at_random, seed):
    library.init(MISS_CYCLES, int(by_words), int(at_random), seed)
    state = seed * 2_654_435_761 % 2**32 | 1
    reference = ReferenceCache(MISS_CYCLES, by_words=by_words, random_state=state if at_random else None)
    misses = 0
    for number, (action, argument) in enumerate(random_trace(Random(seed), 5_000)):
        if action == "flush":
            library.flush()
            reference.flush()
        elif action == "enable":
            library.enable(argument)
            reference.is_enabled = bool(argument)
        else:
            call: Callable[[int], int] = getattr(library, action)
            waited = call(argument)
            assert waited == reference.cycles(argument), f"access {number}: {action} {argument:#x}"
            misses += waited == MISS_CYCLES
    assert library.misses() == misses > 1_000
