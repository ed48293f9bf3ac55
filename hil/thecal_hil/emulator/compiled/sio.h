/* The divider and the spinlocks of SIO: the only copy there is.
 *
 * The emulator's own SIO reads and writes these very fields (see `shared_sio.py`), so it does not matter which of the
 * two carries an instruction out, and a reset of SIO is one for both. The divider works a result out when it is asked
 * for, as `fixes.QuickDivider` does.
 */
#ifndef THECAL_SIO_H
#define THECAL_SIO_H

#include "memory.h"

#define SIO_BEGINS 0xD0000000u
enum sio_register {
    SIO_CPUID = 0x000,
    SIO_DIV_UDIVIDEND = 0x060,
    SIO_DIV_UDIVISOR = 0x064,
    SIO_DIV_SDIVIDEND = 0x068,
    SIO_DIV_SDIVISOR = 0x06c,
    SIO_DIV_QUOTIENT = 0x070,
    SIO_DIV_REMAINDER = 0x074,
    SIO_DIV_CSR = 0x078,
    SIO_SPINLOCK0 = 0x100,
    SIO_SPINLOCK31 = 0x17c,
};
#define DIVIDER_READY 1u
#define DIVIDER_DIRTY 2u

static inline void divide(Sio *sio) {
    uint32_t a = sio->dividend, b = sio->divisor, quotient, remainder;
    int is_negative = 0, is_quotient_negative = 0;
    sio->is_stale = 0;
    if (sio->is_signed) {
        is_negative = a >> 31;
        is_quotient_negative = is_negative != (int)(b >> 31);
        a = a >> 31 ? 0u - a : a;
        b = b >> 31 ? 0u - b : b;
    }
    if (b) {
        quotient = a / b;
        remainder = a % b;
    } else {
        quotient = sio->is_signed ? 1 : 0xFFFFFFFFu;
        remainder = a;
        is_quotient_negative = sio->is_signed && !is_negative;
    }
    sio->quotient = is_quotient_negative ? 0u - quotient : quotient;
    sio->remainder = is_negative ? 0u - remainder : remainder;
}

static inline int is_divider(uint32_t address) {
    return address - (SIO_BEGINS + SIO_DIV_UDIVIDEND) <= SIO_DIV_CSR - SIO_DIV_UDIVIDEND;
}

static inline int is_spinlock(uint32_t address) {
    return address - (SIO_BEGINS + SIO_SPINLOCK0) <= SIO_SPINLOCK31 - SIO_SPINLOCK0;
}

/* Both return 0 for a register that is left to the emulator; `address` is aligned. */
static inline int sio_read(Sio *sio, uint32_t address, uint32_t *value) {
    if (is_divider(address)) {
        switch (address - SIO_BEGINS) {
        case SIO_DIV_UDIVIDEND: case SIO_DIV_SDIVIDEND: *value = sio->dividend; return 1;
        case SIO_DIV_UDIVISOR: case SIO_DIV_SDIVISOR: *value = sio->divisor; return 1;
        case SIO_DIV_CSR: *value = sio->divider_csr; return 1;
        }
        if (sio->is_stale) divide(sio);
        if (address - SIO_BEGINS == SIO_DIV_REMAINDER) {
            *value = sio->remainder;
        } else {
            sio->divider_csr = DIVIDER_READY;
            *value = sio->quotient;
        }
        return 1;
    }
    if (is_spinlock(address)) {
        uint32_t lock = 1u << ((address - (SIO_BEGINS + SIO_SPINLOCK0)) >> 2);
        *value = sio->spinlocks & lock ? 0 : lock;
        sio->spinlocks |= lock;
        return 1;
    }
    if (address == SIO_BEGINS + SIO_CPUID) {
        *value = 0;
        return 1;
    }
    return 0;
}

static inline int sio_write(Sio *sio, uint32_t address, uint32_t value) {
    uint32_t offset = address - SIO_BEGINS;
    if (is_divider(address)) {
        switch (offset) {
        case SIO_DIV_UDIVIDEND: case SIO_DIV_SDIVIDEND: sio->dividend = value; break;
        case SIO_DIV_UDIVISOR: case SIO_DIV_SDIVISOR: sio->divisor = value; break;
        /* A result put back, after an interrupt that divided too; the other one is put back as well. */
        case SIO_DIV_QUOTIENT: sio->quotient = value; sio->is_stale = 0; sio->divider_csr = DIVIDER_READY | DIVIDER_DIRTY; return 1;
        case SIO_DIV_REMAINDER: sio->remainder = value; sio->is_stale = 0; sio->divider_csr = DIVIDER_READY | DIVIDER_DIRTY; return 1;
        default: return 0;
        }
        sio->is_signed = offset == SIO_DIV_SDIVIDEND || offset == SIO_DIV_SDIVISOR;
        sio->is_stale = 1;
        sio->divider_csr = DIVIDER_READY | DIVIDER_DIRTY;
        return 1;
    }
    if (is_spinlock(address)) {
        sio->spinlocks &= ~(1u << ((address - (SIO_BEGINS + SIO_SPINLOCK0)) >> 2));
        return 1;
    }
    return 0;
}

#endif
