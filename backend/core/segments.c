#include "segments.h"

#include <stdlib.h>

static int by_range(const void *a, const void *b)
{
    const struct range *x = &((const struct block *)a)->range;
    const struct range *y = &((const struct block *)b)->range;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->last > y->last ? -1 : x->last < y->last;
}

/* Segments under construction; a segment of no length is replaced by the next one. */
static void put_segment(struct block_set *set, u128 first, uint32_t block)
{
    struct segment *last = set->segment_count ? &set->segments[set->segment_count - 1] : NULL;
    if (last && last->first == first)
        last->block = block;
    else
        set->segments[set->segment_count++] = (struct segment){.first = first, .block = block};
}

/* Leaves the innermost open block: what follows belongs to its parent. */
static uint32_t leave(struct block_set *set, uint32_t open, u128 max)
{
    const struct block *b = &set->blocks[open];
    if (b->range.last < max)
        put_segment(set, b->range.last + 1, b->parent);
    return b->parent;
}

static int nest(struct block_set *set, enum family family, uint32_t conflict[2], struct diag *diag)
{
    u128 max = family_max(family);
    uint32_t open = TABLE_NONE;
    set->segments = malloc((2 * (size_t)set->count + 1) * sizeof *set->segments);
    if (!set->segments)
        return diag_set(diag, PTRD_ENOMEM, "out of memory");
    put_segment(set, 0, TABLE_NONE);
    for (uint32_t i = 0; i < set->count; i++) {
        struct block *b = &set->blocks[i];
        while (open != TABLE_NONE && set->blocks[open].range.last < b->range.first)
            open = leave(set, open, max);
        const struct block *above = open == TABLE_NONE ? NULL : &set->blocks[open];
        if (above && (b->range.last > above->range.last || (b->range.first == above->range.first &&
                                                            b->range.last == above->range.last))) {
            char one[RANGE_TEXT_SIZE], two[RANGE_TEXT_SIZE];
            range_print(&above->range, one);
            range_print(&b->range, two);
            conflict[0] = above->ref;
            conflict[1] = b->ref;
            bool crosses = b->range.last > above->range.last;
            return diag_set(diag, PTRD_ECONFLICT, "block %s %s block %s%s", two,
                            crosses ? "crosses" : "is the same as", one,
                            crosses ? ": one must lie within the other" : ": write it once");
        }
        b->parent = open;
        put_segment(set, b->range.first, i);
        open = i;
    }
    while (open != TABLE_NONE)
        open = leave(set, open, max);
    return 0;
}

/* Without a border between addresses of no block. */
static void put_joined(struct block_set *set, u128 first, uint32_t block)
{
    uint32_t count = set->segment_count;
    if (block != TABLE_NONE || count == 0 || set->segments[count - 1].block != TABLE_NONE)
        put_segment(set, first, block);
}

/* Appends what `from` says of the addresses first..last; *at: one of its segments, at or before
 * that of first, and then that of last. */
static void copy_segments(const struct block_set *from, uint32_t *at, u128 first, u128 last,
                          struct block_set *to)
{
    for (;; ++*at) {
        const struct segment *s = &from->segments[*at];
        bool more = *at + 1 < from->segment_count && s[1].first <= last;
        if (!more || s[1].first > first)
            put_joined(to, s->first > first ? s->first : first, s->block);
        if (!more)
            return;
    }
}

/* No block has the addresses of these ranges (sorted, disjoint; one at least). */
static int mask(struct block_set *set, enum family family, const struct range *masked,
                uint32_t count)
{
    struct block_set out = {.blocks = set->blocks};
    uint32_t at = 0;
    u128 first = 0;
    out.segments = malloc((set->segment_count + 2 * (size_t)count) * sizeof *out.segments);
    if (!out.segments)
        return PTRD_ENOMEM;
    for (uint32_t i = 0; i < count; i++) {
        if (masked[i].first > first)
            copy_segments(set, &at, first, masked[i].first - 1, &out);
        put_joined(&out, masked[i].first, TABLE_NONE);
        first = masked[i].last + 1;
    }
    if (masked[count - 1].last < family_max(family))
        copy_segments(set, &at, first, family_max(family), &out);
    free(set->segments);
    set->segments = out.segments;
    set->segment_count = out.segment_count;
    return 0;
}

static void mark_generating(struct block_set *set)
{
    uint32_t generating = set->segment_count;
    for (uint32_t i = set->segment_count; i > 0; i--) {
        uint32_t block = set->segments[i - 1].block;
        if (block != TABLE_NONE && set->blocks[block].template)
            generating = i - 1;
        set->segments[i - 1].generating = generating;
    }
}

/* --- directories ------------------------------------------------------------------------------ */

enum {
    FEW = 8,         /* segments: a search is as fast */
    PARTS_LIMIT = 16 /* for each segment, in all directories: what is crowded beyond is searched */
};

/* Of so many octets as an array grows to by doubling when `more` are put behind `count`. */
static int grow(void **array, size_t size, uint32_t count, uint32_t more)
{
    size_t room = 1, wanted = (size_t)count + more;
    while (room < count)
        room *= 2;
    if (count && room >= wanted)
        return 0;
    while (room < wanted)
        room *= 2;
    void *grown = realloc(*array, room * size);
    if (!grown)
        return PTRD_ENOMEM;
    *array = grown;
    return 0;
}

/* A directory for the segments behind `segment` up to `last`, without its parts. */
static int add_directory(struct block_set *set, uint32_t segment, uint32_t last)
{
    int err = grow((void **)&set->directories, sizeof *set->directories, set->directory_count, 1);
    if (err < 0)
        return err;
    struct directory *d = &set->directories[set->directory_count++];
    *d = (struct directory){
        .first = set->segments[segment + 1].first, .segment = segment, .last = last, .count = 1};
    while (d->count < (last - segment) * 2)
        d->count *= 2;
    while ((set->segments[last].first - d->first) >> d->shift >= d->count)
        d->shift++;
    return 0;
}

static int fill_directory(struct block_set *set, struct directory *d)
{
    int err = grow((void **)&set->parts, sizeof *set->parts, set->part_count, d->count + 1);
    if (err < 0)
        return err;
    d->part = set->part_count;
    set->part_count += d->count + 1;
    uint32_t segment = d->segment + 1;
    for (uint32_t i = 0; i < d->count; i++) {
        while (segment < d->last && set->segments[segment + 1].first - d->first <= (u128)i
                                                                                       << d->shift)
            segment++;
        set->parts[d->part + i] = segment;
    }
    set->parts[d->part + d->count] = d->last;
    return 0;
}

/* Gives crowded parts a directory. */
static int divide_further(struct block_set *set, uint32_t directory)
{
    uint32_t part = set->directories[directory].part, count = set->directories[directory].count;
    for (uint32_t i = part; i < part + count; i++) {
        uint32_t segment = set->parts[i], last = set->parts[i + 1];
        if (last - segment < FEW || set->part_count / PARTS_LIMIT >= set->segment_count)
            continue;
        int err = add_directory(set, segment, last);
        if (err < 0)
            return err;
        set->parts[i] = SEGMENTS_DIRECTORY | (set->directory_count - 1);
    }
    return 0;
}

static int build_directories(struct block_set *set)
{
    if (set->segment_count < FEW)
        return 0;
    int err = add_directory(set, 0, set->segment_count - 1);
    for (uint32_t i = 0; err == 0 && i < set->directory_count; i++) {
        err = fill_directory(set, &set->directories[i]);
        if (err == 0)
            err = divide_further(set, i);
    }
    return err;
}

int segments_build(struct block_set *set, enum family family, const struct range *masked,
                   uint32_t masked_count, uint32_t conflict[2], struct diag *diag)
{
    if (set->count)
        qsort(set->blocks, set->count, sizeof *set->blocks, by_range);
    int err = nest(set, family, conflict, diag);
    if (err < 0)
        return err;
    if (masked_count && set->segment_count > 1)
        err = mask(set, family, masked, masked_count);
    mark_generating(set);
    if (err == 0)
        err = build_directories(set);
    return err < 0 ? diag_set(diag, PTRD_ENOMEM, "out of memory") : 0;
}

void segments_free(struct block_set *set)
{
    free(set->blocks);
    free(set->segments);
    free(set->directories);
    free(set->parts);
}
