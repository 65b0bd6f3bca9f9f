/* table_home for ascending addresses: the zones that hold reverse names, as intervals. Zone numbers
 * are indices of table->zones, TABLE_NONE: no zone. */
#ifndef PTRD_CHECK_REVERSE_H
#define PTRD_CHECK_REVERSE_H

#include "ptrd/core/table.h"

struct reverse_segment {
    u128 first;
    uint32_t zone;
};

struct reverse_set {
    struct reverse_segment *segments; /* segments[0].first is 0 */
    uint32_t count;
};

struct reverse_map {
    struct reverse_set v4, v6;
};

/* PTRD_ENOMEM; reverse_done frees it, also then. */
PTRD_CHECKED int reverse_build(const struct table *t, struct reverse_map *out) PTRD_NONNULL;
void reverse_done(struct reverse_map *map) PTRD_NONNULL;

static inline const struct reverse_set *reverse_of(const struct reverse_map *map,
                                                   enum family family)
{
    return family == FAMILY_IPV4 ? &map->v4 : &map->v6;
}

/* The zone of an address. *at: where the last search of this family ended (start with 0); addresses
 * must ascend. */
uint32_t reverse_next(const struct reverse_set *set, u128 num, uint32_t *at) PTRD_NONNULL;

#endif
