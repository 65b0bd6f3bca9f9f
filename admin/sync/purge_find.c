/* From changed rows to purges: rows name owners; how far the change of an owner reaches is seen by
 * asking both states. */
#include "load_p.h"
#include "ptrd/core/rrtype.h"
#include "ptrd/sync/purge.h"

#include <stdlib.h>
#include <string.h>

struct purge_find {
    const struct table *before;
    struct purge_set *touched; /* PURGE_NAME: look; PURGE_BELOW: settled; PURGE_SERIAL: an apex */
};

int purge_find_new(const struct table *before, struct purge_find **out)
{
    struct purge_find *f = calloc(1, sizeof *f);
    struct purge_set *touched = purge_set_new();
    if (!f || !touched || sodium_init() < 0) {
        free(f);
        purge_set_free(touched);
        return PTRD_ENOMEM;
    }
    f->before = before;
    f->touched = touched;
    *out = f;
    return 0;
}

void purge_find_free(struct purge_find *f)
{
    if (!f)
        return;
    purge_set_free(f->touched);
    free(f);
}

/* --- rows ------------------------------------------------------------------------------------- */

/* A name that had no zone has none now either, or a new one, which is purged whole. */
static void touch(struct purge_find *f, const struct name *name, enum purge_scope scope)
{
    const struct zone *z = table_zone_for(f->before, name);
    if (z)
        purge_add(f->touched, &z->apex, name, scope);
}

/* Also the name that leads to it by a CNAME, where its home is a zone of RFC 2317. */
static void touch_addr(struct purge_find *f, const struct addr *addr)
{
    struct name name, arpa;
    table_reverse_name(f->before, addr, &name);
    touch(f, &name, PURGE_NAME);
    arpa_name(addr, &arpa);
    if (!name_equal(&arpa, &name))
        touch(f, &arpa, PURGE_NAME);
}

static int name_row(struct purge_find *f, struct span key, enum purge_scope scope)
{
    struct name name;
    int err = name_from_key(key.bytes, key.len, &name);
    if (!err)
        touch(f, &name, scope);
    return err;
}

static int rrset_row(struct purge_find *f, struct span key)
{
    struct name owner;
    uint16_t type;
    int err = store_read_key_rrset(key, &owner, &type);
    if (!err)
        touch(f, &owner, PURGE_NAME);
    return err;
}

static int ptr_row(struct purge_find *f, struct span key)
{
    struct addr addr;
    int err = store_read_key_addr(key, &addr);
    if (!err)
        touch_addr(f, &addr);
    return err;
}

static int derived_row(struct purge_find *f, struct span key)
{
    struct name target;
    struct addr addr;
    int err = store_read_key_derived(key, &target, &addr);
    if (!err)
        touch(f, &target, PURGE_NAME);
    return err;
}

/* The addresses of a zone of RFC 2317 find their PTRs elsewhere when it comes or goes. */
static int zone_addresses(struct purge_find *f, struct span value)
{
    struct store_zone zone;
    int err = value.bytes ? store_read_zone(value, &zone) : 0;
    if (err || !value.bytes || !zone.classless)
        return err;
    struct range range = range_of_prefix(&zone.prefix);
    struct addr addr = {.num = range.first, .family = range.family};
    for (; addr.num <= range.last; addr.num++) /* a /25 at most */
        touch_addr(f, &addr);
    return 0;
}

/* What a zone says of itself is in all its denials. */
static int zone_row(struct purge_find *f, struct span key, struct span old_value,
                    struct span new_value)
{
    struct name apex;
    int err = name_from_key(key.bytes, key.len, &apex);
    if (err)
        return err;
    if (old_value.bytes && new_value.bytes)
        touch(f, &apex, PURGE_BELOW);
    else
        purge_add_zone(f->touched, &apex);
    err = zone_addresses(f, old_value);
    return err ? err : zone_addresses(f, new_value);
}

/* Metadata and keys: how all of a zone is signed. A new zone is purged anyway. */
static int id_row(struct purge_find *f, struct span key)
{
    if (key.len < 4)
        return PTRD_ECORRUPT;
    uint32_t id = (uint32_t)key.bytes[0] << 24 | (uint32_t)key.bytes[1] << 16 |
                  (uint32_t)key.bytes[2] << 8 | key.bytes[3];
    const struct zone *z = table_zone_by_id(f->before, id);
    if (z)
        touch(f, &z->apex, PURGE_BELOW);
    return 0;
}

int purge_find_row(struct purge_find *f, enum store_table table, struct span key,
                   struct span old_value, struct span new_value)
{
    switch (table) {
    case STORE_ZONES:
        return zone_row(f, key, old_value, new_value);
    case STORE_ZONE_IDS:
        return name_row(f, key, PURGE_SERIAL);
    case STORE_PTRS:
    case STORE_LOCAL_PTRS:
        return ptr_row(f, key);
    case STORE_DERIVED:
        return derived_row(f, key);
    case STORE_RECORDS:
    case STORE_ABOVE:
    case STORE_LOCAL_RECORDS:
    case STORE_LOCAL_ABOVE:
        return rrset_row(f, key);
    case STORE_CUTS:
        return name_row(f, key, PURGE_NAME);
    case STORE_METADATA:
    case STORE_LOCAL_METADATA:
    case STORE_KEYS:
        return id_row(f, key);
    case STORE_BLOCKS:      /* seen by what the tables generate, */
    case STORE_DELEGATIONS: /* and their records are rows */
    case STORE_META:
    case STORE_TSIG:
    case STORE_ZONE_STATE:
    case STORE_SYNC:
    case STORE_TABLES:
        break;
    }
    return 0;
}

/* --- one name --------------------------------------------------------------------------------- */

struct finding {
    struct differ *d;
    struct purge_set *out;
};

static const struct zone *outermost(const struct table *t, const struct name *name)
{
    const struct zone *z = table_zone_for(t, name);
    while (z && z->parent != TABLE_NONE)
        z = &t->zones[z->parent];
    return z;
}

/* How many labels of the name may be taken off, so that it is still in a zone of one state. */
static unsigned labels_to_spare(const struct finding *f, const struct name *name)
{
    const struct zone *was = outermost(f->d->was.table, name);
    const struct zone *is = outermost(f->d->is.table, name);
    unsigned labels = name_labels(name);
    unsigned least = was ? name_labels(&was->apex) : labels;
    if (is && name_labels(&is->apex) < least)
        least = name_labels(&is->apex);
    return labels - least;
}

static int exists(struct snapshot *s, const struct name *name, struct answer *a)
{
    struct question q = {.name = *name, .type = RRTYPE_ANY, .zone_id = -1};
    int err = resolve(s, &q, a);
    return err < 0 ? err : a->count ? PTRD_FOUND : PTRD_ABSENT;
}

/* Does the name exist in both states (PTRD_FOUND), or not (PTRD_ABSENT)? */
static int exists_in_both(struct finding *f, const struct name *name)
{
    int found = exists(&f->d->was, name, &f->d->before);
    return found == PTRD_FOUND ? exists(&f->d->is, name, &f->d->after) : found;
}

/* Above a name that exists everything exists, up to the apex (RFC 8020): so the names from here up
 * are first those that came or went, and then, if any, those that exist in both states. */
static int topmost_changed(struct finding *f, const struct name *name, struct name *top)
{
    unsigned low = 0, high = labels_to_spare(f, name) + 1; /* of the labels to take off */
    while (high - low > 1) {
        unsigned middle = low + (high - low) / 2;
        name_strip(name, middle, top);
        int found = exists_in_both(f, top);
        if (found < 0)
            return found;
        if (found == PTRD_FOUND)
            high = middle;
        else
            low = middle;
    }
    name_strip(name, low, top);
    return 0;
}

/* The zone only groups names. */
static void put(struct finding *f, const struct name *name, enum purge_scope scope)
{
    const struct zone *z = table_zone_for(f->d->was.table, name);
    if (!z)
        z = table_zone_for(f->d->is.table, name);
    purge_add(f->out, z ? &z->apex : name, name, scope);
}

/* A cut, or a DNAME, that rules the name or stands there. */
static void put_ruling(struct finding *f, const struct table *t, const struct name *name)
{
    struct place p = table_place(t, name);
    if (p.zone && p.rule != PLACE_FREE)
        put(f, &p.cut->name, PURGE_BELOW);
    else if (p.zone && p.owns_dname)
        put(f, name, PURGE_BELOW);
}

static int find_name(struct finding *f, const struct name *name)
{
    struct name top = *name;
    int before = exists(&f->d->was, name, &f->d->before);
    int after = before < 0 ? before : exists(&f->d->is, name, &f->d->after);
    if (after < 0)
        return after;
    int err = before != after ? topmost_changed(f, name, &top) : 0;
    if (err < 0)
        return err;
    if (name_is_wildcard(&top)) { /* RFC 4592 2.1.1: it governs what is below the name above */
        name_strip(&top, 1, &top);
        put(f, &top, PURGE_BELOW);
    } else {
        put(f, &top, before != after ? PURGE_BELOW : PURGE_NAME);
    }
    put_ruling(f, f->d->was.table, name);
    put_ruling(f, f->d->is.table, name);
    return 0;
}

/* The reader still has the settings of the zone: those of kind primary have secondaries. */
static int find_serial(struct finding *f, const struct name *apex)
{
    struct store_buf key = {NULL, 0, 0};
    struct store_zone zone;
    struct span value;
    int found = store_key_name(apex, &key);
    if (!found)
        found = store_get(f->d->is.reader, STORE_ZONES, (struct span){key.bytes, key.len}, &value);
    if (found == PTRD_FOUND) {
        int err = store_read_zone(value, &zone);
        found = err ? err : PTRD_FOUND;
    }
    store_buf_done(&key);
    if (found == PTRD_FOUND && zone.kind == ZONE_PRIMARY)
        purge_add_notify(f->out, apex);
    else if (found == PTRD_FOUND)
        put(f, apex, PURGE_SERIAL);
    return found < 0 ? found : 0;
}

/* --- generated names -------------------------------------------------------------------------- */

static int find_generated(struct finding *f)
{
    const struct table *was = f->d->was.table, *is = f->d->is.table;
    uint8_t(*before)[32] = NULL, (*after)[32] = NULL;
    int err = digest_generated(was, &before);
    if (!err)
        err = digest_generated(is, &after);
    for (uint32_t i = 0; !err && i < is->zone_count; i++) {
        const struct name *apex = &is->zones[i].apex;
        const struct zone *z = table_zone_for(was, apex);
        if (z && name_equal(&z->apex, apex) &&
            memcmp(before[zone_index(was, z)], after[i], 32) != 0)
            put(f, apex, PURGE_BELOW);
    }
    free(before);
    free(after);
    return err;
}

/* --- the whole -------------------------------------------------------------------------------- */

static int find_touched(struct finding *f, const struct purge *p)
{
    if (p->zone)
        purge_add_zone(f->out, &p->name);
    if (p->scope == PURGE_SERIAL)
        return find_serial(f, &p->name);
    if (p->scope == PURGE_BELOW)
        put(f, &p->name, PURGE_BELOW);
    /* a zone that came or went makes the names above it come or go */
    return p->scope == PURGE_NAME || p->zone ? find_name(f, &p->name) : 0;
}

int purge_find_end(struct purge_find *f, struct differ *d, struct purge_set *out)
{
    struct finding finding = {.d = d, .out = out};
    struct purge p;
    uint32_t count = purge_count(f->touched);
    int err = d->was.table != d->is.table ? find_generated(&finding) : 0;
    if (purge_all(f->touched))
        purge_add_all(out);
    for (uint32_t i = 0; !err && i < count; i++) {
        purge_get(f->touched, i, &p);
        err = find_touched(&finding, &p);
    }
    return err;
}
