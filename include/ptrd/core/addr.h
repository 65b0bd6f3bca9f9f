/* An IPv4 or IPv6 address as a number.
 *
 * The number counts the address space from 0 (0.0.0.0, ::); an IPv4 number is below 2^32. Two
 * families never share a value of struct addr. Text is RFC 4291 / RFC 5952; parsing is strict:
 * no leading zeros in IPv4 octets, no zone index. Everything here is pure and re-entrant. */
#ifndef PTRD_CORE_ADDR_H
#define PTRD_CORE_ADDR_H

#include "ptrd/core/error.h"

enum family { FAMILY_IPV4 = 4, FAMILY_IPV6 = 6 };

#define ADDR_TEXT_SIZE 46 /* longest text of inet_ntop, with its NUL (INET6_ADDRSTRLEN) */

struct addr {
    u128 num;
    enum family family;
};

/* 32 or 128. */
static inline unsigned family_bits(enum family family)
{
    return family == FAMILY_IPV4 ? 32 : 128;
}

/* The greatest number of the family. */
static inline u128 family_max(enum family family)
{
    return family == FAMILY_IPV4 ? (u128)0xffffffffu : ~(u128)0;
}

/* Mask of the low n bits, n 0..128. */
static inline u128 low_bits(unsigned n)
{
    return n >= 128 ? ~(u128)0 : (((u128)1 << n) - 1);
}

/* Parses exactly len bytes of text. PTRD_EINVAL if they are not one address. */
PTRD_CHECKED int addr_parse(const char *text, size_t len, struct addr *out) PTRD_NONNULL;

/* Canonical text (RFC 5952; never the mixed dotted form), NUL-terminated. Returns its length. */
size_t addr_print(const struct addr *addr, char out[ADDR_TEXT_SIZE]) PTRD_NONNULL;

/* <0, 0, >0: IPv4 before IPv6, then by number. */
int addr_compare(const struct addr *a, const struct addr *b) PTRD_NONNULL;

/* Puts them into that order, each once. Returns how many are left. addrs may be NULL with count 0.
 */
size_t addr_sort(struct addr *addrs, size_t count);

/* One of them in such an order, or NULL. */
const struct addr *addr_find(const struct addr *addrs, size_t count, const struct addr *addr)
    PTRD_NONNULL_ARGS(3);

#endif
