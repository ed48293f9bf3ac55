// Board definition of the Thecal bench pump controller: a Raspberry Pi Pico whose firmware is frozen in.

#define MICROPY_HW_BOARD_NAME                   "Thecal bench pump controller"

// Room for the journal, in raw flash: see _boot.py for why no file system is mounted on it.
#include "thecal_flash_map.h"
#define MICROPY_HW_FLASH_STORAGE_BYTES          (PICO_FLASH_SIZE_BYTES - THECAL_STORAGE_AT)

// The host recognises a pump by these strings, without writing anything to the port.
#define MICROPY_HW_USB_MANUFACTURER_STRING      "Thecal"
#define MICROPY_HW_USB_PRODUCT_FS_STRING        "Thecal bench pump"
#define MICROPY_HW_USB_CDC_INTERFACE_STRING     "Thecal link"

// A host that holds the port open and does not read must never make the pump wait: what does not fit the transmit
// buffer at once is dropped and reported to the caller as a short write.
#define MICROPY_HW_USB_CDC_TX_TIMEOUT           (0)

// Room for the largest reply and for a burst of requests, so that neither is cut by the above.
#define CFG_TUD_CDC_TX_BUFSIZE                  (1024)
#define CFG_TUD_CDC_RX_BUFSIZE                  (512)
#define MICROPY_HW_STDIN_BUFFER_LEN             (1024)

// The USB driver's interrupt queues an event for each of the 16 frames after a host has opened the port, and for whatever
// the host sends meanwhile. The usual 16 places are full if the program is busy for that long, and an event is lost.
#define CFG_TUD_TASK_QUEUE_SZ                   (64)

// Where a name was found is remembered by map_lookup.c.
#define MICROPY_OPT_MAP_LOOKUP_CACHE            (0)

// One core runs the program. With threads, each call and each allocation would first find out whose state it works on.
#define MICROPY_PY_THREAD                       (0)

// Modules that a pump has no use for make room for an interpreter that is compiled for speed: see mpconfigboard.cmake.
#define MICROPY_PY_CMATH                        (0)
#define MICROPY_PY_FRAMEBUF                     (0)

// The interpreter itself lies in memory: in flash it would turn the bytecode that it reads, and all else, out of the flash
// cache of 16 kB. The port's linker script has the same in mind for vm.c and gc.c, and misses both for their names.
#define IN_MEMORY(f)                            __attribute__((noinline, section(".time_critical." #f)))
#define MICROPY_WRAP_MP_EXECUTE_BYTECODE(f)     IN_MEMORY(f) f
#define MICROPY_WRAP_MP_MAP_LOOKUP(f)           IN_MEMORY(f) f
#define MICROPY_WRAP_MP_BINARY_OP(f)            IN_MEMORY(f) f
#define MICROPY_WRAP_MP_LOAD_GLOBAL(f)          IN_MEMORY(f) f
#define MICROPY_WRAP_MP_LOAD_NAME(f)            IN_MEMORY(f) f
#include <stddef.h>
IN_MEMORY(gc_alloc) void *gc_alloc(size_t n_bytes, unsigned int alloc_flags);
IN_MEMORY(gc_free) void gc_free(void *ptr);
