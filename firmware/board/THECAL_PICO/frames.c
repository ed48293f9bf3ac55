// Where a function of Python's keeps its variables while it runs. MicroPython puts a frame of more than 11 words on the
// heap (py/objfun.c), and most of the pump's polls call twenty functions with one. To find room for each, the allocator goes
// by every small hole of a heap that has been in use: 20,000 to 40,000 cycles, half of what a poll took.
//
// Promises: a frame lies on the processor's stack while that is less than MOST_STACK_BYTES deep, and otherwise where it
// did before; none is longer than MOST_FRAME_BYTES, so the stack grows by no more than what lies above that depth.
// `mpconfigboard.cmake` has MicroPython's function calls ask here; nothing else does.

#include "py/cstack.h"
#include "py/misc.h"

#define MOST_FRAME_BYTES (160)
#define MOST_STACK_BYTES (2480)

void *frame_off_the_stack(size_t bytes);

// Memory for a frame. NULL has MicroPython take it from the stack.
void *frame_off_the_stack(size_t bytes) {
    if (bytes <= MOST_FRAME_BYTES && mp_cstack_usage() < MOST_STACK_BYTES) {
        return NULL;
    }
    return m_malloc_maybe(bytes);
}
