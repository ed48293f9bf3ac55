# The bench pump runs on a plain Raspberry Pi Pico. No network stack and no Bluetooth: none is switched on here.
set(PICO_BOARD "pico")
set(PICO_PLATFORM "rp2040")

# See there.
list(APPEND MICROPY_SOURCE_BOARD ${MICROPY_BOARD_DIR}/frozen_index.c)
add_link_options("-Wl,--wrap=mp_find_frozen_module")
list(APPEND MICROPY_SOURCE_BOARD ${MICROPY_BOARD_DIR}/heap_free.c)
add_link_options("-Wl,--wrap=gc_info")
list(APPEND MICROPY_SOURCE_BOARD ${MICROPY_BOARD_DIR}/map_lookup.c)
add_link_options("-Wl,--wrap=mp_map_lookup")
list(APPEND MICROPY_SOURCE_BOARD ${MICROPY_BOARD_DIR}/frames.c)
set_source_files_properties(${MICROPY_DIR}/py/objfun.c PROPERTIES COMPILE_DEFINITIONS m_malloc_maybe=frame_off_the_stack)
# What every call and every attribute goes through, as the port has it for the interpreter's loop: the processor is awake
# for a tenth less.
set_source_files_properties(
    ${MICROPY_DIR}/py/bc.c
    ${MICROPY_DIR}/py/obj.c
    ${MICROPY_DIR}/py/objfun.c
    ${MICROPY_DIR}/py/objtype.c
    ${MICROPY_DIR}/py/runtime.c
    ${MICROPY_BOARD_DIR}/map_lookup.c
    PROPERTIES COMPILE_OPTIONS "-O2"
)
