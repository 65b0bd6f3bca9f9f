/* Blocks of one family as disjoint intervals; private to core (struct block_set of table.h).
 *
 * The tree. A level of it has one bound for each eight of the level below, the lowest one for each
 * eight segments: the last address before the first of them. Eight bounds are a node: two cache
 * lines, all compared, without a branch. So a search takes the same steps wherever blocks lie:
 * close together in a few allocations far apart, or scattered. Equal parts of the space instead of
 * equal numbers of segments would take fewer comparisons, but not less time, and have to be divided
 * again where blocks are crowded. */
#ifndef PTRD_CORE_SEGMENTS_H
#define PTRD_CORE_SEGMENTS_H

#include "ptrd/core/table.h"

/* Sorts and nests set->blocks and fills the rest; the addresses of masked (sorted, disjoint) are
 * given to no block. PTRD_ECONFLICT: equal or crossing intervals, their refs in conflict.
 * PTRD_ENOMEM. */
PTRD_CHECKED int segments_build(struct block_set *set, enum family family,
                                const struct range *masked, uint32_t masked_count,
                                uint32_t conflict[2], struct diag *diag) PTRD_NONNULL_ARGS(1, 5);
void segments_free(struct block_set *set) PTRD_NONNULL;

#define SEGMENTS_NODE 8

/* The child of a node that leads to num: how many of its bounds lie before num, the first (which
 * does) not looked at. */
static inline uint32_t segments_child(const u128 *node, u128 num)
{
    return (uint32_t)((node[1] < num) + (node[2] < num) + (node[3] < num) + (node[4] < num) +
                      (node[5] < num) + (node[6] < num) + (node[7] < num));
}

/* The segment that holds num. */
static inline uint32_t segments_find(const struct block_set *set, u128 num)
{
    uint32_t at = 0; /* the node, counted within its level */
    for (unsigned i = set->level_count; i-- > 0;) {
        const u128 *node = set->bounds + set->levels[i] + at * SEGMENTS_NODE;
        at = at * SEGMENTS_NODE + segments_child(node, num);
    }
    uint32_t first = at * SEGMENTS_NODE, rest = set->segment_count - first, found = first;
    for (uint32_t i = 1; i < SEGMENTS_NODE && i < rest; i++)
        found += set->segments[first + i].first <= num;
    return found;
}

#endif
