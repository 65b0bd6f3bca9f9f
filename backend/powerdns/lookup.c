#include "ptrd/powerdns/powerdns.h"
#include "ptrd/resolve/deny.h"

static int mark_opted_out(struct snapshot *s, const struct question *q, struct answer *a)
{
    if (a->count != 1 || a->rows[0].kind != ROW_ENT || !a->zone)
        return 0;
    const struct zone *zone = a->zone;
    struct row row = a->rows[0];
    int found = deny_opts_out(s, zone, &q->name, a);
    row.auth &= found == PTRD_ABSENT;
    a->rows[0] = row; /* the answer was its scratch */
    a->zone = zone;
    a->count = 1;
    return found < 0 ? found : 0;
}

int powerdns_lookup(struct snapshot *s, enum leaf_mode leaf, const struct question *q,
                    struct answer *a)
{
    if (q->type == RRTYPE_ENT) {
        a->count = 0;
        return 0;
    }
    int err = leaf_resolve(s, leaf, q, a);
    return err < 0 ? err : mark_opted_out(s, q, a);
}

const struct zone *powerdns_zone(const struct snapshot *s, const struct name *name)
{
    const struct zone *zone = table_zone_for(s->table, name);
    return zone && name_equal(&zone->apex, name) ? zone : NULL;
}
