#include "edit_p.h"

#include <string.h>

/* --- local rows ------------------------------------------------------------------------------- */

/* PTRD_FOUND: the local row is the same as the source's, or a tombstone of nothing. */
static int is_needless(struct edit *e, const struct touched *t, struct span local)
{
    enum store_table source = place_source(t->table);
    struct span value, key = touched_key(t);
    struct set ours, theirs;
    int found = store_get(e->reader, source, key, &value);
    if (found < 0)
        return found;
    if (found == PTRD_FOUND && span_equal(local, value))
        return PTRD_FOUND;
    if (t->table == STORE_LOCAL_METADATA)
        return found == PTRD_ABSENT && local.len == 0 ? PTRD_FOUND : PTRD_ABSENT;
    int err = set_read(&e->scratch, t->table, e->reader, key, &ours);
    if (err < 0 || found == PTRD_ABSENT)
        return err < 0 ? err : ours.count ? PTRD_ABSENT : PTRD_FOUND;
    err = set_read(&e->scratch, source, e->reader, key, &theirs);
    return err < 0 ? err : set_equal(&ours, &theirs) ? PTRD_FOUND : PTRD_ABSENT;
}

/* The type that the key of an RRset ends with: most rows are told apart by it alone, without the
 * work of reading their names. */
static uint16_t type_of(const struct touched *t)
{
    return t->table == STORE_LOCAL_RECORDS && t->len >= 2
               ? (uint16_t)(t->key[t->len - 2] << 8 | t->key[t->len - 1])
               : 0;
}

static int settle_row(struct edit *e, const struct touched *t)
{
    struct span local;
    struct name apex;
    uint16_t type;
    int found = store_get(e->reader, t->table, touched_key(t), &local);
    if (found != PTRD_FOUND)
        return found;
    if (type_of(t) == RRTYPE_SOA) {
        found = store_read_key_rrset(touched_key(t), &apex, &type);
        if (found == 0)
            found = soa_is_source(e, &apex, local);
    } else {
        found = is_needless(e, t, local);
    }
    return found == PTRD_FOUND ? store_delete(e->w, t->table, touched_key(t)) : found;
}

int settle_rows(struct edit *e)
{
    for (size_t i = 0; i < e->touched_count; i++) {
        if (place_source(e->touched[i]->table) == (enum store_table)e->touched[i]->table)
            continue; /* keys, states, serials */
        int err = settle_row(e, e->touched[i]);
        arena_free(&e->scratch);
        if (err < 0)
            return err;
    }
    return 0;
}

/* --- cuts ------------------------------------------------------------------------------------- */

/* PTRD_FOUND: the row of cuts of this name changed. */
static int settle_cut(struct edit *e, const struct name *owner)
{
    const struct zone *zone = table_zone_for(e->before, owner);
    struct at_name at;
    struct span value;
    uint8_t flags = 0, old = 0;
    int err = at_name_read(e->reader, e->before, owner, &at);
    if (err == 0)
        err = store_key_name(owner, &e->key);
    if (err < 0)
        return err;
    if (zone && at.ns && !name_equal(&zone->apex, owner))
        flags |= CUT_NS;
    if (zone && at.dname)
        flags |= CUT_DNAME;
    if (e->key.len == 0)
        return PTRD_ABSENT; /* the root is an apex, and no key */
    int found = store_get(e->reader, STORE_CUTS, buf_span(&e->key), &value);
    if (found == PTRD_FOUND)
        found = store_read_cut(value, &old);
    if (found < 0 || flags == old)
        return found < 0 ? found : PTRD_ABSENT;
    if (flags)
        err = store_put(e->w, STORE_CUTS, buf_span(&e->key), (struct span){&flags, 1});
    else
        err = store_delete(e->w, STORE_CUTS, buf_span(&e->key));
    return err < 0 ? err : PTRD_FOUND;
}

int settle_cuts(struct edit *e, bool *changed)
{
    for (size_t i = 0; i < e->touched_count; i++) {
        struct name owner;
        uint16_t type = type_of(e->touched[i]);
        /* a CNAME can hide NS and DNAME */
        if (type != RRTYPE_NS && type != RRTYPE_DNAME && type != RRTYPE_CNAME)
            continue;
        int err = store_read_key_rrset(touched_key(e->touched[i]), &owner, &type);
        if (err == 0)
            err = settle_cut(e, &owner);
        if (err < 0)
            return err;
        *changed |= err == PTRD_FOUND;
    }
    int err = *changed ? snapshot_table(e->reader, &e->rebuilt) : 0;
    if (err == 0 && *changed)
        e->after = e->rebuilt;
    return err;
}

int settle_occluded(struct edit *e)
{
    for (size_t i = 0; i < e->touched_count; i++) {
        const struct touched *t = e->touched[i];
        struct place_kept p;
        struct span value;
        if (t->table != STORE_LOCAL_PTRS)
            continue;
        int err = place_of_key(e->before, t->table, touched_key(t), &p);
        if (err < 0)
            return err;
        if (!p.zone || !(*zone_marks(e, p.zone) & ZONE_FED) || !table_delegated(e->after, &p.addr))
            continue;
        int found = store_get(e->reader, STORE_PTRS, touched_key(t), &value);
        if (found == PTRD_FOUND) {
            found = store_write_ptr(&(struct store_ptr){.ttl_s = 0}, &e->value); /* a tombstone */
            if (found == 0)
                found = store_put(e->w, t->table, touched_key(t), buf_span(&e->value));
        } else if (found == PTRD_ABSENT) {
            found = store_delete(e->w, t->table, touched_key(t));
        }
        if (found < 0)
            return found;
    }
    return 0;
}

/* --- derived names ---------------------------------------------------------------------------- */

/* The PTRs in force of an address; names live until the reader's transaction changes. */
static int effective_ptr(struct store_reader *r, const struct place_kept *p, struct store_ptr *out)
{
    struct store_buf key = {0};
    struct store_rrset cname = {.count = 0};
    struct span value;
    int found = store_key_addr(&p->addr, &key);
    if (found == 0)
        found = store_get(r, STORE_LOCAL_PTRS, buf_span(&key), &value);
    bool local = found == PTRD_FOUND;
    if (found == PTRD_ABSENT)
        found = store_get(r, STORE_PTRS, buf_span(&key), &value);
    if (found == PTRD_FOUND) {
        int err = store_read_ptr(value, out);
        found = err < 0 ? err : out->count ? PTRD_FOUND : PTRD_ABSENT;
    }
    if (found == PTRD_FOUND && !local) { /* a local CNAME hides what the source has */
        found = store_key_rrset(&p->owner, RRTYPE_CNAME, &key);
        if (found == 0)
            found = store_get(r, STORE_LOCAL_RECORDS, buf_span(&key), &value);
        if (found == PTRD_FOUND)
            found = store_read_rrset(value, &cname);
        if (found == 0)
            found = cname.count ? PTRD_ABSENT : PTRD_FOUND;
    }
    store_buf_done(&key);
    return found;
}

/* Puts or deletes the derived row of one PTR. */
static int derive_write(struct edit *e, const struct place_kept *p, const struct store_ptr *ptr,
                        const struct name *target, bool put)
{
    struct store_rrset row = {.ttl_s = ptr->ttl_s}; /* an RRset without contents is its TTL alone */
    int err = store_key_derived(target, &p->addr, &e->key);
    if (err == 0 && put) {
        err = store_write_rrset(&row, &e->value);
        if (err == 0)
            err = store_put(e->w, STORE_DERIVED, buf_span(&e->key), buf_span(&e->value));
    } else if (err == 0) {
        err = store_delete(e->w, STORE_DERIVED, buf_span(&e->key));
    }
    return err < 0 ? err : 0;
}

typedef int target_fn(void *ctx, const struct name *target);

struct derive {
    struct edit *e;
    target_fn *fn; /* told the targets; NULL: derived rows are written */
    void *ctx;
};

/* The targets of the PTRs of an address in one state of it. Names are copied: they lie in the
 * transaction that is written to. */
static int derive_targets(struct derive *d, const struct place_kept *p, struct store_reader *r,
                          bool put)
{
    struct store_ptr ptr;
    struct span wire;
    struct name target;
    size_t at = 0;
    int found = effective_ptr(r, p, &ptr);
    if (found != PTRD_FOUND)
        return found;
    const char *copy = arena_strndup(&d->e->scratch, (const char *)ptr.names.bytes, ptr.names.len);
    if (!copy)
        return PTRD_ENOMEM;
    ptr.names.bytes = (const uint8_t *)copy;
    while (store_next_name(ptr.names, &at, &wire) == PTRD_FOUND) {
        int err = name_from_wire(wire.bytes, wire.len, &target);
        if (err == 0 && resolve_derives(d->e->before, (enum ptr_forward)ptr.forward, &target))
            err = d->fn ? d->fn(d->ctx, &target) : derive_write(d->e, p, &ptr, &target, put);
        if (err < 0)
            return err;
    }
    return 0;
}

/* The addresses whose PTRs in force may be others now: their own rows, and CNAMEs at their names.
 */
static int derive_each(struct derive *d)
{
    struct edit *e = d->e;
    for (size_t i = 0; i < e->touched_count; i++) {
        enum store_table table = e->touched[i]->table;
        struct place_kept p;
        if (table != STORE_LOCAL_PTRS && type_of(e->touched[i]) != RRTYPE_CNAME)
            continue;
        int err = place_of_key(e->before, table, touched_key(e->touched[i]), &p);
        if (err < 0)
            return err;
        if (!p.zone ||
            (table != STORE_LOCAL_PTRS && !place_is_ptr(e->before, p.zone, &p.owner, &p.addr)))
            continue;
        err = derive_targets(d, &p, e->committed, false);
        if (err == 0)
            err = derive_targets(d, &p, e->reader, true);
        arena_free(&e->scratch);
        if (err < 0)
            return err;
    }
    return 0;
}

int settle_derived(struct edit *e)
{
    return derive_each(&(struct derive){.e = e});
}

int settle_targets(struct edit *e, target_fn *fn, void *ctx)
{
    return derive_each(&(struct derive){.e = e, .fn = fn, .ctx = ctx});
}
