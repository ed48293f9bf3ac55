// Counts what is free of the heap, in place of MicroPython's own count (`gc_info` in py/gc.c), which also looks for the
// longest pieces, block by block: that took 8 ms of each interrogation at a flash cache as slow as the chip's.
//
// Promise: total, used and free are those of MicroPython's count; what nobody asks for here is left at zero. Only
// `gc.mem_free` and `gc.mem_alloc` come by here: `mpconfigboard.cmake` has the linker put this function in the other
// one's place, and `micropython.mem_info` calls that one within its own file. The heap's table is only read, and by the
// one thread there is.

#include <string.h>

#include "py/gc.h"
#include "py/mpstate.h"

#define BITS_OF_FIRST_OF_PAIR (0x55)
#define BLOCKS_PER_TABLE_BYTE (4)

void __wrap_gc_info(gc_info_t *info);

// Blocks of a byte of the table that are in use. Each has two bits, both 0 if it is free.
static inline unsigned used_blocks(unsigned byte) {
    unsigned pairs = (byte | byte >> 1) & BITS_OF_FIRST_OF_PAIR;
    pairs = (pairs & 0x33) + ((pairs >> 2) & 0x33);
    return (pairs & 0x0F) + (pairs >> 4);
}

void __wrap_gc_info(gc_info_t *info) {
    memset(info, 0, sizeof(*info));
    for (const mp_state_mem_area_t *area = &MP_STATE_MEM(area); area != NULL;) {
        info->total += area->gc_pool_end - area->gc_pool_start;
        const byte *table = area->gc_alloc_table_start;
        const byte *end = table + area->gc_alloc_table_byte_len;
        size_t used = 0;
        for (const byte *at = table; at != end; ++at) {
            if (*at != 0) {
                used += used_blocks(*at);
            }
        }
        info->used += used * MICROPY_BYTES_PER_GC_BLOCK;
        info->free += ((end - table) * BLOCKS_PER_TABLE_BYTE - used) * MICROPY_BYTES_PER_GC_BLOCK;
        #if MICROPY_GC_SPLIT_HEAP
        area = area->next;
        #else
        area = NULL;
        #endif
    }
}
