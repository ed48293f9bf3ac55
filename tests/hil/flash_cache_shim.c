/* Lets a test call the functions of the header, which are all inline. */
#include "xip_cache.h"

static XipCache cache;

void init(uint32_t miss_cycles, int fills_half_lines, int replaces_at_random, uint32_t seed)
{
    xip_cache_init(&cache, miss_cycles, fills_half_lines, replaces_at_random, seed);
}

void flush(void) { xip_cache_flush(&cache); }
void enable(int is_enabled) { xip_cache_enable(&cache, is_enabled); }
uint32_t fetch(uint32_t address) { return xip_fetch(&cache, address); }
uint32_t read_word(uint32_t address) { return xip_read(&cache, address); }
uint64_t misses(void) { return cache.misses; }
