/* Prefixes and ranges of addresses.
 *
 * A range is a closed interval first..last of one family; a prefix is a range that is a power of
 * two and aligned. Any range is the disjoint union of at most 2 x bits - 2 prefixes ("pieces").
 * Reverse zones of a prefix: RFC 1034/3596 names on octet or nibble boundaries; off-boundary
 * prefixes become the zones of the next boundary. Pure and re-entrant. */
#ifndef PTRD_CORE_RANGE_H
#define PTRD_CORE_RANGE_H

#include "ptrd/core/addr.h"

#define RANGE_TEXT_SIZE (2 * ADDR_TEXT_SIZE + 4)

struct prefix {
    u128 num; /* host bits are 0 */
    enum family family;
    uint8_t len;
};

struct range {
    u128 first, last;
    enum family family;
};

/* "ADDRESS/LEN". PTRD_EINVAL with a diag message on anything else, host bits set included (the
 * message names the prefix that was probably meant). diag may be NULL. */
PTRD_CHECKED int prefix_parse(const char *text, size_t len, struct prefix *out, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 3);

/* "FIRST-LAST" (spaces around the hyphen allowed), same family, first <= last. */
PTRD_CHECKED int range_parse(const char *text, size_t len, struct range *out, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 3);

size_t prefix_print(const struct prefix *prefix, char out[RANGE_TEXT_SIZE]) PTRD_NONNULL;

/* As a prefix where it is one, else "FIRST-LAST". */
size_t range_print(const struct range *range, char out[RANGE_TEXT_SIZE]) PTRD_NONNULL;

struct range range_of_prefix(const struct prefix *prefix) PTRD_NONNULL;

/* True when the range is exactly one prefix; its length goes to *len. */
bool range_prefix_len(const struct range *range, uint8_t *len) PTRD_NONNULL;

/* Cuts the largest prefix off the front of the range: the piece goes to *piece and range->first
 * moves behind it. Returns false (piece untouched) when the range was used up: it is then marked
 * by first > last or, at the top of the space, by *done. Start with *done = false. */
bool range_next_piece(struct range *range, bool *done, struct prefix *piece) PTRD_NONNULL;

/* The least x of from..max with (x & mask) == (value & mask): PTRD_FOUND, or PTRD_ABSENT when there
 * is none. */
PTRD_CHECKED int range_next_match(u128 from, u128 mask, u128 value, u128 max,
                                  u128 *out) PTRD_NONNULL;

static inline bool range_contains(const struct range *r, const struct addr *a)
{
    return r->family == a->family && a->num >= r->first && a->num <= r->last;
}

#endif
