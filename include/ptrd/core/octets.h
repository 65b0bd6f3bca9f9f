/* Sixteen octets at a time, by the compiler's own vectors, on any processor. Names of ip6.arpa and
 * generated names are mostly digits at fixed places, and are read and written so in a few steps.
 * Pure. */
#ifndef PTRD_CORE_OCTETS_H
#define PTRD_CORE_OCTETS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A comparison gives 255 for true. */
typedef uint8_t octets __attribute__((vector_size(16)));

static inline octets octets_load(const void *from)
{
    octets x;
    memcpy(&x, from, sizeof x);
    return x;
}

static inline bool octets_zero(octets x)
{
    uint64_t halves[2];
    memcpy(halves, &x, sizeof halves);
    return (halves[0] | halves[1]) == 0;
}

/* Every second octet, from the first or from the second on. */
static const octets octets_even = {255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0};
static const octets octets_odd = {0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255};

/* Hexadecimal digits, lower case, of values below 16. */
static inline octets octets_hex(octets values)
{
    return values + '0' + ((octets)(values > 9) & ('a' - '0' - 10));
}

#endif
