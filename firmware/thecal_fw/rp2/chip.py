"""The RP2040's registers and memories by their addresses, after its data sheet, whose sections stand behind them.

Numbers only, and the only ones of this kind: a chip of the same family is another module like this. The build writes
them out wherever they are used, so nothing imports this module on the board. Offsets count words, as native code
does; those that end in BYTES count bytes.
"""

WORD_BYTES = 4

# 2.1.2, 2.1.3: beside the registers of a peripheral lie aliases of them, in which a bit that is written ...
TOGGLE = 0x1000 >> 2
SET = 0x2000 >> 2
CLEAR = 0x3000 >> 2
# ... is turned, set or cleared, and the others stay.

# 2.2: memories.
FLASH = 0x1000_0000
STACK = 0x2004_0000
"""SRAM 4, in which the stack of the first processor lies, growing down."""
STACK_HIGH = STACK >> 16
"""Constants of more than 16 bits must not be written out in native code: see ``step_engine``."""

# 2.3.2 and the Cortex-M0+: which interrupts may come, and which of them wait.
NVIC = 0xE000_E100
NVIC_ENABLE = 0x000 >> 2
NVIC_DISABLE = 0x080 >> 2
NVIC_WITHDRAW = 0x180 >> 2
TIMER_IRQ_0 = 1 << 0
IO_IRQ_BANK0 = 1 << 13

# 2.3.1: SIO, in which the levels of all pins are read.
SIO = 0xD000_0000
GPIO_IN = 0x004 >> 2

# 2.5.7: DMA. Of a channel, whose registers are 16 words apart ...
DMA = 0x5000_0000
CHANNEL_SHIFT = 4
READ_ADDR = 0x00 >> 2
WRITE_ADDR = 0x04 >> 2
TRANS_COUNT = 0x08 >> 2
CTRL = 0x10 >> 2
"""The alias that starts nothing when written."""
CTDREQ = 0x800 >> 2
# ... and of all.
MULTI_CHAN_TRIGGER = 0x430 >> 2
CHAN_ABORT = 0x444 >> 2
CTRL_BUSY = 1 << 24
CTRL_TREQ_SHIFT = 15
CTRL_CHAIN_TO_SHIFT = 11
CTRL_INCR_READ = 1 << 4
CTRL_WORDS = 2 << 2
CTRL_ENABLED = 1 << 0
# 2.5.3.1: what paces a channel. The machines of a block follow one another.
DREQ_PIO0_TX0 = 0
DREQ_PIO0_RX0 = 4
DREQ_PIO1_RX0 = 12
DREQ_NONE = 0x3F

# 2.13.3: the clocks' frequency counter.
CLOCKS = 0x4000_8000
FC0_REF_KHZ = 0x80 >> 2
FC0_MIN_KHZ = 0x84 >> 2
FC0_MAX_KHZ = 0x88 >> 2
FC0_INTERVAL = 0x90 >> 2
FC0_SRC = 0x94 >> 2
FC0_STATUS = 0x98 >> 2
FC0_RESULT = 0x9C >> 2
FC0_SRC_ROSC = 3
FC0_INTERVAL_250_US = 8
FC0_STATUS_DONE = 1 << 4
FC0_RESULT_KHZ_SHIFT = 5
FC0_RESULT_KHZ = 0xFFFF
FC0_MOST_KHZ = 0x7FFF
# 2.17.1: the ring oscillator's range after reset.
LEAST_ROSC_KHZ = 1_800
MOST_ROSC_KHZ = 12_000

# 2.19.6: the pins' control. Of each pin a word of status and one of control; of each eight pins a word of interrupts,
# four bits a pin, of which the upper two are its edges.
IO_BANK0 = 0x4001_4000
GPIO0_CTRL = 0x004 >> 2
GPIO_WORDS = 2
OUTOVER = 3 << 8
OUTOVER_LOW = 2 << 8
"""Forces a pin low; the bit below forces it high in place of that."""
OUTOVER_LEVEL_SHIFT = 8
INTR0 = 0x0F0 >> 2
PROC0_INTE0 = 0x100 >> 2
PINS_PER_INTR = 8
INTR_BITS_PER_PIN = 4
INTR_EDGES_SHIFT = 2
INTR_EDGES = 3

# 2.21: SYSCFG, in which the processor's own reads of a pin may be told to bypass their synchroniser.
PROC_IN_SYNC_BYPASS = 0x4000_400C

# 3.7: PIO. The registers of a machine come behind those of the one before.
PIO0 = 0x5020_0000
PIO1 = 0x5030_0000
MACHINES_PER_PIO = 4
PIO_CTRL = 0x000 >> 2
PIO_FSTAT = 0x004 >> 2
PIO_FDEBUG = 0x008 >> 2
PIO_FLEVEL = 0x00C >> 2
TXF0 = 0x010 >> 2
RXF0 = 0x020 >> 2
TXF0_BYTES = 0x010
RXF0_BYTES = 0x020
MACHINE_WORDS = 0x18 >> 2
SM0_SHIFTCTRL = 0x0D0 >> 2
SM0_ADDR = 0x0D4 >> 2
SM0_INSTR = 0x0D8 >> 2
SM0_ENABLE = 1 << 0
SM0_RESTART = 1 << 4
SM0_CLKDIV_RESTART = 1 << 8
SM0_RX_EMPTY = 1 << 8
SM0_TXSTALL = 1 << 24
FLEVEL_SHIFT = 3
"""Of a machine's number: it has eight bits of FLEVEL, the level of its TX FIFO in the lower four."""
TX_LEVEL = 0xF
JOINED_FIFO_WORDS = 8
FJOIN_RX_BIT = 31
# 3.4: of an instruction.
SIDE_SET_OPTIONAL = 1 << 12
"""Of one side-set bit that is optional: this instruction sets the pin, and low."""
SIDE_SET_BIT_SHIFT = 12
"""Of one side-set bit that is not."""
IN_X_32 = 0x4020

# 4.1.4: USB. Of the endpoint in the memory of the controller, and of its registers.
USB_DPRAM = 0x5010_0000
IN_0_BUFFER_CONTROL = 0x80 >> 2
ENDPOINT_WORDS = 2
BUFFER_AVAILABLE = 1 << 10
USB = 0x5011_0000
USB_INTE = 0x90 >> 2
USB_DEV_SOF_BIT = 17

# 4.6.5: the timer, of microseconds.
TIMER = 0x4005_4000
TIMER_ALARM0 = 0x10 >> 2
TIMER_ARMED = 0x20 >> 2
TIMERAWH = 0x24 >> 2
TIMERAWL = 0x28 >> 2
TIMERAWL_BYTES = 0x28
TIMER_DBGPAUSE_BYTES = 0x2C
TIMER_INTR = 0x34 >> 2
TIMER_INTE = 0x38 >> 2
TIMER_INTS = 0x40 >> 2
TIMER_ALARM0_BIT = 1 << 0

# 4.7.6: the watchdog.
WATCHDOG = 0x4005_8000
WATCHDOG_LOAD = 0x04 >> 2
WATCHDOG_REASON = 0x4005_8008
WATCHDOG_REASON_TIMER = 1 << 0
WATCHDOG_SCRATCH0 = 0x4005_800C
WATCHDOG_SCRATCH4 = 0x4005_801C
WATCHDOG_COUNTS_PER_US = 2
"""Erratum RP2040-E1: it counts down twice each microsecond."""
