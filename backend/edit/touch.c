/* Which zones answer otherwise now: the names where something changed are asked in both states,
 * with the id of their own zone and of each above it (which may show its NS and glue). What cuts
 * stop or let addresses generate is found by comparing the addresses' blocks. */
#include "edit_p.h"

#include <stdlib.h>
#include <string.h>

struct touch {
    struct edit *e;
    struct differ differ;
};

int touch_begin(struct edit *e, struct touch **out)
{
    struct touch *t = calloc(1, sizeof *t);
    if (!t)
        return PTRD_ENOMEM;
    t->e = e;
    t->differ.was = t->differ.is = e->snapshot;
    t->differ.was.reader = e->committed;
    t->differ.is.table = e->after;
    answer_init(&t->differ.before);
    answer_init(&t->differ.after);
    *out = t;
    return 0;
}

void touch_end(struct touch *t)
{
    answer_done(&t->differ.before);
    answer_done(&t->differ.after);
    free(t);
}

/* --- by name ---------------------------------------------------------------------------------- */

/* Marks the zone when it answers a name otherwise. */
static int touch_in(struct touch *t, const struct zone *zone, const struct name *name)
{
    uint8_t *marks = zone_marks(t->e, zone);
    if (*marks & ZONE_ANSWERS)
        return 0;
    int differs = resolve_differs(&t->differ, name, zone->id);
    if (differs == PTRD_FOUND)
        *marks |= ZONE_ANSWERS;
    return differs < 0 ? differs : 0;
}

static const struct zone *parent_of(const struct table *t, const struct zone *z)
{
    return z->parent == TABLE_NONE ? NULL : &t->zones[z->parent];
}

int touch_name(struct touch *t, const struct name *name)
{
    const struct table *table = t->e->before;
    for (const struct zone *z = table_zone_for(table, name); z; z = parent_of(table, z)) {
        int err = touch_in(t, z, name);
        if (err < 0)
            return err;
    }
    return 0;
}

int touch_zone(struct touch *t, const struct zone *zone)
{
    *zone_marks(t->e, zone) |= ZONE_ANSWERS;
    return touch_name(t, &zone->apex);
}

/* --- what addresses generate ------------------------------------------------------------------ */

/* So many addresses are asked name by name; of more, all zones that can hold their names count. */
#define ASKED_MAX 65536

static int ask_each(struct touch *t, const struct template *template, u128 first, u128 last)
{
    for (u128 num = first;; num++) {
        struct name name;
        int err = template_generate(template, num, &name);
        if (err == 0)
            err = touch_name(t, &name);
        if (err < 0 || num == last)
            return err;
    }
}

/* The zone of the template's literal labels, and those below. */
static void mark_all(struct touch *t, const struct template *template)
{
    const struct table *table = t->e->before;
    struct name suffix;
    template_suffix(template, &suffix);
    const struct zone *own = table_zone_for(table, &suffix);
    if (own)
        *zone_marks(t->e, own) |= ZONE_ANSWERS;
    for (uint32_t i = 0; i < table->zone_count; i++)
        if (name_within(&table->zones[i].apex, &suffix))
            t->e->zones[i] |= ZONE_ANSWERS;
}

static int touch_block(struct touch *t, const struct block_set *set, uint32_t block, u128 first,
                       u128 last)
{
    if (block == TABLE_NONE)
        return 0;
    const struct block *b = &set->blocks[block];
    if (!b->template || b->flags & BLOCK_FORWARD_EXTERNAL)
        return 0;
    if (last - first < ASKED_MAX)
        return ask_each(t, b->template, first, last);
    mark_all(t, b->template);
    return 0;
}

/* Both tables' segments side by side. The blocks are the same in both, so their numbers are. */
static int compare_segments(struct touch *t, const struct block_set *was,
                            const struct block_set *is, u128 max)
{
    u128 first = 0;
    for (uint32_t i = 0, k = 0;;) {
        u128 end_was = i + 1 < was->segment_count ? was->segments[i + 1].first - 1 : max;
        u128 end_is = k + 1 < is->segment_count ? is->segments[k + 1].first - 1 : max;
        u128 last = end_was < end_is ? end_was : end_is;
        uint32_t old = was->segments[i].block, now = is->segments[k].block;
        int err = old == now ? 0 : touch_block(t, was, old, first, last);
        if (err == 0 && old != now)
            err = touch_block(t, is, now, first, last);
        if (err < 0 || last == max)
            return err;
        first = last + 1;
        i += end_was == last;
        k += end_is == last;
    }
}

/* Names of a child's servers inside the child: the zone above it shows their addresses, which may
 * be generated. */
static int touch_glue(struct touch *t, const struct zone *child, const struct zone *above)
{
    struct question q = {.name = child->apex, .type = RRTYPE_NS, .zone_id = above->id};
    struct answer ns;
    answer_init(&ns);
    int err = resolve(&t->differ.is, &q, &ns);
    for (uint32_t i = 0; err == 0 && i < ns.count; i++) {
        struct name target;
        const struct row *r = &ns.rows[i];
        if (r->type == RRTYPE_NS && r->kind == ROW_TEXT &&
            name_parse((const char *)r->bytes.bytes, r->bytes.len, &target, NULL) == 0 &&
            name_within(&target, &child->apex))
            err = touch_in(t, above, &target);
    }
    answer_done(&ns);
    return err;
}

int touch_generated(struct touch *t)
{
    const struct table *table = t->e->before;
    int err = compare_segments(t, &table->v4, &t->e->after->v4, family_max(FAMILY_IPV4));
    if (err == 0)
        err = compare_segments(t, &table->v6, &t->e->after->v6, family_max(FAMILY_IPV6));
    for (uint32_t i = 0; err == 0 && i < table->zone_count; i++) {
        const struct zone *child = &table->zones[i], *above = parent_of(table, child);
        if (!(t->e->zones[i] & ZONE_ANSWERS))
            continue;
        for (; err == 0 && above; child = above, above = parent_of(table, above))
            err = touch_glue(t, child, above);
    }
    return err;
}
