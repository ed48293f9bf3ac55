/* The flash cache of the RP2040, as a number of cycles that the processor waits.
 *
 * Flash is a chip of its own, read through a serial interface, with a cache before it. The emulated flash is read at
 * once; this says how long the real processor would have waited. Only the time is modelled: contents come from the
 * emulated flash, which always holds what a flushed cache would read.
 *
 * Promises: every access to the window of the flash (0x10000000 to 0x13ffffff) gives 0 cycles if it hits and
 * `miss_cycles` if it does not; the same accesses after the same `xip_cache_init` give the same answers.
 *
 * RP2040 datasheet, 2.6.3.1 (geometry, the four mirrors, CTRL.EN) and 2.6.3.2 (flush). The datasheet does not say
 * which way is replaced. A designer of the chip has said that each half of a line has a valid bit of its own and is
 * filled by itself (raspberrypi/pico-feedback issue 307): `fills_half_lines`.
 */
#ifndef THECAL_XIP_CACHE_H
#define THECAL_XIP_CACHE_H

#include <stdint.h>
#include <string.h>

enum {
    XIP_SETS = 1024, /* 16 kB / 8 bytes a line / 2 ways */
    XIP_WAYS = 2,
    XIP_LINE_SHIFT = 3,
    XIP_HALF_SHIFT = 2,
    XIP_BOTH_HALVES = 3,
};

#define XIP_OFFSET_MASK 0x00ffffffu

/* Bits of an address above the 16 MB window that tell its mirrors apart. */
#define XIP_DOES_NOT_ALLOCATE 0x01000000u
#define XIP_DOES_NOT_LOOK 0x02000000u
#define XIP_OTHER_MIRRORS (XIP_DOES_NOT_ALLOCATE | XIP_DOES_NOT_LOOK)

typedef struct {
    /* Where the last instruction was fetched from, as far as it is sure to hit: spares most look-ups. */
    uint32_t fetched_at, fetched_bytes;
    uint32_t miss_cycles;
    uint32_t is_enabled; /* CTRL.EN; without it every access goes to the flash */
    uint32_t fills_half_lines;
    uint32_t replaces_at_random;
    uint32_t random_state;
    uint64_t misses;
    /* Number of the line in bits 2 and up, valid halves in bits 0 and 1; 0 is an empty way. The line used last comes
     * first, unless chance decides: then each keeps its way. */
    uint32_t ways[XIP_SETS][XIP_WAYS];
} XipCache;

static inline void xip_cache_flush(XipCache *cache)
{
    memset(cache->ways, 0, sizeof cache->ways);
    cache->fetched_bytes = 0;
}

/* An empty, enabled cache. `seed` is of the random replacement. */
static inline void xip_cache_init(XipCache *cache, uint32_t miss_cycles, int fills_half_lines,
                                  int replaces_at_random, uint32_t seed)
{
    cache->fetched_at = 0;
    cache->miss_cycles = miss_cycles;
    cache->is_enabled = 1;
    cache->fills_half_lines = fills_half_lines != 0;
    cache->replaces_at_random = replaces_at_random != 0;
    cache->random_state = seed * 2654435761u | 1u; /* xorshift must not begin at 0 */
    cache->misses = 0;
    xip_cache_flush(cache);
}

static inline void xip_cache_enable(XipCache *cache, int is_enabled)
{
    cache->is_enabled = is_enabled != 0;
    cache->fetched_bytes = 0;
}

static inline uint32_t xip_random_way(XipCache *cache)
{
    uint32_t x = cache->random_state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    cache->random_state = x;
    return x >> 31;
}

static inline void xip_use_way(XipCache *cache, uint32_t *ways, uint32_t way)
{
    if (way && !cache->replaces_at_random) {
        uint32_t used = ways[1];
        ways[1] = ways[0];
        ways[0] = used;
    }
}

static inline uint32_t xip_way_to_replace(XipCache *cache, const uint32_t *ways)
{
    if (!ways[0])
        return 0;
    if (!ways[1] || !cache->replaces_at_random)
        return 1;
    return xip_random_way(cache);
}

/* An access that does not hit. Rare, so kept out of the way of those that do. */
static __attribute__((noinline)) uint32_t xip_miss(XipCache *cache, uint32_t address, uint32_t *ways, uint32_t line,
                                                  uint32_t half)
{
    uint32_t way;

    cache->misses++;
    if (!cache->is_enabled || address & XIP_DOES_NOT_ALLOCATE)
        return cache->miss_cycles;
    for (way = 0; way < XIP_WAYS; way++)
        if (ways[way] && (ways[way] ^ line) <= XIP_BOTH_HALVES)
            break;
    if (way == XIP_WAYS) {
        way = xip_way_to_replace(cache, ways);
        ways[way] = line;
    }
    ways[way] |= cache->fills_half_lines ? half : XIP_BOTH_HALVES;
    xip_use_way(cache, ways, way);
    return cache->miss_cycles;
}

/* Cycles that an access waits. */
static __attribute__((noinline)) uint32_t xip_access(XipCache *cache, uint32_t address)
{
    uint32_t offset = address & XIP_OFFSET_MASK;
    uint32_t *ways = cache->ways[(offset >> XIP_LINE_SHIFT) & (XIP_SETS - 1)];
    uint32_t line = (offset >> XIP_LINE_SHIFT) << 2;
    uint32_t half = 1u << ((offset >> XIP_HALF_SHIFT) & 1);
    uint32_t all_but_the_other_half = ~(XIP_BOTH_HALVES ^ half);

    if (cache->is_enabled && !(address & XIP_DOES_NOT_LOOK)) {
        if ((ways[0] & all_but_the_other_half) == (line | half))
            return 0;
        if ((ways[1] & all_but_the_other_half) == (line | half)) {
            xip_use_way(cache, ways, 1);
            return 0;
        }
    }
    return xip_miss(cache, address, ways, line, half);
}

static __attribute__((noinline)) uint32_t xip_fetch_elsewhere(XipCache *cache, uint32_t address)
{
    uint32_t bytes = cache->fills_half_lines ? 1u << XIP_HALF_SHIFT : 1u << XIP_LINE_SHIFT;

    cache->fetched_at = address & ~(bytes - 1);
    cache->fetched_bytes = cache->is_enabled && !(address & XIP_OTHER_MIRRORS) ? bytes : 0;
    return xip_access(cache, address);
}

/* Cycles that fetching a halfword of an instruction waits. */
static inline uint32_t xip_fetch(XipCache *cache, uint32_t address)
{
    if (address - cache->fetched_at < cache->fetched_bytes)
        return 0;
    return xip_fetch_elsewhere(cache, address);
}

/* Cycles that reading up to a word, aligned to its size, waits. */
static inline uint32_t xip_read(XipCache *cache, uint32_t address)
{
    /* A read of the same set can evict the line fetched from, or take its place as the line used last. */
    if (((cache->fetched_at ^ address) >> XIP_LINE_SHIFT & (XIP_SETS - 1)) == 0)
        cache->fetched_bytes = 0;
    return xip_access(cache, address);
}

#endif
