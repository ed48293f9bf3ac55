# The probe runs on a plain Raspberry Pi Pico. No network stack and no Bluetooth: none is switched on here.
set(PICO_BOARD "pico")
set(PICO_PLATFORM "rp2040")
