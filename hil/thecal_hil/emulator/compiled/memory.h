/* The processor as compiled code sees it, and its ways to memory.
 *
 * Nothing is kept twice: registers, SRAM, flash, boot ROM and SIO's divider are the emulated chip's own buffers, and the
 * flags are copied in and out around each batch. An access that is not to plain, aligned memory is refused, and the
 * instruction is then carried out by the emulator itself.
 *
 * Time of the flash cache (see xip_cache.h): `fetch_cost` and `flash_read_cost` are called for each halfword fetched from
 * flash and for each word, halfword or byte read from it, if and only if the batch runs `timed`. They return cycles to add.
 */
#ifndef THECAL_MEMORY_H
#define THECAL_MEMORY_H

#include <stdint.h>
#include <string.h>

#include "xip_cache.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define RAM_BEGINS 0x20000000u
#define FLASH_MASK 0x00FFFFFFu /* 16 MiB, seen at 0x10 (cached), 0x11, 0x12 and 0x13 */

/* Why an instruction is left to the emulator. */
enum reason {
    RAN = 0,
    OUTSIDE_MEMORY,   /* it is to be fetched from somewhere other than SRAM, flash or boot ROM */
    RARE_INSTRUCTION, /* not among those carried out here */
    RARE_ACCESS,      /* it reads or writes a peripheral, the wrong kind of memory, or across an alignment */
    EXCEPTION_RETURN, /* it may end an exception */
    INTERRUPT_CHECK,  /* whether an interrupt is to be taken has to be looked at first */
    REASONS
};

typedef struct {
    uint8_t *sram, *flash, *rom;
    uint32_t sram_size, rom_size;
} Memory;

/* The order of these fields is that of `shared_sio.FIELDS`. */
typedef struct {
    uint32_t dividend, divisor, quotient, remainder, divider_csr, is_signed, is_stale, spinlocks;
} Sio;

/* Called after each instruction, where one is set: registers but for PC, PC, N Z C V in bits 3 to 0, cycles since the last
 * reset, and whether the emulator carried the instruction out. */
typedef void (*Observer)(void *of, const uint32_t *r, uint32_t pc, uint32_t nzcv, uint64_t cycles, int fell_back);

typedef struct {
    uint32_t *r;
    uint32_t n, z, c, v;
    uint32_t primask;
    uint32_t unmasked; /* PRIMASK was written: the emulator has to look at interrupts before the next instruction */
    Memory memory;
    uint32_t opcode; /* of the instruction that ended the batch, 0 if it could not be fetched */
    uint32_t owed;   /* cycles spent on the fetch of that instruction */
    Sio *sio;
    XipCache *flash_cache;
    uint64_t instructions;
    Observer observer; /* NULL but in the test that compares both paths */
    void *observer_of;
    uint64_t cycles; /* since the last reset, at the beginning of the batch */
} Cpu;

ALWAYS_INLINE uint32_t load32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return v; }
ALWAYS_INLINE uint32_t load16(const uint8_t *p) { uint16_t v; memcpy(&v, p, 2); return v; }
ALWAYS_INLINE void store32(uint8_t *p, uint32_t v) { memcpy(p, &v, 4); }
ALWAYS_INLINE void store16(uint8_t *p, uint32_t v) { uint16_t h = (uint16_t)v; memcpy(p, &h, 2); }

ALWAYS_INLINE int is_sram(const Memory *memory, uint32_t address, uint32_t size) {
    return address - RAM_BEGINS <= memory->sram_size - size;
}
ALWAYS_INLINE int is_flash(uint32_t address) { return address >> 24 == 0x10; }
ALWAYS_INLINE int is_any_flash(uint32_t address) { return address >> 26 == 0x10 >> 2; }
ALWAYS_INLINE int is_rom(const Memory *memory, uint32_t address) { return address < memory->rom_size; }
ALWAYS_INLINE int is_sio(uint32_t address) { return address >> 28 == 0xD; }

/* Where `size` bytes can be read directly, NULL if they can't. Flash and ROM are read with their own kind only. */
ALWAYS_INLINE const uint8_t *readable(const Memory *memory, uint32_t address, uint32_t size) {
    if (is_sram(memory, address, size)) return memory->sram + (address - RAM_BEGINS);
    if (is_any_flash(address)) return memory->flash + (address & FLASH_MASK);
    if (is_rom(memory, address)) return memory->rom + address;
    return NULL;
}

ALWAYS_INLINE uint32_t fetch_cost(Cpu *cpu, uint32_t address) { return xip_fetch(cpu->flash_cache, address); }
ALWAYS_INLINE uint32_t flash_read_cost(Cpu *cpu, uint32_t address) { return xip_read(cpu->flash_cache, address); }

#endif
