"""The count of what is free of the heap that the image has in place of MicroPython's: the same figures for any heap."""

from __future__ import annotations

import ctypes
import random
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "firmware/board/THECAL_PICO/heap_free.c"
BYTES_PER_BLOCK = 16
FREE = 0
# What MicroPython's own headers declare of it.
HEADERS = {
    "py/gc.h": """\
#include <stddef.h>
typedef struct {
    size_t total, used, free, max_free, num_1block, num_2block, max_block;
} gc_info_t;
""",
    "py/mpstate.h": """\
#include <stddef.h>
typedef unsigned char byte;
typedef struct _mp_state_mem_area_t {
    byte *gc_alloc_table_start;
    size_t gc_alloc_table_byte_len;
    byte *gc_pool_start;
    byte *gc_pool_end;
} mp_state_mem_area_t;
extern mp_state_mem_area_t the_area;
#define MP_STATE_MEM(x) the_area
#define MICROPY_BYTES_PER_GC_BLOCK (16)
""",
}
REST = f"""
#include "{SOURCE}"
mp_state_mem_area_t the_area;
void count(byte *table, size_t bytes, size_t *total, size_t *used, size_t *free) {{
    gc_info_t info;
    the_area.gc_alloc_table_start = table;
    the_area.gc_alloc_table_byte_len = bytes;
    the_area.gc_pool_start = table;
    the_area.gc_pool_end = table + 64 * bytes;
    __wrap_gc_info(&info);
    *total = info.total;
    *used = info.used;
    *free = info.free;
}}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("heap_free")
    (folder / "py").mkdir()
    for header, text in HEADERS.items():
        (folder / header).write_text(text)
    (folder / "count.c").write_text(REST)
    target = folder / "heap_free.so"
    command = ["cc", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-I{folder}"]
    subprocess.run([*command, folder / "count.c", "-o", target], check=True)
    return ctypes.CDLL(str(target))


def counted(library: ctypes.CDLL, kinds: list[int]) -> tuple[int, int, int]:
    """Return the total, used and free bytes of a heap whose blocks are of these kinds, two bits each, the first block
    lowest."""
    table = bytearray(len(kinds) // 4)
    for block, kind in enumerate(kinds):
        table[block // 4] |= kind << 2 * (block % 4)
    total, used, free = (ctypes.c_size_t() for _ in range(3))
    library.count(
        (ctypes.c_char * len(table)).from_buffer(table),
        ctypes.c_size_t(len(table)),
        *map(ctypes.byref, (total, used, free)),
    )
    return total.value, used.value, free.value


def test_each_table_byte_is_counted_as_its_four_blocks_are(library: ctypes.CDLL) -> None:
    for byte in range(256):
        kinds = [byte >> 2 * place & 3 for place in range(4)]
        free = BYTES_PER_BLOCK * kinds.count(FREE)
        assert counted(library, kinds) == (64, 64 - free, free), kinds


def test_a_heap_of_any_filling_is_counted_block_by_block(library: ctypes.CDLL) -> None:
    draw = random.Random(1)
    for _ in range(50):
        share = draw.random()
        kinds = [draw.choice((1, 2, 3)) if draw.random() < share else FREE for _ in range(4 * 3_200)]
        free = BYTES_PER_BLOCK * kinds.count(FREE)
        assert counted(library, kinds) == (204_800, 204_800 - free, free)
