// Remembers where in which table a name was found, in place of MicroPython's own memory of that (py/map.c), which goes by
// the name alone. The build gives the private names of all modules the same few letters, so there one class's attributes
// turned those of the next one out, and most look-ups hashed the name and divided by the size of the table anew.
//
// Promise: what is found is what MicroPython's look-up finds, which is still there and asked where nothing is remembered:
// a place counts only if the key stands in it, and a key stands in one place of a table. `mpconfigboard.cmake` has the
// linker put this function in the other one's place. A removal is never answered from memory.

#include <stddef.h>

#include "py/obj.h"

#define PLACES (1024)

mp_map_elem_t *__real_mp_map_lookup(mp_map_t *map, mp_obj_t index, mp_map_lookup_kind_t lookup_kind);
mp_map_elem_t *__wrap_mp_map_lookup(mp_map_t *map, mp_obj_t index, mp_map_lookup_kind_t lookup_kind);

// Of a table and a key: the low bits of where the key was in it. Anything may stand here, so nothing has to clear it.
static uint8_t places[PLACES];

IN_MEMORY(mp_map_lookup_remembered) mp_map_elem_t *__wrap_mp_map_lookup(mp_map_t *map, mp_obj_t index, mp_map_lookup_kind_t lookup_kind) {
    if (lookup_kind == MP_MAP_LOOKUP_REMOVE_IF_FOUND) {
        return __real_mp_map_lookup(map, index, lookup_kind);
    }
    // A name's number begins at bit 3; a table on the heap lies on a multiple of 16 bytes.
    uint8_t *place = &places[((uintptr_t)index >> 3 ^ (uintptr_t)map->table >> 4) % PLACES];
    mp_map_elem_t *slot = &map->table[*place];
    if (*place < map->alloc && slot->key == index) {
        return slot;
    }
    slot = __real_mp_map_lookup(map, index, lookup_kind);
    if (slot != NULL) {
        *place = slot - map->table;
    }
    return slot;
}
