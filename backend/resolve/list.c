#include "list.h"

/* --- one name --------------------------------------------------------------------------------- */

int list_look(struct list *l, const struct name *name)
{
    struct question q = {.name = *name, .type = RRTYPE_ANY, .zone_id = l->zone->id};
    l->looks++;
    return resolve(l->s, &q, l->a);
}

int list_emit_rows(struct list *l, const struct name *name)
{
    int err = 0;
    for (uint32_t i = 0; err == 0 && i < l->a->count; i++)
        err = l->sink->emit(l->sink->ctx, name, &l->a->rows[i]);
    return err;
}

bool list_has_rows(const struct answer *a)
{
    for (uint32_t i = 0; i < a->count; i++)
        if (a->rows[i].source != ANSWER_GENERATED && a->rows[i].kind != ROW_ENT)
            return true;
    return false;
}

bool list_owns(const struct list *l, const struct name *name)
{
    return table_zone_for(l->s->table, name) == l->zone;
}

int list_emit_above(struct list *l, const struct name *name)
{
    unsigned depth = name_labels(name) - name_labels(&l->zone->apex);
    for (unsigned up = depth; up-- > 1;) {
        struct name above;
        name_strip(name, up, &above);
        if (l->has_last && name_within(&l->last, &above))
            continue;
        int err = l->seen_before(l, &above);
        if (err == PTRD_FOUND)
            continue;
        if (err == 0)
            err = list_look(l, &above);
        if (err == 0)
            err = list_emit_rows(l, &above);
        if (err != 0)
            return err;
    }
    return 0;
}

int list_emit_below(struct list *l, const struct name *name)
{
    int err = l->seen_before(l, name);
    if (err == 0)
        err = list_look(l, name);
    else if (err == PTRD_FOUND)
        return 0;
    if (err < 0 || !list_has_rows(l->a))
        return err;
    uint64_t looks = l->looks;
    err = list_emit_above(l, name);
    l->last = *name;
    l->has_last = true;
    if (err == 0 && l->looks != looks)
        err = list_look(l, name);
    return err == 0 ? list_emit_rows(l, name) : err;
}

/* --- the whole -------------------------------------------------------------------------------- */

int list_seen_never(struct list *l, const struct name *name)
{
    (void)l;
    (void)name;
    return PTRD_ABSENT;
}

static const struct {
    enum list_part part;
    int (*list)(struct list *l);
    int (*seen_before)(struct list *l, const struct name *name);
} parts[] = {
    {LIST_CUTS, list_cuts, list_seen_never},
    {LIST_EXPLICIT, list_records, list_seen_never},
    {LIST_EXPLICIT, list_ptrs, list_seen_in_records},
    {LIST_DERIVED, list_derived, list_seen_in_ptrs},
    {LIST_GENERATED, list_generated, list_seen_in_derived},
};

int resolve_list(struct snapshot *s, const struct name *apex, struct answer *a,
                 const struct list_sink *sink)
{
    const struct zone *zone = table_zone_for(s->table, apex);
    if (!zone || !name_equal(&zone->apex, apex))
        return PTRD_ABSENT;
    struct list l = {.s = s, .zone = zone, .a = a, .sink = sink};
    int err = list_look(&l, apex);
    if (err == 0)
        err = list_emit_rows(&l, apex);
    for (unsigned i = 0; i < sizeof parts / sizeof *parts && err == 0; i++) {
        if (sink->begin)
            sink->begin(sink->ctx, parts[i].part);
        l.has_last = false;
        l.seen_before = parts[i].seen_before;
        err = parts[i].list(&l);
    }
    return err < 0 ? err : PTRD_FOUND;
}
