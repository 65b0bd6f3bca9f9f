#include "edit_p.h"

/* The rows of a zone that is about to be fed: the source's become tombstones, local ones go. */
struct clear {
    struct edit *e;
    const struct zone *zone;
    enum store_table local;
};

static int is_own(struct clear *c, struct span key, struct place_kept *p)
{
    int err = place_of_key(c->e->before, c->local, key, p);
    return err < 0 ? err : p->zone == c->zone ? PTRD_FOUND : PTRD_ABSENT;
}

static int clear_local(void *ctx, struct span key, struct span value)
{
    struct clear *c = ctx;
    struct place_kept p;
    (void)value;
    int own = is_own(c, key, &p);
    return own == PTRD_FOUND ? row_delete(c->e, c->local, key) : own;
}

static int clear_source(void *ctx, struct span key, struct span value)
{
    struct clear *c = ctx;
    struct place_kept p;
    (void)value;
    int own = is_own(c, key, &p);
    return own == PTRD_FOUND ? set_write(c->e, &p, &(struct set){.ttl_s = 0}) : own;
}

static int clear_names(struct clear *c, enum store_table local)
{
    struct name_key apex;
    name_key(&c->zone->apex, &apex);
    struct span prefix = {apex.bytes, apex.len};
    c->local = local;
    int err = rows_each(c->e->reader, local, prefix, clear_local, c);
    return err < 0 ? err : rows_each(c->e->reader, place_source(local), prefix, clear_source, c);
}

static int clear_ptrs(struct clear *c)
{
    struct arpa arpa;
    table_reverse_parse(c->e->before, c->zone, &c->zone->apex, &arpa);
    if (!c->zone->reverse || (arpa.kind != ARPA_PARTIAL && arpa.kind != ARPA_FULL))
        return 0;
    struct range range = range_of_prefix(&arpa.prefix);
    c->local = STORE_LOCAL_PTRS;
    int err = rows_each_ptr(c->e->reader, STORE_LOCAL_PTRS, &range, clear_local, c);
    return err < 0 ? err : rows_each_ptr(c->e->reader, STORE_PTRS, &range, clear_source, c);
}

static int replace_zone(struct edit *e, const struct name *apex)
{
    const struct zone *zone = table_zone_for(e->before, apex);
    if (!zone || !name_equal(&zone->apex, apex))
        return PTRD_ABSENT;
    struct clear c = {.e = e, .zone = zone};
    int err = clear_names(&c, STORE_LOCAL_RECORDS);
    if (err == 0)
        err = clear_names(&c, STORE_LOCAL_ABOVE);
    if (err == 0)
        err = clear_ptrs(&c);
    *zone_marks(e, zone) |= ZONE_FED | ZONE_SOA_GONE;
    return err < 0 ? err : PTRD_FOUND;
}

int edit_replace_zone(struct edit *e, const struct name *apex, struct diag *diag)
{
    int err = edit_enter(e, diag);
    if (err == 0)
        err = replace_zone(e, apex);
    return edit_end(e, err, diag);
}
