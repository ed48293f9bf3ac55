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

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define SP r[13]
#define LR r[14]
#define BIT(value, index) (((value) >> (index)) & 1)

#define SET_NZ(result) do { uint32_t nz_ = (result); n = nz_ >> 31; z = nz_ == 0; } while (0)
#define LEAVE(why) do { reason = (why); goto left; } while (0)

/* Sum and difference that set all four flags; `y` is the result. */
#define ADD_SET_FLAGS(left, right) do { \
        uint32_t a_ = (left), b_ = (right); \
        y = a_ + b_; \
        c = y < a_; \
        v = (~(a_ ^ b_) & (a_ ^ y)) >> 31; \
        SET_NZ(y); \
    } while (0)
#define SUB_SET_FLAGS(left, right) do { \
        uint32_t a_ = (left), b_ = (right); \
        y = a_ - b_; \
        c = a_ >= b_; \
        v = ((a_ ^ b_) & (a_ ^ y)) >> 31; \
        SET_NZ(y); \
    } while (0)

/* One load or store: 2 cycles, 1 from SIO. */
#define LOAD(destination, address, size, read) do { \
        uint32_t at_ = (address); \
        const uint8_t *p_ = at_ & ((size) - 1) ? NULL : readable(cpu, at_, (size)); \
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
        if (is_sram(cpu, at_, (size))) { \
            write(cpu->sram + (at_ - RAM_BEGINS), (value)); \
            cycles = 2; \
        } else if ((size) != 4 || !is_sio(at_) || !sio_write(cpu->sio, at_, (value))) { \
            LEAVE(RARE_ACCESS); \
        } \
    } while (0)

static inline uint32_t load8(const uint8_t *p) { return *p; }
static inline void store8(uint8_t *p, uint32_t v) { *p = (uint8_t)v; }
static inline uint32_t load_signed8(const uint8_t *p) { return (uint32_t)(int32_t)(int8_t)*p; }
static inline uint32_t load_signed16(const uint8_t *p) { return (uint32_t)(int32_t)(int16_t)load16(p); }

/* Shifts by a register: the amount is its lowest byte. */
static inline uint32_t shift_left(uint32_t value, uint32_t amount, uint32_t *c) {
    if (amount) *c = BIT(value, (32 - amount) & 31);
    return amount < 32 ? value << amount : 0;
}
static inline uint32_t shift_right(uint32_t value, uint32_t amount, uint32_t *c) {
    *c = amount <= 32 ? BIT(value, (amount - 1) & 31) : 0;
    return amount < 32 ? value >> amount : 0;
}
static inline uint32_t shift_right_signed(uint32_t value, uint32_t amount, uint32_t *c) {
    amount = amount < 32 ? amount : 32;
    *c = BIT(value, (amount - 1) & 31);
    return (uint32_t)((int32_t)value >> (amount < 32 ? amount : 31));
}
static inline uint32_t rotate_right(uint32_t value, uint32_t amount, uint32_t *c) {
    amount &= 31;
    value = amount ? value >> amount | value << (32 - amount) : value;
    *c = value >> 31;
    return value;
}

static inline uint32_t reverse_halfwords(uint32_t x) { return (x >> 8 & 0x00FF00FFu) | (x & 0x00FF00FFu) << 8; }

static inline int is_condition_met(uint32_t condition, uint32_t n, uint32_t z, uint32_t c, uint32_t v) {
    int met;
    switch (condition >> 1) {
    case 0: met = z; break;
    case 1: met = c; break;
    case 2: met = n; break;
    case 3: met = v; break;
    case 4: met = c && !z; break;
    case 5: met = n == v; break;
    default: met = n == v && !z; break;
    }
    return met ^ (condition & 1);
}

ALWAYS_INLINE enum reason run(Cpu *cpu, int64_t limit, int64_t *used_cycles, const int timed) {
    uint32_t *const r = cpu->r;
    uint32_t n = cpu->n, z = cpu->z, c = cpu->c, v = cpu->v;
    uint32_t pc = r[15];
    int64_t used = 0;
    uint64_t instructions = 0;
    enum reason reason = RAN;

    while (used < limit) {
        const uint32_t here = pc & ~1u;
        uint32_t next = pc + 2;
        uint32_t op = 0, extra = 0, x, y;
        int cycles = 1;

        if (is_any_flash(here)) {
            op = load16(cpu->flash + (here & FLASH_MASK));
            if (timed) extra = fetch_cost(cpu, here);
        } else if (is_sram(cpu, here, 2)) {
            op = load16(cpu->sram + (here - RAM_BEGINS));
        } else if (is_rom(cpu, here)) {
            op = load16(cpu->rom + here);
        } else {
            LEAVE(OUTSIDE_MEMORY);
        }
        const uint32_t d = op & 7, m = op >> 3 & 7, k = op >> 6 & 7;  /* registers named by bits 2:0, 5:3, 8:6 */
        const uint32_t e = op >> 8 & 7, imm5 = op >> 6 & 31, imm8 = op & 0xFF;
        const uint32_t high_d = (op >> 4 & 8) | d, high_m = op >> 3 & 15;

        switch (op >> 8) {
        case 0x00 ... 0x07: /* LSLS */
            x = r[m];
            if (imm5) c = BIT(x, 32 - imm5);
            r[d] = y = x << imm5;
            SET_NZ(y);
            break;
        case 0x08 ... 0x0f: /* LSRS; 0 stands for 32 */
            r[d] = y = shift_right(r[m], imm5 ? imm5 : 32, &c);
            SET_NZ(y);
            break;
        case 0x10 ... 0x17: /* ASRS; 0 stands for 32 */
            r[d] = y = shift_right_signed(r[m], imm5 ? imm5 : 32, &c);
            SET_NZ(y);
            break;
        case 0x18: case 0x19: ADD_SET_FLAGS(r[m], r[k]); r[d] = y; break;
        case 0x1a: case 0x1b: SUB_SET_FLAGS(r[m], r[k]); r[d] = y; break;
        case 0x1c: case 0x1d: ADD_SET_FLAGS(r[m], k); r[d] = y; break;
        case 0x1e: case 0x1f: SUB_SET_FLAGS(r[m], k); r[d] = y; break;
        case 0x20 ... 0x27: r[e] = imm8; SET_NZ(imm8); break;                     /* MOVS */
        case 0x28 ... 0x2f: SUB_SET_FLAGS(r[e], imm8); break;                     /* CMP */
        case 0x30 ... 0x37: ADD_SET_FLAGS(r[e], imm8); r[e] = y; break;
        case 0x38 ... 0x3f: SUB_SET_FLAGS(r[e], imm8); r[e] = y; break;
        case 0x40 ... 0x43:
            switch (op >> 6 & 15) {
            case 0x0: r[d] = y = r[d] & r[m]; SET_NZ(y); break;                   /* ANDS */
            case 0x1: r[d] = y = r[d] ^ r[m]; SET_NZ(y); break;                   /* EORS */
            case 0x2: r[d] = y = shift_left(r[d], r[m] & 0xFF, &c); SET_NZ(y); break;
            case 0x3: r[d] = y = shift_right(r[d], r[m] & 0xFF, &c); SET_NZ(y); break;
            case 0x4: r[d] = y = shift_right_signed(r[d], r[m] & 0xFF, &c); SET_NZ(y); break;
            case 0x5: { /* ADCS */
                const uint64_t right = (uint64_t)r[d] + c, sum = r[m] + right;
                const int64_t signed_sum = (int64_t)(int32_t)r[m] + (int32_t)(uint32_t)right;
                y = (uint32_t)sum;
                c = sum != y;
                v = (int32_t)y != signed_sum;
                SET_NZ(y);
                r[d] = y;
                break;
            }
            case 0x6: { /* SBCS */
                const uint64_t right = (uint64_t)r[m] + (1 - c);
                x = r[d];
                y = x - (uint32_t)right;
                c = x >= right;
                v = ((x ^ (uint32_t)right) & (x ^ y)) >> 31;
                SET_NZ(y);
                r[d] = y;
                break;
            }
            case 0x7: r[d] = y = rotate_right(r[d], r[m] & 0xFF, &c); SET_NZ(y); break;
            case 0x8: SET_NZ(r[d] & r[m]); break;                                 /* TST */
            case 0x9: SUB_SET_FLAGS(0, r[m]); r[d] = y; break;                    /* RSBS */
            case 0xa: SUB_SET_FLAGS(r[d], r[m]); break;                           /* CMP */
            case 0xb: ADD_SET_FLAGS(r[d], r[m]); break;                           /* CMN */
            case 0xc: r[d] = y = r[d] | r[m]; SET_NZ(y); break;                   /* ORRS */
            case 0xd: r[d] = y = r[d] * r[m]; SET_NZ(y); break;                   /* MULS */
            case 0xe: r[d] = y = r[d] & ~r[m]; SET_NZ(y); break;                  /* BICS */
            default: r[d] = y = ~r[m]; SET_NZ(y); break;                          /* MVNS */
            }
            break;
        case 0x44: /* ADD of any two registers */
            y = (high_d == 15 ? next + 2 : r[high_d]) + (high_m == 15 ? next + 2 : r[high_m]);
            if (high_d == 15) { next = y & ~1u; cycles = 2; }
            else r[high_d] = high_d == 13 ? y & ~3u : y;
            break;
        case 0x45: /* CMP of any two registers */
            if (high_m == 15 || high_d == 15) LEAVE(RARE_INSTRUCTION);
            SUB_SET_FLAGS(r[high_d], r[high_m]);
            break;
        case 0x46: /* MOV of any two registers */
            y = high_m == 15 ? next + 2 : r[high_m];
            if (high_d == 15) { next = y & ~1u; cycles = 2; }
            else r[high_d] = high_d == 13 ? y & ~3u : y;
            break;
        case 0x47: /* BX and BLX; the emulator writes LR before it reads the register */
            if (d || high_m >= 14 + !(op & 0x80)) LEAVE(RARE_INSTRUCTION);
            x = r[high_m];
            if (op & 0x80) LR = next | 1;
            else if (x >> 28 == 0xF) LEAVE(EXCEPTION_RETURN);
            next = x & ~1u;
            cycles = 2;
            break;
        case 0x48 ... 0x4f: LOAD(r[e], ((next + 2) & ~3u) + (imm8 << 2), 4, load32); break;
        case 0x50: case 0x51: STORE(r[m] + r[k], 4, store32, r[d]); break;
        case 0x52: case 0x53: STORE(r[m] + r[k], 2, store16, r[d]); break;
        case 0x54: case 0x55: STORE(r[m] + r[k], 1, store8, r[d]); break;
        case 0x56: case 0x57: LOAD(r[d], r[m] + r[k], 1, load_signed8); break;
        case 0x58: case 0x59: LOAD(r[d], r[m] + r[k], 4, load32); break;
        case 0x5a: case 0x5b: LOAD(r[d], r[m] + r[k], 2, load16); break;
        case 0x5c: case 0x5d: LOAD(r[d], r[m] + r[k], 1, load8); break;
        case 0x5e: case 0x5f: LOAD(r[d], r[m] + r[k], 2, load_signed16); break;
        case 0x60 ... 0x67: STORE(r[m] + (imm5 << 2), 4, store32, r[d]); break;
        case 0x68 ... 0x6f: LOAD(r[d], r[m] + (imm5 << 2), 4, load32); break;
        case 0x70 ... 0x77: STORE(r[m] + imm5, 1, store8, r[d]); break;
        case 0x78 ... 0x7f: LOAD(r[d], r[m] + imm5, 1, load8); break;
        case 0x80 ... 0x87: STORE(r[m] + (imm5 << 1), 2, store16, r[d]); break;
        case 0x88 ... 0x8f: LOAD(r[d], r[m] + (imm5 << 1), 2, load16); break;
        case 0x90 ... 0x97: STORE(SP + (imm8 << 2), 4, store32, r[e]); break;
        case 0x98 ... 0x9f: LOAD(r[e], SP + (imm8 << 2), 4, load32); break;
        case 0xa0 ... 0xa7: r[e] = (here & ~3u) + 4 + (imm8 << 2); break;         /* ADR */
        case 0xa8 ... 0xaf: r[e] = SP + (imm8 << 2); break;
        case 0xb0:
            y = (op & 0x7F) << 2;
            SP = (op & 0x80 ? SP - y : SP + y) & ~3u;
            break;
        case 0xb2:
            x = r[m];
            switch (op >> 6 & 3) {
            case 0: r[d] = (uint32_t)(int32_t)(int16_t)x; break;
            case 1: r[d] = (uint32_t)(int32_t)(int8_t)x; break;
            case 2: r[d] = x & 0xFFFF; break;
            default: r[d] = x & 0xFF; break;
            }
            break;
        case 0xb4: case 0xb5: { /* PUSH */
            const uint32_t size = 4 * (uint32_t)__builtin_popcount(op & 0x1FF);
            x = SP - size;
            if (x & 3 || !is_sram(cpu, x, size)) LEAVE(RARE_ACCESS);
            uint8_t *p = cpu->sram + (x - RAM_BEGINS);
            for (uint32_t list = imm8; list; list &= list - 1, p += 4, cycles++) store32(p, r[__builtin_ctz(list)]);
            if (op & 0x100) store32(p, LR);
            SP = x;
            break;
        }
        case 0xb6: /* CPSID i and CPSIE i */
            if (op == 0xb672) cpu->primask = 1;
            else if (op == 0xb662) cpu->primask = 0, cpu->unmasked = 1;
            else LEAVE(RARE_INSTRUCTION);
            break;
        case 0xba:
            x = r[m];
            switch (op >> 6 & 3) {
            case 0: r[d] = __builtin_bswap32(x); break;                           /* REV */
            case 1: r[d] = reverse_halfwords(x); break;                           /* REV16 */
            case 3: r[d] = (uint32_t)(int32_t)(int16_t)reverse_halfwords(x); break; /* REVSH */
            default: LEAVE(RARE_INSTRUCTION);
            }
            break;
        case 0xbc: case 0xbd: { /* POP */
            const uint32_t size = 4 * (uint32_t)__builtin_popcount(op & 0x1FF);
            x = SP;
            if (x & 3 || !is_sram(cpu, x, size)) LEAVE(RARE_ACCESS);
            const uint8_t *p = cpu->sram + (x - RAM_BEGINS);
            if (op & 0x100) {
                y = load32(p + size - 4);
                if (y >> 28 == 0xF) LEAVE(EXCEPTION_RETURN);
                next = y & ~1u;
                cycles += 2;
            }
            for (uint32_t list = imm8; list; list &= list - 1, p += 4, cycles++) r[__builtin_ctz(list)] = load32(p);
            SP = x + size;
            break;
        }
        case 0xbf: if (op != 0xbf00) LEAVE(RARE_INSTRUCTION); break;              /* NOP */
        case 0xc0 ... 0xc7: { /* STMIA; pico-sdk saves the divider with it */
            const uint32_t size = 4 * (uint32_t)__builtin_popcount(imm8);
            x = r[e];
            if (x & 3) LEAVE(RARE_ACCESS);
            if (is_sram(cpu, x, size)) {
                uint8_t *p = cpu->sram + (x - RAM_BEGINS);
                for (uint32_t list = imm8; list; list &= list - 1, p += 4) store32(p, r[__builtin_ctz(list)]);
            } else if (is_divider(x) && is_divider(x + size) && size) {
                uint32_t at = x;
                for (uint32_t list = imm8; list; list &= list - 1, at += 4) sio_write(cpu->sio, at, r[__builtin_ctz(list)]);
            } else {
                LEAVE(RARE_ACCESS);
            }
            cycles += size / 4;
            if (!BIT(imm8, e)) r[e] = x + size;
            break;
        }
        case 0xc8 ... 0xcf: { /* LDMIA */
            const uint32_t size = 4 * (uint32_t)__builtin_popcount(imm8);
            x = r[e];
            if (x & 3) LEAVE(RARE_ACCESS);
            if (is_divider(x) && is_divider(x + size) && size) {
                uint32_t at = x;
                for (uint32_t list = imm8; list; list &= list - 1, at += 4) sio_read(cpu->sio, at, &r[__builtin_ctz(list)]);
            } else {
                const uint8_t *p = readable(cpu, x, 4);
                if (!p || !size || !readable(cpu, x + size - 4, 4) || x >> 24 != (x + size - 4) >> 24) LEAVE(RARE_ACCESS);
                for (uint32_t list = imm8, at = x; list; list &= list - 1, p += 4, at += 4) {
                    r[__builtin_ctz(list)] = load32(p);
                    if (timed && is_any_flash(at)) extra += flash_read_cost(cpu, at);
                }
            }
            cycles += size / 4;
            if (!BIT(imm8, e)) r[e] = x + size;
            break;
        }
        case 0xd0 ... 0xdd:
            if (is_condition_met(op >> 8 & 15, n, z, c, v)) {
                next += 2 + (uint32_t)((int32_t)(int8_t)imm8 * 2);
                cycles = 2;
            }
            break;
        case 0xe0 ... 0xe7:
            next += 2 + (uint32_t)((int32_t)(op << 21) >> 20);
            cycles = 2;
            break;
        case 0xf0 ... 0xf7: { /* two halfwords */
            uint32_t second;
            if (is_any_flash(here)) {
                second = load16(cpu->flash + ((here + 2) & FLASH_MASK));
                if (timed) extra += fetch_cost(cpu, here + 2);
            } else if (is_sram(cpu, here, 4)) {
                second = load16(cpu->sram + (here + 2 - RAM_BEGINS));
            } else if (is_rom(cpu, here + 2)) {
                second = load16(cpu->rom + here + 2);
            } else {
                LEAVE(OUTSIDE_MEMORY);
            }
            cycles = 3;
            if ((second & 0xD000) == 0xD000) { /* BL */
                const uint32_t sign = BIT(op, 10);
                const uint32_t i1 = 1 ^ sign ^ BIT(second, 13), i2 = 1 ^ sign ^ BIT(second, 11);
                y = (sign ? 0xFF000000u : 0) | i1 << 23 | i2 << 22 | (op & 0x3FF) << 12 | (second & 0x7FF) << 1;
                LR = (next + 2) | 1;
                next += 2 + y;
            } else if (op == 0xf3bf && (second & 0xFFC0) == 0x8f40 && (second & 0x30) != 0x30) { /* DSB, DMB, ISB */
                next += 2;
            } else if (op == 0xf3ef && (second & 0xF0FF) == 0x8010 && (second >> 8 & 15) < 13) { /* MRS, PRIMASK */
                r[second >> 8 & 15] = cpu->primask;
                next += 2;
            } else if ((op & 0xFFF0) == 0xf380 && second == 0x8810 && (op & 15) < 13) { /* MSR, PRIMASK */
                cpu->primask = r[op & 15] & 1;
                cpu->unmasked = 1;
                next += 2;
            } else {
                LEAVE(RARE_INSTRUCTION);
            }
            break;
        }
        default:
            LEAVE(RARE_INSTRUCTION);
        }
        pc = next;
        used += cycles + (timed ? extra : 0);
        instructions++;
        if (cpu->unmasked) break;
        continue;
    left:
        cpu->opcode = op;
        cpu->owed = timed ? extra : 0;
        break;
    }
    r[15] = pc;
    cpu->n = n;
    cpu->z = z;
    cpu->c = c;
    cpu->v = v;
    cpu->instructions += instructions;
    *used_cycles = used;
    return reason;
}

static enum reason run_batch(Cpu *cpu, int64_t limit, int64_t *used, int timed) {
    return timed ? run(cpu, limit, used, 1) : run(cpu, limit, used, 0);
}

#endif
