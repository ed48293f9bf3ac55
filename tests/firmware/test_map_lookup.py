"""The look-up of names that the image has in place of MicroPython's: the same answers whatever was looked up before."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "firmware/board/THECAL_PICO/map_lookup.c"
LOOKUPS = 400_000
# What MicroPython's own header declares of it.
HEADER = """\
#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
typedef void *mp_obj_t;
typedef size_t qstr;
typedef enum { MP_MAP_LOOKUP, MP_MAP_LOOKUP_ADD_IF_NOT_FOUND, MP_MAP_LOOKUP_REMOVE_IF_FOUND } mp_map_lookup_kind_t;
typedef struct { mp_obj_t key, value; } mp_map_elem_t;
typedef struct {
    size_t all_keys_are_qstrs : 1, is_fixed : 1, is_ordered : 1, used : 29;
    size_t alloc;
    mp_map_elem_t *table;
} mp_map_t;
#define MP_OBJ_NULL ((mp_obj_t)0)
#define IN_MEMORY(f)
#define mp_obj_is_qstr(o) (((uintptr_t)(o) & 7) == 2)
#define MP_OBJ_QSTR_VALUE(o) ((uintptr_t)(o) >> 3)
static inline size_t qstr_hash(qstr name) { return (name * 2654435761u) >> 7 & 0xffff; }
"""
# A plain table with open addressing, and a drill: tables of every size in the same few places of memory, one after the
# other, to which names are added, from which they are removed, and in which they are looked up.
REST = f"""
#include "{SOURCE}"
#define GONE ((mp_obj_t)4)
mp_map_elem_t *__real_mp_map_lookup(mp_map_t *map, mp_obj_t index, mp_map_lookup_kind_t kind) {{
    size_t size = map->alloc, at = map->is_ordered ? 0 : qstr_hash(MP_OBJ_QSTR_VALUE(index)) % size;
    mp_map_elem_t *room = NULL;
    for (size_t left = size; left != 0; --left, at = (at + 1) % size) {{
        mp_map_elem_t *slot = &map->table[at];
        if (slot->key == index) {{
            if (kind == MP_MAP_LOOKUP_REMOVE_IF_FOUND) {{
                slot->key = GONE;
            }}
            return slot;
        }}
        if (room == NULL && (slot->key == MP_OBJ_NULL || slot->key == GONE)) {{
            room = slot;
        }}
        if (slot->key == MP_OBJ_NULL) {{
            break;
        }}
    }}
    if (kind == MP_MAP_LOOKUP_ADD_IF_NOT_FOUND && room != NULL) {{
        room->key = index;
        return room;
    }}
    return NULL;
}}
static uint32_t state = 1;
static uint32_t any(uint32_t below) {{
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
}}
#define TABLES 8
#define MOST 300
int wrong_of(int lookups) {{
    static mp_map_elem_t memory[TABLES][MOST];
    static mp_map_t maps[TABLES];
    int wrong = 0;
    for (int i = 0; i < lookups; ++i) {{
        size_t number = any(TABLES);
        mp_map_t *map = &maps[number];
        if (map->alloc == 0 || any(200) == 0) {{
            map->table = memory[number];
            map->alloc = 1 + any(any(4) == 0 ? MOST : 64);
            map->all_keys_are_qstrs = 1;
            map->is_ordered = any(3) == 0;
            for (size_t at = 0; at < MOST; ++at) {{
                memory[number][at].key = MP_OBJ_NULL;
            }}
        }}
        // Few names, so that most are met again; some that end alike, and some beyond any bound.
        size_t name = 1 + any(40) + (any(4) == 0) * 256 * any(40);
        mp_obj_t index = (mp_obj_t)(uintptr_t)(name << 3 | 2);
        mp_map_lookup_kind_t kind = any(4) == 0 ? 1 + any(2) : MP_MAP_LOOKUP;
        mp_map_elem_t *there = __real_mp_map_lookup(map, index, MP_MAP_LOOKUP);
        mp_map_elem_t *found = __wrap_mp_map_lookup(map, index, kind);
        // A name that is to be added, and is not there yet, gets a place of its own where there is one.
        bool is_added = kind == MP_MAP_LOOKUP_ADD_IF_NOT_FOUND && there == NULL;
        wrong += is_added ? found != NULL && found->key != index : found != there;
    }}
    return wrong;
}}
"""


@pytest.fixture(scope="module")
def lookups(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("map_lookup")
    (folder / "py").mkdir()
    (folder / "py/obj.h").write_text(HEADER)
    source, library = folder / "drill.c", folder / "drill.so"
    source.write_text(REST)
    command = ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-I", folder, source, "-o", library]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(library))


def test_what_is_found_is_what_a_search_finds_whatever_was_remembered(lookups: ctypes.CDLL) -> None:
    assert lookups.wrong_of(LOOKUPS) == 0
