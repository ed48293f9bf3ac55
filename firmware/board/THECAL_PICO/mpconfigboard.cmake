# The bench pump runs on a plain Raspberry Pi Pico. No network stack and no Bluetooth: none is switched on here.
set(PICO_BOARD "pico")
set(PICO_PLATFORM "rp2040")

# See there.
list(APPEND MICROPY_SOURCE_BOARD ${MICROPY_BOARD_DIR}/frozen_index.c)
add_link_options("-Wl,--wrap=mp_find_frozen_module")
list(APPEND MICROPY_SOURCE_BOARD ${MICROPY_BOARD_DIR}/heap_free.c)
add_link_options("-Wl,--wrap=gc_info")
