/* The cuts of a zone with all that is said at and below them, and the zone's other records. The
 * cuts come first, and the empty non-terminals above them with the records. */
#include "list.h"

/* --- a cut and what lies below ---------------------------------------------------------------- */

/* The name servers below a cut that a zone below answers for; the cut's rows are in l->a. */
static int add_glue(struct list_walk *w, const struct name *cut)
{
    const struct list *l = w->l;
    for (uint32_t i = 0; i < l->a->count; i++) {
        const struct row *row = &l->a->rows[i];
        struct name target;
        if (row->type != RRTYPE_NS)
            continue;
        if (name_parse((const char *)row->bytes.bytes, row->bytes.len, &target, NULL) < 0)
            return PTRD_ECORRUPT;
        if (!name_within(&target, cut) || name_equal(&target, cut) || list_owns(l, &target))
            continue;
        int err = list_walk_add(w, &target);
        if (err < 0)
            return err;
    }
    return 0;
}

/* Glue makes no name above it exist. */
static bool is_glue(const struct list *l, const struct name *name)
{
    return l->a->rule == PLACE_BELOW_CUT && !list_owns(l, name);
}

static bool is_ruled(const struct answer *a)
{
    return a->rule == PLACE_AT_CUT || a->rule == PLACE_BELOW_CUT;
}

static int emit_ruled(struct list_walk *w, const struct name *name)
{
    struct list *l = w->l;
    int err = list_look(l, name);
    if (err < 0 || !list_has_rows(l->a) || !is_ruled(l->a))
        return err;
    err = list_emit_rows(l, name);
    return err == 0 && l->a->rule == PLACE_AT_CUT ? add_glue(w, name) : err;
}

static int list_cut(struct list_walk *w, const struct name *cut)
{
    struct name name;
    int found, err = list_walk_start(w, cut);
    while (err == 0 && (found = list_walk_next(w, &name)) != PTRD_ABSENT)
        err = found < 0 ? found : emit_ruled(w, &name);
    return err;
}

/* --- all cuts --------------------------------------------------------------------------------- */

/* Steps through the cuts that the zone's records make and the zones directly below it, each in
 * canonical order. */
struct steps {
    const struct table *t;
    const struct zone *zone;
    uint32_t cut, child;
};

static void steps_start(struct steps *x, const struct list *l)
{
    uint32_t low = 0, high = l->s->table->cut_count;
    *x = (struct steps){.t = l->s->table, .zone = l->zone};
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (name_compare(&x->t->cuts[mid].name, &l->zone->apex) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    x->cut = low;
    x->child = (uint32_t)(l->zone - x->t->zones) + 1;
}

static const struct name *next_cut(struct steps *x)
{
    for (; x->cut < x->t->cut_count; x->cut++) {
        const struct cut *c = &x->t->cuts[x->cut];
        if (!name_within(&c->name, &x->zone->apex))
            return NULL;
        if (&x->t->zones[c->zone] == x->zone && c->flags & CUT_NS)
            return &c->name;
    }
    return NULL;
}

static const struct name *next_child(struct steps *x)
{
    for (; x->child < x->t->zone_count; x->child++) {
        const struct zone *z = &x->t->zones[x->child];
        if (!name_within(&z->apex, &x->zone->apex))
            return NULL;
        if (&x->t->zones[z->parent] == x->zone)
            return &z->apex;
    }
    return NULL;
}

/* NULL at the end. */
static const struct name *steps_next(struct steps *x)
{
    const struct name *cut = next_cut(x), *child = next_child(x);
    bool first = cut && (!child || name_compare(cut, child) < 0);
    if (!first && !child)
        return NULL;
    ++*(first ? &x->cut : &x->child);
    return first ? cut : child;
}

int list_cuts(struct list *l)
{
    struct list_walk w = {.l = l};
    struct steps steps;
    const struct name *cut, *above = NULL; /* the one whose names were walked through last */
    int err = 0;
    steps_start(&steps, l);
    while (err == 0 && (cut = steps_next(&steps)) != NULL) {
        if (above && name_within(cut, above))
            continue;
        err = list_cut(&w, cut);
        above = cut;
    }
    list_walk_done(&w);
    return err;
}

/* --- other records ---------------------------------------------------------------------------- */

/* Of a cut and what lies below it only the names above are still to be listed. */
static int emit_record(struct list *l, const struct name *name)
{
    int err = list_look(l, name);
    if (err < 0 || !list_has_rows(l->a) || is_glue(l, name))
        return err;
    bool ruled = is_ruled(l->a);
    uint64_t looks = l->looks;
    err = list_emit_above(l, name);
    l->last = *name;
    l->has_last = true;
    if (err == 0 && !ruled && l->looks != looks)
        err = list_look(l, name);
    return err == 0 && !ruled ? list_emit_rows(l, name) : err;
}

int list_records(struct list *l)
{
    struct list_walk w = {.l = l};
    struct name name;
    int found, err = list_walk_start(&w, &l->zone->apex);
    while (err == 0 && (found = list_walk_next(&w, &name)) != PTRD_ABSENT) {
        if (found < 0)
            err = found;
        else if (!name_equal(&name, &l->zone->apex))
            err = emit_record(l, &name);
    }
    list_walk_done(&w);
    return err;
}

int list_seen_in_records(struct list *l, const struct name *name)
{
    struct name_key k;
    /* what a zone below a cut holds is not listed */
    if (l->zone->has_cuts && table_place(l->s->table, name).rule == PLACE_BELOW_CUT)
        return ruled_records_below(l->s, l->zone, name);
    name_key(name, &k);
    return answer_rows_below(l->s->reader, &k);
}
