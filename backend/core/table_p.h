/* Building of struct table; private to core (table.c, place.c, classless.c, delegated.c,
 * has_block.c).
 *
 * table_finish calls, in this order, zones_finish, classless_finish, cuts_finish, delegated_finish,
 * segments_build, forward_index_new and has_block_finish: each uses what the ones before it made.
 */
#ifndef PTRD_CORE_TABLE_P_H
#define PTRD_CORE_TABLE_P_H

#include "ptrd/core/table.h"

/* FNV-1a, of templates and of names. */
#define TABLE_HASH_START 0xcbf29ce484222325u
#define TABLE_HASH_PRIME 0x100000001b3u

/* A prefix delegated by the CNAMEs of RFC 2317. */
struct delegated {
    struct prefix prefix;
    struct name child;
};

struct table_builder {
    struct table *table;
    uint32_t zone_capacity, cut_capacity, template_capacity;
    uint32_t capacity_v4, capacity_v6;
    uint32_t *template_hash; /* template index + 1, open addressing */
    uint32_t template_hash_size;
    struct delegated *delegated;
    uint32_t delegated_count, delegated_capacity;
};

/* Makes room for one more element of an array. PTRD_ENOMEM, PTRD_ELIMIT. */
PTRD_CHECKED int table_grow(void *array, uint32_t count, uint32_t *capacity,
                            size_t size) PTRD_NONNULL;

/* Zones sorted and indexed, with their parents; the index has room for the cuts. PTRD_ECONFLICT:
 * two of one name. */
PTRD_CHECKED int zones_finish(struct table *t, uint32_t conflict[2], struct diag *diag)
    PTRD_NONNULL_ARGS(1, 2);

/* Cuts sorted, their flags united, those that are none left out, indexed. PTRD_ENOMEM. */
PTRD_CHECKED int cuts_finish(struct table *t) PTRD_NONNULL;

/* Orders the classless zones. PTRD_ECONFLICT: two prefixes overlap. */
PTRD_CHECKED int classless_finish(struct table *t, uint32_t conflict[2], struct diag *diag)
    PTRD_NONNULL_ARGS(1, 2);

/* IPv4 and longer than /24. */
static inline bool prefix_is_classless(const struct prefix *p)
{
    return p->family == FAMILY_IPV4 && p->len > 24 && p->len <= 32;
}

/* Fills delegated_v4 and delegated_v6. PTRD_ENOMEM. */
PTRD_CHECKED int delegated_finish(struct table *t, const struct delegated *delegated,
                                  uint32_t count) PTRD_NONNULL_ARGS(1);

/* Sets has_block of the zones; the last step, with everything else in place. PTRD_ENOMEM. */
PTRD_CHECKED int has_block_finish(struct table *t) PTRD_NONNULL;

#endif
