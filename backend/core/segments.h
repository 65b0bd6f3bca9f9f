/* Blocks of one family as disjoint intervals; private to core (struct block_set of table.h).
 *
 * A directory divides the space between two segments into equal parts, about two a segment, and
 * says with which segment each begins: a search looks at one part only. A part with many segments
 * has a directory of its own, since blocks lie close together within a few wide allocations. */
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

#define SEGMENTS_DIRECTORY 0x80000000u /* of a part: the rest is the number of its directory */

/* The last segment that begins at or before the start of a part. */
static inline uint32_t segments_part(const struct block_set *set, uint32_t part)
{
    return part & SEGMENTS_DIRECTORY ? set->directories[part & ~SEGMENTS_DIRECTORY].segment : part;
}

/* The segment that holds num. */
static inline uint32_t segments_find(const struct block_set *set, u128 num)
{
    uint32_t low = 0, high = set->segment_count, next = SEGMENTS_DIRECTORY;
    while (set->directories && next & SEGMENTS_DIRECTORY) {
        const struct directory *d = &set->directories[next & ~SEGMENTS_DIRECTORY];
        if (num < d->first)
            return d->segment;
        u128 at = (num - d->first) >> d->shift;
        const uint32_t *part = &set->parts[d->part + (at < d->count ? (uint32_t)at : d->count - 1)];
        low = next = part[0];
        high = segments_part(set, part[1]) + 1;
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
