// Looks names up in place of MicroPython's own look-up (py/map.c), whose memory of where a name was found goes by the name
// alone. The build gives the private names of all modules the same few letters, so there one class's attributes turned
// those of the next one out; and a method's name, which is never among an object's attributes, was hashed and divided by
// the size of the table at each call.
//
// Promise: what is found is what MicroPython's look-up finds, which is still there and asked for all else: for names that
// are to be added and are not there yet, for removals, for keys that are no names, and where nothing is remembered. What is remembered can't grow old. Where the
// search for a name begins follows from the name and the table's size alone; of a table in order, a place counts only if
// the key stands in it. `mpconfigboard.cmake` has the linker put this function in the other one's place.

#include <stddef.h>

#include "py/obj.h"

#define BEGINS (512)
#define MOST_SIZE (63)
#define MOST_NAME (4095)
#define PLACES (512)
// Of an entry: the size of the table, the high bits of the name's number (its low ones are in where the entry stands), and
// where the search begins.
#define TAG(size, name) ((size) << 10 | (name) >> 8 << 6)
#define BEGIN_MASK (0x3F)

mp_map_elem_t *__real_mp_map_lookup(mp_map_t *map, mp_obj_t index, mp_map_lookup_kind_t lookup_kind);
mp_map_elem_t *__wrap_mp_map_lookup(mp_map_t *map, mp_obj_t index, mp_map_lookup_kind_t lookup_kind);

static uint16_t begins[BEGINS];
static uint8_t places[PLACES];

IN_MEMORY(mp_map_lookup_remembered) mp_map_elem_t *__wrap_mp_map_lookup(mp_map_t *map, mp_obj_t index, mp_map_lookup_kind_t lookup_kind) {
    size_t size = map->alloc;
    if (lookup_kind == MP_MAP_LOOKUP_REMOVE_IF_FOUND || size == 0 || !map->all_keys_are_qstrs || !mp_obj_is_qstr(index)) {
        return __real_mp_map_lookup(map, index, lookup_kind);
    }
    mp_map_elem_t *table = map->table;
    qstr name = MP_OBJ_QSTR_VALUE(index);
    if (map->is_ordered || size > MOST_SIZE || name > MOST_NAME) {
        uint8_t *place = &places[(name ^ (uintptr_t)table >> 4) % PLACES];
        mp_map_elem_t *slot = &table[*place];
        if (*place < size && slot->key == index) {
            return slot;
        }
        slot = __real_mp_map_lookup(map, index, lookup_kind);
        table = map->table;
        if (slot != NULL) {
            *place = slot - table;
        }
        return slot;
    }
    uint16_t *begin = &begins[(name ^ size) % BEGINS];
    if ((*begin & ~BEGIN_MASK) != TAG(size, name)) {
        *begin = TAG(size, name) | qstr_hash(name) % size;
    }
    mp_map_elem_t *slot = &table[*begin & BEGIN_MASK];
    for (size_t left = size; left != 0; --left) {
        if (slot->key == index) {
            return slot;
        }
        if (slot->key == MP_OBJ_NULL) {
            break;
        }
        if (++slot == &table[size]) {
            slot = table;
        }
    }
    return lookup_kind == MP_MAP_LOOKUP ? NULL : __real_mp_map_lookup(map, index, lookup_kind);
}
