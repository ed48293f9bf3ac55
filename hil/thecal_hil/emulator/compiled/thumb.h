/* The common Thumb instructions, with the results, flags and cycles of the emulator's own.
 *
 * `run_batch` carries out instructions until `limit` cycles are used up or one is met that is left to the emulator; that
 * one has changed nothing. What an instruction does is what rp2040py 0.3.6 does, also where the processor's manual says
 * otherwise: the test that runs both side by side has to find no difference. So PC keeps its lowest bit where the emulator
 * keeps it (after an exception entry), and shifts by a register take the emulator's carry.
 */
#ifndef THECAL_THUMB_H
#define THECAL_THUMB_H

#include "memory.h"
#include "sio.h"

#define SP r[13]
#define LR r[14]
#define BIT(value, index) (((value) >> (index)) & 1)

/* Fields of an instruction: registers by where their numbers stand (bits 2:0, 5:3, 8:6 and 10:8), and immediates. */
#define RD (op & 7)
#define RM (op >> 3 & 7)
#define RK (op >> 6 & 7)
#define RE (op >> 8 & 7)
#define HIGH_RD ((op >> 4 & 8) | RD)
#define HIGH_RM (op >> 3 & 15)
#define IMM5 (op >> 6 & 31)
#define IMM8 (op & 0xFF)

/* Within a batch, N and V are the highest bits of `n` and `v`, and Z is set where `z` is zero. */
#define SET_NZ(result) (n = z = (result))
#define NZCV ((n >> 31) << 3 | (uint32_t)(z == 0) << 2 | c << 1 | v >> 31)
#define LEAVE(why) do { reason = (why); goto left; } while (0)

/* Each instruction ends with the dispatch of the next one: with one dispatch for all, the processor this runs on could not
 * learn which instruction usually follows which, and half the time would go into its wrong guesses. */
#define DISPATCH do { \
        if (used >= limit) goto done; \
        here = pc & ~1u; \
        next = pc + 2; \
        cycles = 1; \
        extra = 0; \
        if (!is_any_flash(here)) goto not_in_flash; \
        op = load16(memory.flash + (here & FLASH_MASK)); \
        if (timed) extra = fetch_cost(cpu, here); \
        goto *handlers[op >> 8]; \
    } while (0)
#define RETIRE do { \
        pc = next; \
        used += cycles + (timed ? extra : 0); \
        instructions++; \
        if (observed) cpu->observer(cpu->observer_of, r, pc, NZCV, cpu->cycles + used, 0); \
    } while (0)
#define NEXT do { RETIRE; DISPATCH; } while (0)

/* Sum and difference that set all four flags; `y` is the result. */
#define ADD_SET_FLAGS(left, right) do { \
        uint32_t a_ = (left), b_ = (right); \
        y = a_ + b_; \
        c = y < a_; \
        v = ~(a_ ^ b_) & (a_ ^ y); \
        SET_NZ(y); \
    } while (0)
#define SUB_SET_FLAGS(left, right) do { \
        uint32_t a_ = (left), b_ = (right); \
        y = a_ - b_; \
        c = a_ >= b_; \
        v = (a_ ^ b_) & (a_ ^ y); \
        SET_NZ(y); \
    } while (0)

/* One load or store: 2 cycles, 1 from SIO. */
#define LOAD(destination, address, size, read) do { \
        uint32_t at_ = (address); \
        const uint8_t *p_ = at_ & ((size) - 1) ? NULL : readable(&memory, at_, (size)); \
        if (p_) { \
            x = read(p_); \
            cycles = 2; \
            if (timed && is_any_flash(at_)) cycles += flash_read_cost(cpu, at_); \
        } else if ((size) != 4 || at_ & 3 || !is_sio(at_) || !sio_read(cpu->sio, at_, &x)) { \
            LEAVE(RARE_ACCESS); \
        } \
        (destination) = x; \
    } while (0)
#define STORE(address, size, write, value) do { \
        uint32_t at_ = (address); \
        if (at_ & ((size) - 1)) LEAVE(RARE_ACCESS); \
        if (is_sram(&memory, at_, (size))) { \
            write(memory.sram + (at_ - RAM_BEGINS), (value)); \
            cycles = 2; \
        } else if ((size) != 4 || !is_sio(at_) || !sio_write(cpu->sio, at_, (value))) { \
            LEAVE(RARE_ACCESS); \
        } \
    } while (0)

ALWAYS_INLINE uint32_t load8(const uint8_t *p) { return *p; }
ALWAYS_INLINE void store8(uint8_t *p, uint32_t v) { *p = (uint8_t)v; }
ALWAYS_INLINE uint32_t load_signed8(const uint8_t *p) { return (uint32_t)(int32_t)(int8_t)*p; }
ALWAYS_INLINE uint32_t load_signed16(const uint8_t *p) { return (uint32_t)(int32_t)(int16_t)load16(p); }

/* Shifts by a register: the amount is its lowest byte. */
ALWAYS_INLINE uint32_t shift_left(uint32_t value, uint32_t amount, uint32_t *c) {
    if (amount) *c = BIT(value, (32 - amount) & 31);
    return amount < 32 ? value << amount : 0;
}
ALWAYS_INLINE uint32_t shift_right(uint32_t value, uint32_t amount, uint32_t *c) {
    *c = amount <= 32 ? BIT(value, (amount - 1) & 31) : 0;
    return amount < 32 ? value >> amount : 0;
}
ALWAYS_INLINE uint32_t shift_right_signed(uint32_t value, uint32_t amount, uint32_t *c) {
    amount = amount < 32 ? amount : 32;
    *c = BIT(value, (amount - 1) & 31);
    return (uint32_t)((int32_t)value >> (amount < 32 ? amount : 31));
}
ALWAYS_INLINE uint32_t rotate_right(uint32_t value, uint32_t amount, uint32_t *c) {
    amount &= 31;
    value = amount ? value >> amount | value << (32 - amount) : value;
    *c = value >> 31;
    return value;
}

ALWAYS_INLINE uint32_t reverse_halfwords(uint32_t x) { return (x >> 8 & 0x00FF00FFu) | (x & 0x00FF00FFu) << 8; }

ALWAYS_INLINE int is_condition_met(uint32_t condition, uint32_t n, uint32_t z, uint32_t c, uint32_t v) {
    int met;
    switch (condition >> 1) {
    case 0: met = z == 0; break;
    case 1: met = (int)c; break;
    case 2: met = (int)(n >> 31); break;
    case 3: met = (int)(v >> 31); break;
    case 4: met = c && z; break;
    case 5: met = !((n ^ v) >> 31); break;
    default: met = !((n ^ v) >> 31) && z; break;
    }
    return met ^ (int)(condition & 1);
}

/* How many registers a list of eight names. */
ALWAYS_INLINE uint32_t count_listed(uint32_t list) {
    const uint64_t counts = 0x4332322132212110u;
    return (counts >> (list & 15) * 4 & 15) + (counts >> (list >> 4 & 15) * 4 & 15);
}

#define RUN run_plain
#define RUN_TIMED 0
#define RUN_OBSERVED 0
#include "thumb_run.h"
#define RUN run_timed
#define RUN_TIMED 1
#define RUN_OBSERVED 0
#include "thumb_run.h"
#define RUN run_observed
#define RUN_TIMED 0
#define RUN_OBSERVED 1
#include "thumb_run.h"
#define RUN run_timed_observed
#define RUN_TIMED 1
#define RUN_OBSERVED 1
#include "thumb_run.h"

static enum reason run_batch(Cpu *cpu, int64_t limit, int64_t *used, int timed) {
    if (cpu->observer) return timed ? run_timed_observed(cpu, limit, used) : run_observed(cpu, limit, used);
    return timed ? run_timed(cpu, limit, used) : run_plain(cpu, limit, used);
}

#endif
