#include "load_p.h"
#include "ptrd/core/rrtype.h"
#include "ptrd/rdata/rdata.h"

#include <stdlib.h>

static int glue_compare(const void *a, const void *b)
{
    const struct glue *x = a, *y = b;
    int order = name_compare(&x->target, &y->target);
    return order ? order : (x->zone > y->zone) - (x->zone < y->zone);
}

static int glue_put(struct glue_set *g, const struct name *target, uint32_t zone)
{
    if (g->count == g->capacity) {
        uint32_t capacity = g->capacity ? g->capacity * 2 : 64;
        struct glue *items =
            capacity < g->capacity ? NULL : realloc(g->items, (size_t)capacity * sizeof *items);
        if (!items)
            return PTRD_ENOMEM;
        g->items = items;
        g->capacity = capacity;
    }
    g->items[g->count++] = (struct glue){.target = *target, .zone = zone};
    return 0;
}

/* The NS of a cut: one at the apex of a zone of ours makes a cut of the zone above it. Addresses in
 * the zone that makes the cut are its own records, and no glue. */
static int glue_of_record(struct glue_set *g, const struct table *t, const struct model_record *r)
{
    const struct zone *z = r->type == RRTYPE_NS ? table_zone_for(t, &r->owner) : NULL;
    struct name target;
    uint32_t holder = zone_index(t, z);
    if (z && name_equal(&z->apex, &r->owner))
        holder = z->parent;
    if (holder == TABLE_NONE)
        return 0;
    int found = rdata_target(r->type, r->content, r->content_len, &target);
    if (found != PTRD_FOUND || !name_within(&target, &r->owner) ||
        zone_index(t, table_zone_for(t, &target)) == holder)
        return found < 0 ? found : 0;
    return glue_put(g, &target, holder);
}

int glue_collect(struct glue_set *g, const struct model *m, const struct table *t)
{
    int err = 0;
    for (uint32_t i = 0; !err && i < m->record_count; i++)
        err = glue_of_record(g, t, &m->records[i]);
    for (uint32_t i = 0; !err && i < m->above_count; i++)
        err = glue_of_record(g, t, &m->above[i]);
    if (err || g->count == 0)
        return err;
    qsort(g->items, g->count, sizeof *g->items, glue_compare);
    uint32_t kept = 1; /* the NS of both sides name the same servers */
    for (uint32_t i = 1; i < g->count; i++)
        if (glue_compare(&g->items[kept - 1], &g->items[i]) != 0)
            g->items[kept++] = g->items[i];
    g->count = kept;
    return 0;
}

void glue_digest(const struct glue_set *g, struct digests *d, const struct name *owner,
                 struct span key, struct span value)
{
    uint32_t low = 0, high = g->count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (name_compare(&g->items[mid].target, owner) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < g->count && name_equal(&g->items[low].target, owner); low++)
        digest_row(d, g->items[low].zone, DIGEST_GLUE, key, value);
}

void glue_digest_generated(const struct glue_set *g, struct digests *d)
{
    for (uint32_t i = 0; i < g->count; i++) {
        const struct name *target = &g->items[i].target;
        struct addr addrs[2];
        const struct block *blocks[2];
        unsigned count = table_forward(d->table, target, addrs, blocks);
        for (unsigned k = 0; k < count; k++) {
            uint8_t value[21] = {(uint8_t)addrs[k].family};
            digest_put(value + 1, addrs[k].num, 16);
            digest_put(value + 17, blocks[k]->ttl_s, 4);
            digest_row(d, g->items[i].zone, DIGEST_GLUE, (struct span){target->wire, target->len},
                       (struct span){value, sizeof value});
        }
    }
}

void glue_done(struct glue_set *g)
{
    free(g->items);
    *g = (struct glue_set){0};
}
