#include "ptrd/resolve/resolve.h"

#include "answer.h"

#include <string.h>

/* One walk over everything explicit in a zone. Three sources are read one after the other: records,
 * explicit PTRs, derived names. In each, the names below a name stand together, so that an empty
 * non-terminal is met when the walk first goes below it. */
struct list {
    struct snapshot *s;
    const struct zone *zone;
    struct answer *a;
    list_emit_fn *emit;
    void *ctx;
    struct name last; /* owner before this one in the same source */
    bool has_last;
    int (*seen_before)(struct list *l, const struct name *name); /* by an earlier source */
};

/* Every row of a name, as a lookup with this zone's id gives it. */
static int emit_name(struct list *l, const struct name *name)
{
    struct question q = {.name = *name, .type = RRTYPE_ANY, .zone_id = l->zone->id};
    int err = resolve(l->s, &q, l->a);
    for (uint32_t i = 0; err == 0 && i < l->a->count; i++)
        err = l->emit(l->ctx, name, &l->a->rows[i]);
    return err;
}

/* Emits name after the empty non-terminals above it that no earlier name lay below. */
static int emit_below(struct list *l, const struct name *name)
{
    unsigned depth = name_labels(name) - name_labels(&l->zone->apex);
    for (unsigned up = depth; up-- > 1;) {
        struct name above;
        name_strip(name, up, &above);
        if (l->has_last && name_within(&l->last, &above))
            continue;
        int seen = l->seen_before(l, &above);
        int err = seen == PTRD_ABSENT ? emit_name(l, &above) : seen;
        if (err < 0)
            return err;
    }
    int seen = l->seen_before(l, name);
    if (seen < 0)
        return seen;
    l->last = *name;
    l->has_last = true;
    return seen == PTRD_ABSENT ? emit_name(l, name) : 0;
}

static bool own(const struct list *l, const struct name *name)
{
    return table_zone_for(l->s->table, name) == l->zone;
}

/* --- records and cuts ------------------------------------------------------------------------- */

static int seen_never(struct list *l, const struct name *name)
{
    (void)l;
    (void)name;
    return PTRD_ABSENT;
}

/* Names of this zone but its apex; and the apex of a zone of ours directly below: it is a cut here.
 * Its NS stand among the records, so the walk meets it. */
static bool listed_here(const struct list *l, const struct name *name)
{
    const struct table *t = l->s->table;
    const struct zone *z = table_zone_for(t, name);
    if (z == l->zone)
        return !name_equal(name, &z->apex);
    return z && z->parent == (uint32_t)(l->zone - t->zones) && name_equal(name, &z->apex);
}

static int list_records(struct list *l)
{
    struct name_key apex;
    struct span key, value;
    name_key(&l->zone->apex, &apex);
    struct span from = {.bytes = apex.bytes, .len = apex.len};
    int found = store_seek(l->s->reader, STORE_RECORDS, from, &key, &value);
    while (found == PTRD_FOUND && key.len >= apex.len &&
           memcmp(key.bytes, apex.bytes, apex.len) == 0) {
        struct name owner;
        uint16_t type;
        uint8_t copy[NAME_KEY_MAX + 16];
        int err = store_read_key_rrset(key, &owner, &type);
        if (err < 0 || key.len > sizeof copy)
            return err < 0 ? err : PTRD_ECORRUPT;
        size_t len = key.len;
        memcpy(copy, key.bytes, len);
        bool again = l->has_last && name_equal(&l->last, &owner);
        if (!again && listed_here(l, &owner)) {
            err = emit_below(l, &owner);
            if (err < 0)
                return err;
        }
        /* emit_name moved this table's cursor: come back behind the row. */
        copy[len++] = 0;
        found = store_seek(l->s->reader, STORE_RECORDS, (struct span){copy, len}, &key, &value);
    }
    return found < 0 ? found : 0;
}

/* A record, or a cut, stands at or below the name: the records were listed first. */
static int seen_in_records(struct list *l, const struct name *name)
{
    struct name_key k;
    struct span key, value;
    name_key(name, &k);
    int found =
        store_seek(l->s->reader, STORE_RECORDS, (struct span){k.bytes, k.len}, &key, &value);
    if (found != PTRD_FOUND)
        return found;
    return key.len > k.len && memcmp(key.bytes, k.bytes, k.len) == 0 ? PTRD_FOUND : PTRD_ABSENT;
}

/* --- explicit PTRs ---------------------------------------------------------------------------- */

static int list_ptrs(struct list *l)
{
    struct arpa arpa;
    arpa_parse(&l->zone->apex, &arpa);
    if (arpa.kind != ARPA_PARTIAL && arpa.kind != ARPA_FULL)
        return 0;
    struct range range = range_of_prefix(&arpa.prefix);
    u128 at = range.first;
    for (;;) {
        struct addr_key from = addr_key(range.family, at);
        struct span key, value;
        struct addr addr;
        struct name owner;
        int found =
            store_seek(l->s->reader, STORE_PTRS, (struct span){from.bytes, from.len}, &key, &value);
        if (found != PTRD_FOUND)
            return found;
        int err = store_read_key_addr(key, &addr);
        if (err < 0)
            return err;
        if (!range_contains(&range, &addr))
            return 0;
        arpa_name(&addr, &owner);
        if (own(l, &owner)) {
            err = emit_below(l, &owner);
            if (err < 0)
                return err;
        }
        if (addr.num == range.last)
            return 0;
        at = addr.num + 1;
    }
}

/* --- derived names ---------------------------------------------------------------------------- */

static int list_derived(struct list *l)
{
    struct name_key apex;
    struct span key, value;
    name_key(&l->zone->apex, &apex);
    struct span from = {.bytes = apex.bytes, .len = apex.len};
    int found = store_seek(l->s->reader, STORE_DERIVED, from, &key, &value);
    while (found == PTRD_FOUND && key.len >= apex.len &&
           memcmp(key.bytes, apex.bytes, apex.len) == 0) {
        struct name target;
        struct addr addr;
        struct name_key k;
        int err = store_read_key_derived(key, &target, &addr);
        if (err == 0 && own(l, &target) && !(l->has_last && name_equal(&l->last, &target)))
            err = emit_below(l, &target);
        if (err < 0)
            return err;
        /* Behind all addresses of this target: its key and an octet above any family. */
        name_key(&target, &k);
        uint8_t behind[NAME_KEY_MAX + 1];
        memcpy(behind, k.bytes, k.len);
        behind[k.len] = FAMILY_IPV6 + 1;
        found = store_seek(l->s->reader, STORE_DERIVED, (struct span){behind, k.len + 1u}, &key,
                           &value);
    }
    return found < 0 ? found : 0;
}

static int list_source(struct list *l, int (*source)(struct list *l),
                       int (*seen_before)(struct list *l, const struct name *name))
{
    l->has_last = false;
    l->seen_before = seen_before;
    return source(l);
}

int resolve_list(struct snapshot *s, const struct name *apex, struct answer *a, list_emit_fn *emit,
                 void *ctx)
{
    const struct zone *zone = table_zone_for(s->table, apex);
    if (!zone || !name_equal(&zone->apex, apex))
        return PTRD_ABSENT;
    struct list l = {.s = s, .zone = zone, .a = a, .emit = emit, .ctx = ctx};
    int err = emit_name(&l, apex);
    if (err == 0)
        err = list_source(&l, list_records, seen_never);
    if (err == 0)
        err = list_source(&l, list_ptrs, seen_in_records);
    if (err == 0)
        err = list_source(&l, list_derived, seen_in_records);
    return err < 0 ? err : PTRD_FOUND;
}
