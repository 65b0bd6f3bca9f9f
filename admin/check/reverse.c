#include "ptrd/check/reverse.h"
#include "ptrd/core/arpa.h"

#include <stdlib.h>

struct interval {
    struct range range;
    uint32_t zone;
    bool classless;
};

static int interval_compare(const void *a, const void *b)
{
    const struct interval *x = a, *y = b;
    if (x->range.first != y->range.first)
        return x->range.first < y->range.first ? -1 : 1;
    /* enclosing before enclosed; of equals the RFC 2317 zone, which is the home */
    if (x->range.last != y->range.last)
        return x->range.last > y->range.last ? -1 : 1;
    return y->classless - x->classless;
}

static bool holds_reverse_names(const struct arpa *arpa, enum family family)
{
    return (arpa->kind == ARPA_PARTIAL || arpa->kind == ARPA_FULL) && arpa->prefix.family == family;
}

/* Zones that can be homes: those whose names hold full reverse names of this family, and RFC 2317
 * zones with their prefixes. Where the apex of one of the latter is an arpa name as well, the names
 * below it are nobody's. At most two a zone. */
static uint32_t intervals_collect(const struct table *t, enum family family,
                                  struct interval *intervals)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->zone_count; i++) {
        const struct zone *z = &t->zones[i];
        struct arpa arpa;
        arpa_parse(&z->apex, &arpa);
        if (holds_reverse_names(&arpa, family))
            intervals[count++] = (struct interval){.range = range_of_prefix(&arpa.prefix),
                                                   .zone = z->classless ? TABLE_NONE : i};
        if (z->classless && family == FAMILY_IPV4)
            intervals[count++] = (struct interval){
                .range = range_of_prefix(&z->prefix), .zone = i, .classless = true};
    }
    qsort(intervals, count, sizeof *intervals, interval_compare);
    return count;
}

static void segment_put(struct reverse_set *set, u128 first, uint32_t zone)
{
    if (set->count > 0 && set->segments[set->count - 1].first == first)
        set->count--;
    set->segments[set->count++] = (struct reverse_segment){.first = first, .zone = zone};
}

/* Prefixes nest or are disjoint: a stack of the open ones gives the most specific. */
static void intervals_flatten(const struct interval *intervals, uint32_t count, u128 max,
                              uint32_t *stack, struct reverse_set *set)
{
    uint32_t depth = 0;
    segment_put(set, 0, TABLE_NONE);
    for (uint32_t i = 0; i <= count; i++) {
        while (depth > 0 &&
               (i == count || intervals[stack[depth - 1]].range.last < intervals[i].range.first)) {
            u128 last = intervals[stack[--depth]].range.last;
            if (last != max)
                segment_put(set, last + 1, depth ? intervals[stack[depth - 1]].zone : TABLE_NONE);
        }
        /* what lies inside an RFC 2317 prefix has its home there all the same */
        if (i < count && !(depth > 0 && intervals[stack[depth - 1]].classless)) {
            stack[depth++] = i;
            segment_put(set, intervals[i].range.first, intervals[i].zone);
        }
    }
}

static int set_build(const struct table *t, enum family family, struct reverse_set *set)
{
    size_t most = 2 * (size_t)t->zone_count + 1;
    struct interval *intervals = calloc(most, sizeof *intervals);
    uint32_t *stack = calloc(most, sizeof *stack);
    set->segments = calloc(2 * most, sizeof *set->segments);
    set->count = 0;
    int err = intervals && stack && set->segments ? 0 : PTRD_ENOMEM;
    if (!err) {
        uint32_t count = intervals_collect(t, family, intervals);
        intervals_flatten(intervals, count, family_max(family), stack, set);
    }
    free(intervals);
    free(stack);
    return err;
}

int reverse_build(const struct table *t, struct reverse_map *out)
{
    *out = (struct reverse_map){.v4 = {.segments = NULL}};
    int err = set_build(t, FAMILY_IPV4, &out->v4);
    return err ? err : set_build(t, FAMILY_IPV6, &out->v6);
}

void reverse_done(struct reverse_map *map)
{
    free(map->v4.segments);
    free(map->v6.segments);
    *map = (struct reverse_map){0};
}

uint32_t reverse_next(const struct reverse_set *set, u128 num, uint32_t *at)
{
    while (*at + 1 < set->count && set->segments[*at + 1].first <= num)
        ++*at;
    return set->segments[*at].zone;
}
