/* A load that leaves the PTRs of the store and the names derived from them as they are. It is exact
 * where no row changes that they depend on: the zones that hold addresses and targets, with their
 * TTLs and `forward_auto`; cuts and DNAMEs in reverse zones and prefixes delegated away, which take
 * addresses from us. CNAMEs at the names of addresses the caller looks at itself. */
#include "load_p.h"

#include <string.h>

static bool same_prefix(const struct prefix *a, const struct prefix *b)
{
    return a->family == b->family && a->len == b->len && a->num == b->num;
}

static int zone_row(const struct loader *l, struct span key, struct span old_value,
                    struct span new_value)
{
    struct store_zone was, is;
    struct name apex;
    if (!old_value.bytes || !new_value.bytes)
        return PTRD_ECONFLICT;
    int err = store_read_zone(old_value, &was);
    if (!err)
        err = store_read_zone(new_value, &is);
    if (!err)
        err = name_from_key(key.bytes, key.len, &apex);
    if (err)
        return err;
    const struct zone *z = table_zone_for(l->t, &apex);
    bool same = was.forward_auto == is.forward_auto && was.classless == is.classless &&
                same_prefix(&was.prefix, &is.prefix) && z && (!z->reverse || was.ttl_s == is.ttl_s);
    return same ? 0 : PTRD_ECONFLICT;
}

static int cut_row(const struct loader *l, struct span key)
{
    struct name name;
    int err = name_from_key(key.bytes, key.len, &name);
    const struct zone *z = err ? NULL : table_zone_for(l->t, &name);
    return err ? err : z && !z->reverse ? 0 : PTRD_ECONFLICT;
}

static int delegation_row(struct span key, struct span old_value, struct span new_value)
{
    struct store_delegation was, is;
    if (!old_value.bytes || !new_value.bytes)
        return PTRD_ECONFLICT;
    int err = store_read_delegation(key, old_value, &was);
    if (!err)
        err = store_read_delegation(key, new_value, &is);
    return err ? err : name_equal(&was.child, &is.child) ? 0 : PTRD_ECONFLICT;
}

int kept_row(const struct loader *l, struct span key, struct span old_value, struct span new_value)
{
    switch (l->table) {
    case STORE_ZONES:
        return zone_row(l, key, old_value, new_value);
    case STORE_CUTS:
        return cut_row(l, key);
    case STORE_DELEGATIONS:
        return delegation_row(key, old_value, new_value);
    default:
        return 0;
    }
}

int rows_kept(struct loader *l)
{
    l->changed = false;
    return l->wishes->ptrs(l->wishes->ctx, l->w, rows_changed, l);
}
