/* The run loop of thumb.h, once for each of its kinds: the name RUN, with `timed` and `observed` as constants.
 *
 * It is included, not a function with two more parameters, since a function that takes the addresses of its labels can't
 * be copied by the compiler.
 */
static enum reason RUN(Cpu *cpu, int64_t limit, int64_t *used_cycles) {
    enum { timed = RUN_TIMED, observed = RUN_OBSERVED };
    /* Not read from `cpu` each time: for all the compiler knows, a store to memory might change it. */
    uint32_t *const r = cpu->r;
    const Memory memory = cpu->memory;
    uint32_t n = cpu->n << 31, z = !cpu->z, c = cpu->c, v = cpu->v << 31;
    uint32_t pc = r[15];
    int64_t used = 0;
    uint64_t instructions = 0;
    enum reason reason = RAN;

    static const void *const handlers[256] = {
        [0x00 ... 0xff] = &&rare,
        [0x00 ... 0x07] = &&lsls,
        [0x08 ... 0x0f] = &&lsrs,
        [0x10 ... 0x17] = &&asrs,
        [0x18 ... 0x19] = &&adds_register,
        [0x1a ... 0x1b] = &&subs_register,
        [0x1c ... 0x1d] = &&adds_immediate3,
        [0x1e ... 0x1f] = &&subs_immediate3,
        [0x20 ... 0x27] = &&movs,
        [0x28 ... 0x2f] = &&cmp_immediate,
        [0x30 ... 0x37] = &&adds_immediate8,
        [0x38 ... 0x3f] = &&subs_immediate8,
        [0x40 ... 0x43] = &&data_processing,
        [0x44] = &&add_high,
        [0x45] = &&cmp_high,
        [0x46] = &&mov_high,
        [0x47] = &&branch_exchange,
        [0x48 ... 0x4f] = &&ldr_literal,
        [0x50 ... 0x51] = &&str_register,
        [0x52 ... 0x53] = &&strh_register,
        [0x54 ... 0x55] = &&strb_register,
        [0x56 ... 0x57] = &&ldrsb,
        [0x58 ... 0x59] = &&ldr_register,
        [0x5a ... 0x5b] = &&ldrh_register,
        [0x5c ... 0x5d] = &&ldrb_register,
        [0x5e ... 0x5f] = &&ldrsh,
        [0x60 ... 0x67] = &&str_immediate,
        [0x68 ... 0x6f] = &&ldr_immediate,
        [0x70 ... 0x77] = &&strb_immediate,
        [0x78 ... 0x7f] = &&ldrb_immediate,
        [0x80 ... 0x87] = &&strh_immediate,
        [0x88 ... 0x8f] = &&ldrh_immediate,
        [0x90 ... 0x97] = &&str_sp,
        [0x98 ... 0x9f] = &&ldr_sp,
        [0xa0 ... 0xa7] = &&adr,
        [0xa8 ... 0xaf] = &&add_sp_register,
        [0xb0] = &&add_sp_immediate,
        [0xb2] = &&extend,
        [0xb4 ... 0xb5] = &&push,
        [0xb6] = &&cpsi,
        [0xba] = &&reverse,
        [0xbc ... 0xbd] = &&pop,
        [0xbf] = &&hint,
        [0xc0 ... 0xc7] = &&stmia,
        [0xc8 ... 0xcf] = &&ldmia,
        [0xd0 ... 0xdd] = &&branch_if,
        [0xe0 ... 0xe7] = &&branch,
        [0xf0 ... 0xf7] = &&wide,
    };
    uint32_t here, next, op, extra, x, y;
    int cycles;

    DISPATCH;

not_in_flash:
    op = 0;
    if (is_sram(&memory, here, 2)) op = load16(memory.sram + (here - RAM_BEGINS));
    else if (is_rom(&memory, here)) op = load16(memory.rom + here);
    else LEAVE(OUTSIDE_MEMORY);
    goto *handlers[op >> 8];

    lsls: /* LSLS */
        x = r[RM];
        if (IMM5) c = BIT(x, 32 - IMM5);
        r[RD] = y = x << IMM5;
        SET_NZ(y);
        NEXT;
    lsrs: /* LSRS; 0 stands for 32 */
        r[RD] = y = shift_right(r[RM], IMM5 ? IMM5 : 32, &c);
        SET_NZ(y);
        NEXT;
    asrs: /* ASRS; 0 stands for 32 */
        r[RD] = y = shift_right_signed(r[RM], IMM5 ? IMM5 : 32, &c);
        SET_NZ(y);
        NEXT;
    adds_register:
        ADD_SET_FLAGS(r[RM], r[RK]); r[RD] = y; NEXT;
    subs_register:
        SUB_SET_FLAGS(r[RM], r[RK]); r[RD] = y; NEXT;
    adds_immediate3:
        ADD_SET_FLAGS(r[RM], RK); r[RD] = y; NEXT;
    subs_immediate3:
        SUB_SET_FLAGS(r[RM], RK); r[RD] = y; NEXT;
    movs:
        r[RE] = IMM8; SET_NZ(IMM8); NEXT;                     /* MOVS */
    cmp_immediate:
        SUB_SET_FLAGS(r[RE], IMM8); NEXT;                     /* CMP */
    adds_immediate8:
        ADD_SET_FLAGS(r[RE], IMM8); r[RE] = y; NEXT;
    subs_immediate8:
        SUB_SET_FLAGS(r[RE], IMM8); r[RE] = y; NEXT;
    data_processing:
        switch (op >> 6 & 15) {
        case 0x0: r[RD] = y = r[RD] & r[RM]; SET_NZ(y); break;                   /* ANDS */
        case 0x1: r[RD] = y = r[RD] ^ r[RM]; SET_NZ(y); break;                   /* EORS */
        case 0x2: r[RD] = y = shift_left(r[RD], r[RM] & 0xFF, &c); SET_NZ(y); break;
        case 0x3: r[RD] = y = shift_right(r[RD], r[RM] & 0xFF, &c); SET_NZ(y); break;
        case 0x4: r[RD] = y = shift_right_signed(r[RD], r[RM] & 0xFF, &c); SET_NZ(y); break;
        case 0x5: { /* ADCS */
            const uint64_t right = (uint64_t)r[RD] + c, sum = r[RM] + right;
            const int64_t signed_sum = (int64_t)(int32_t)r[RM] + (int32_t)(uint32_t)right;
            y = (uint32_t)sum;
            c = sum != y;
            v = (uint32_t)((int32_t)y != signed_sum) << 31;
            SET_NZ(y);
            r[RD] = y;
            break;
        }
        case 0x6: { /* SBCS */
            const uint64_t right = (uint64_t)r[RM] + (1 - c);
            x = r[RD];
            y = x - (uint32_t)right;
            c = x >= right;
            v = (x ^ (uint32_t)right) & (x ^ y);
            SET_NZ(y);
            r[RD] = y;
            break;
        }
        case 0x7: r[RD] = y = rotate_right(r[RD], r[RM] & 0xFF, &c); SET_NZ(y); break;
        case 0x8: SET_NZ(r[RD] & r[RM]); break;                                 /* TST */
        case 0x9: SUB_SET_FLAGS(0, r[RM]); r[RD] = y; break;                    /* RSBS */
        case 0xa: SUB_SET_FLAGS(r[RD], r[RM]); break;                           /* CMP */
        case 0xb: ADD_SET_FLAGS(r[RD], r[RM]); break;                           /* CMN */
        case 0xc: r[RD] = y = r[RD] | r[RM]; SET_NZ(y); break;                   /* ORRS */
        case 0xd: r[RD] = y = r[RD] * r[RM]; SET_NZ(y); break;                   /* MULS */
        case 0xe: r[RD] = y = r[RD] & ~r[RM]; SET_NZ(y); break;                  /* BICS */
        default: r[RD] = y = ~r[RM]; SET_NZ(y); break;                          /* MVNS */
        }
        NEXT;
    add_high: /* ADD of any two registers */
        y = (HIGH_RD == 15 ? next + 2 : r[HIGH_RD]) + (HIGH_RM == 15 ? next + 2 : r[HIGH_RM]);
        if (HIGH_RD == 15) { next = y & ~1u; cycles = 2; }
        else r[HIGH_RD] = HIGH_RD == 13 ? y & ~3u : y;
        NEXT;
    cmp_high: /* CMP of any two registers */
        if (HIGH_RM == 15 || HIGH_RD == 15) LEAVE(RARE_INSTRUCTION);
        SUB_SET_FLAGS(r[HIGH_RD], r[HIGH_RM]);
        NEXT;
    mov_high: /* MOV of any two registers */
        y = HIGH_RM == 15 ? next + 2 : r[HIGH_RM];
        if (HIGH_RD == 15) { next = y & ~1u; cycles = 2; }
        else r[HIGH_RD] = HIGH_RD == 13 ? y & ~3u : y;
        NEXT;
    branch_exchange: /* BX and BLX; the emulator writes LR before it reads the register */
        if (RD || HIGH_RM >= 14 + !(op & 0x80)) LEAVE(RARE_INSTRUCTION);
        x = r[HIGH_RM];
        if (op & 0x80) LR = next | 1;
        else if (x >> 28 == 0xF) LEAVE(EXCEPTION_RETURN);
        next = x & ~1u;
        cycles = 2;
        NEXT;
    ldr_literal:
        LOAD(r[RE], ((next + 2) & ~3u) + (IMM8 << 2), 4, load32); NEXT;
    str_register:
        STORE(r[RM] + r[RK], 4, store32, r[RD]); NEXT;
    strh_register:
        STORE(r[RM] + r[RK], 2, store16, r[RD]); NEXT;
    strb_register:
        STORE(r[RM] + r[RK], 1, store8, r[RD]); NEXT;
    ldrsb:
        LOAD(r[RD], r[RM] + r[RK], 1, load_signed8); NEXT;
    ldr_register:
        LOAD(r[RD], r[RM] + r[RK], 4, load32); NEXT;
    ldrh_register:
        LOAD(r[RD], r[RM] + r[RK], 2, load16); NEXT;
    ldrb_register:
        LOAD(r[RD], r[RM] + r[RK], 1, load8); NEXT;
    ldrsh:
        LOAD(r[RD], r[RM] + r[RK], 2, load_signed16); NEXT;
    str_immediate:
        STORE(r[RM] + (IMM5 << 2), 4, store32, r[RD]); NEXT;
    ldr_immediate:
        LOAD(r[RD], r[RM] + (IMM5 << 2), 4, load32); NEXT;
    strb_immediate:
        STORE(r[RM] + IMM5, 1, store8, r[RD]); NEXT;
    ldrb_immediate:
        LOAD(r[RD], r[RM] + IMM5, 1, load8); NEXT;
    strh_immediate:
        STORE(r[RM] + (IMM5 << 1), 2, store16, r[RD]); NEXT;
    ldrh_immediate:
        LOAD(r[RD], r[RM] + (IMM5 << 1), 2, load16); NEXT;
    str_sp:
        STORE(SP + (IMM8 << 2), 4, store32, r[RE]); NEXT;
    ldr_sp:
        LOAD(r[RE], SP + (IMM8 << 2), 4, load32); NEXT;
    adr:
        r[RE] = (here & ~3u) + 4 + (IMM8 << 2); NEXT;         /* ADR */
    add_sp_register:
        r[RE] = SP + (IMM8 << 2); NEXT;
    add_sp_immediate:
        y = (op & 0x7F) << 2;
        SP = (op & 0x80 ? SP - y : SP + y) & ~3u;
        NEXT;
    extend:
        x = r[RM];
        switch (op >> 6 & 3) {
        case 0: r[RD] = (uint32_t)(int32_t)(int16_t)x; break;
        case 1: r[RD] = (uint32_t)(int32_t)(int8_t)x; break;
        case 2: r[RD] = x & 0xFFFF; break;
        default: r[RD] = x & 0xFF; break;
        }
        NEXT;
    push: { /* PUSH */
        const uint32_t size = 4 * (count_listed(IMM8) + BIT(op, 8));
        x = SP - size;
        if (x & 3 || !is_sram(&memory, x, size)) LEAVE(RARE_ACCESS);
        uint8_t *p = memory.sram + (x - RAM_BEGINS);
        for (uint32_t list = IMM8; list; list &= list - 1, p += 4, cycles++) store32(p, r[__builtin_ctz(list)]);
        if (op & 0x100) store32(p, LR);
        SP = x;
        NEXT;
    }
    cpsi: /* CPSID i and CPSIE i */
        if (op == 0xb672) cpu->primask = 1;
        else if (op == 0xb662) cpu->primask = 0, cpu->unmasked = 1;
        else LEAVE(RARE_INSTRUCTION);
        goto priority_changed;
    reverse:
        x = r[RM];
        switch (op >> 6 & 3) {
        case 0: r[RD] = __builtin_bswap32(x); break;                           /* REV */
        case 1: r[RD] = reverse_halfwords(x); break;                           /* REV16 */
        case 3: r[RD] = (uint32_t)(int32_t)(int16_t)reverse_halfwords(x); break; /* REVSH */
        default: LEAVE(RARE_INSTRUCTION);
        }
        NEXT;
    pop: { /* POP */
        const uint32_t size = 4 * (count_listed(IMM8) + BIT(op, 8));
        x = SP;
        if (x & 3 || !is_sram(&memory, x, size)) LEAVE(RARE_ACCESS);
        const uint8_t *p = memory.sram + (x - RAM_BEGINS);
        if (op & 0x100) {
            y = load32(p + size - 4);
            if (y >> 28 == 0xF) LEAVE(EXCEPTION_RETURN);
            next = y & ~1u;
            cycles += 2;
        }
        for (uint32_t list = IMM8; list; list &= list - 1, p += 4, cycles++) r[__builtin_ctz(list)] = load32(p);
        SP = x + size;
        NEXT;
    }
    hint:
        if (op != 0xbf00) LEAVE(RARE_INSTRUCTION); NEXT;              /* NOP */
    stmia: { /* STMIA; pico-sdk saves the divider with it */
        const uint32_t size = 4 * count_listed(IMM8);
        x = r[RE];
        if (x & 3) LEAVE(RARE_ACCESS);
        if (is_sram(&memory, x, size)) {
            uint8_t *p = memory.sram + (x - RAM_BEGINS);
            for (uint32_t list = IMM8; list; list &= list - 1, p += 4) store32(p, r[__builtin_ctz(list)]);
        } else if (is_divider(x) && is_divider(x + size) && size) {
            uint32_t at = x;
            for (uint32_t list = IMM8; list; list &= list - 1, at += 4) sio_write(cpu->sio, at, r[__builtin_ctz(list)]);
        } else {
            LEAVE(RARE_ACCESS);
        }
        cycles += size / 4;
        if (!BIT(IMM8, RE)) r[RE] = x + size;
        NEXT;
    }
    ldmia: { /* LDMIA */
        const uint32_t size = 4 * count_listed(IMM8);
        x = r[RE];
        if (x & 3) LEAVE(RARE_ACCESS);
        if (is_divider(x) && is_divider(x + size) && size) {
            uint32_t at = x;
            for (uint32_t list = IMM8; list; list &= list - 1, at += 4) sio_read(cpu->sio, at, &r[__builtin_ctz(list)]);
        } else {
            const uint8_t *p = readable(&memory, x, 4);
            if (!p || !size || !readable(&memory, x + size - 4, 4) || x >> 24 != (x + size - 4) >> 24) LEAVE(RARE_ACCESS);
            for (uint32_t list = IMM8, at = x; list; list &= list - 1, p += 4, at += 4) {
                r[__builtin_ctz(list)] = load32(p);
                if (timed && is_any_flash(at)) extra += flash_read_cost(cpu, at);
            }
        }
        cycles += size / 4;
        if (!BIT(IMM8, RE)) r[RE] = x + size;
        NEXT;
    }
    branch_if:
        if (is_condition_met(op >> 8 & 15, n, z, c, v)) {
            next += 2 + (uint32_t)((int32_t)(int8_t)IMM8 * 2);
            cycles = 2;
        }
        NEXT;
    branch:
        next += 2 + (uint32_t)((int32_t)(op << 21) >> 20);
        cycles = 2;
        NEXT;
    wide: { /* two halfwords */
        uint32_t second;
        if (is_any_flash(here + 2)) {
            second = load16(memory.flash + ((here + 2) & FLASH_MASK));
            if (timed) extra += fetch_cost(cpu, here + 2);
        } else if (is_sram(&memory, here, 4)) {
            second = load16(memory.sram + (here + 2 - RAM_BEGINS));
        } else if (is_rom(&memory, here + 2)) {
            second = load16(memory.rom + here + 2);
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
        goto priority_changed;
    }    rare:
        LEAVE(RARE_INSTRUCTION);

priority_changed: /* perhaps, and if it has, an interrupt may come before the next instruction */
    RETIRE;
    if (!cpu->unmasked) DISPATCH;
    goto done;

left:
    cpu->opcode = op;
    cpu->owed = timed ? extra : 0;
done:
    r[15] = pc;
    cpu->n = n >> 31;
    cpu->z = z == 0;
    cpu->c = c;
    cpu->v = v >> 31;
    cpu->instructions += instructions;
    *used_cycles = used;
    return reason;
}

#undef RUN
#undef RUN_TIMED
#undef RUN_OBSERVED
