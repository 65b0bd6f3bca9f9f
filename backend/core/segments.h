/* Blocks of one family as disjoint intervals; private to core (struct block_set of table.h).
 *
 * The directory divides the space between the first and the last segment into equal parts, about
 * two a segment, and says with which segment each begins: a search looks at one part only. */
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

/* The segment that holds num. */
static inline uint32_t segments_find(const struct block_set *set, u128 num)
{
    uint32_t low = 0, high = set->segment_count;
    if (set->directory) {
        u128 part =
            num < set->directory_first ? 0 : (num - set->directory_first) >> set->directory_shift;
        uint32_t at = part < set->directory_count ? (uint32_t)part : set->directory_count - 1;
        low = num < set->directory_first ? 0 : set->directory[at];
        high = set->directory[at + 1] + 1;
    }
    while (high - low > 1) {
        uint32_t mid = low + (high - low) / 2;
        if (set->segments[mid].first <= num)
            low = mid;
        else
            high = mid;
    }
    return low;
}

#endif
