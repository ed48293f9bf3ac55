// Finds a frozen module by the hash of its name, in place of MicroPython's own search (py/frozenmod.c), which compares
// every name that is frozen in and is asked three times for each module. With 90 modules and a flash cache of 16 kB that
// took 60 ms of each start, with 138 of them 90 ms.
//
// Promise: the answers are those of MicroPython's search, which is still there and asked where this one does not apply:
// for more names than there is room for, which `build.py` refuses to build for the pump, and for modules frozen as text.
// `mpconfigboard.cmake` has the linker put this function in the other one's place.

#include <stdbool.h>
#include <string.h>

#include "py/emitglue.h"
#include "py/frozenmod.h"

#define MOST_NAMES (192)
#define MOST_FOLDERS (12)

extern const char mp_frozen_names[];
extern const uint32_t mp_frozen_str_sizes[];
extern const mp_frozen_module_t *const mp_frozen_mpy_content[];

mp_import_stat_t __real_mp_find_frozen_module(const char *str, int *frozen_type, void **data);
mp_import_stat_t __wrap_mp_find_frozen_module(const char *str, int *frozen_type, void **data);

// Of each name, in the order of the frozen content; of a folder, where the first name in it begins and its own length.
static uint16_t name_hash[MOST_NAMES];
static uint16_t name_at[MOST_NAMES];
static uint16_t folder_at[MOST_FOLDERS];
static uint16_t folder_bytes[MOST_FOLDERS];
static uint8_t names;
static uint8_t folders;
static bool is_ready;
static bool is_usable;

static bool is_folder(const char *str, size_t bytes) {
    for (size_t i = 0; i < folders; ++i) {
        if (folder_bytes[i] == bytes && memcmp(mp_frozen_names + folder_at[i], str, bytes) == 0) {
            return true;
        }
    }
    return false;
}

static void read_names(void) {
    is_ready = true;
    if (mp_frozen_str_sizes[0] != 0) {
        return;
    }
    const char *name = mp_frozen_names;
    while (*name != 0) {
        size_t bytes = 0;
        uint16_t hash = 0;
        if (names == MOST_NAMES) {
            return;
        }
        for (; name[bytes] != 0; ++bytes) {
            if (name[bytes] == '/' && !is_folder(name, bytes)) {
                if (folders == MOST_FOLDERS) {
                    return;
                }
                folder_at[folders] = name - mp_frozen_names;
                folder_bytes[folders++] = bytes;
            }
            hash = hash * 33 + name[bytes];
        }
        name_hash[names] = hash;
        name_at[names++] = name - mp_frozen_names;
        name += bytes + 1;
    }
    is_usable = name - mp_frozen_names <= UINT16_MAX;
}

mp_import_stat_t __wrap_mp_find_frozen_module(const char *str, int *frozen_type, void **data) {
    if (!is_ready) {
        read_names();
    }
    if (!is_usable) {
        return __real_mp_find_frozen_module(str, frozen_type, data);
    }
    if (frozen_type != NULL) {
        *frozen_type = MP_FROZEN_NONE;
    }
    size_t bytes = 0;
    uint16_t hash = 0;
    for (; str[bytes] != 0; ++bytes) {
        hash = hash * 33 + str[bytes];
    }
    for (size_t i = 0; i < names; ++i) {
        if (name_hash[i] == hash && strcmp(mp_frozen_names + name_at[i], str) == 0) {
            if (frozen_type != NULL) {
                *frozen_type = MP_FROZEN_MPY;
                *data = (void *)mp_frozen_mpy_content[i];
            }
            return MP_IMPORT_STAT_FILE;
        }
    }
    return is_folder(str, bytes) ? MP_IMPORT_STAT_DIR : MP_IMPORT_STAT_NO_EXIST;
}
