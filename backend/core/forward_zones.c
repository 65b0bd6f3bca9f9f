/* Zones that generated names may stand in. */
#include <stdlib.h>

#include "forward_p.h"

static uint32_t zones_until(const struct table *t, const struct name *name, bool behind)
{
    uint32_t low = 0, high = t->zone_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct name *apex = &t->zones[middle].apex;
        if (name_compare(apex, name) <= 0 || (behind && name_within(apex, name)))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Names of a template lie below the suffix. Marks the zone that they are in where no zone below has
 * them; the zones below lie between a border up and a border down. */
static void mark_suffix(struct table *t, const struct name *suffix, int32_t *borders)
{
    const struct zone *z = table_zone_for(t, suffix);
    if (z && !z->reverse)
        t->zones[z - t->zones].has_block = true;
    uint32_t from = zones_until(t, suffix, false);
    if (from == t->zone_count || !name_within(&t->zones[from].apex, suffix))
        return;
    borders[from]++;
    borders[zones_until(t, suffix, true)]--;
}

static void mark_set(struct table *t, const struct block_set *set, const uint32_t *entries,
                     uint8_t *seen, int32_t *borders)
{
    struct name last = {.len = 0}; /* most templates have the suffix of the one before */
    for (uint32_t i = 0; i < set->segment_count; i++) {
        struct name suffix;
        uint32_t block = set->segments[i].block;
        if (block == TABLE_NONE || entries[block] == TABLE_NONE || seen[entries[block]] ||
            set->blocks[block].flags & BLOCK_FORWARD_EXTERNAL)
            continue;
        seen[entries[block]] = 1;
        template_suffix(t->forward->entries[entries[block]].template, &suffix);
        if (!name_equal(&suffix, &last))
            mark_suffix(t, &suffix, borders);
        last = suffix;
    }
}

/* Zones below the suffix of some template: does a name of any template stand in them? */
static void mark_below(struct table *t, const int32_t *borders)
{
    int32_t depth = 0;
    for (uint32_t i = 0; i < t->zone_count; i++) {
        struct addr addrs[2];
        const struct block *blocks[2];
        struct zone *z = &t->zones[i];
        depth += borders[i];
        if (depth > 0 && !z->reverse && !z->has_block)
            z->has_block =
                table_forward_below(t, &z->apex) || table_forward(t, &z->apex, addrs, blocks) > 0;
    }
}

int forward_mark_zones(struct table *t)
{
    const struct forward_index *f = t->forward;
    uint8_t *seen = calloc(f->entry_count + 1u, 1);
    int32_t *borders = calloc(t->zone_count + 1u, sizeof *borders);
    if (seen && borders) {
        mark_set(t, &t->v4, f->entry_v4, seen, borders);
        mark_set(t, &t->v6, f->entry_v6, seen, borders);
        mark_below(t, borders);
    }
    int err = seen && borders ? 0 : PTRD_ENOMEM;
    free(seen);
    free(borders);
    return err;
}
