#include "load_p.h"
#include "ptrd/core/rrtype.h"

#include <stdlib.h>

static int hide(struct local_ptrs *p, const struct addr *addr)
{
    if (p->count == p->capacity) {
        size_t capacity = p->capacity ? p->capacity * 2 : 64;
        struct addr *addrs = realloc(p->addrs, capacity * sizeof *addrs);
        if (!addrs)
            return PTRD_ENOMEM;
        p->addrs = addrs;
        p->capacity = capacity;
    }
    p->addrs[p->count++] = *addr;
    return 0;
}

bool local_hides(struct local_ptrs *p, const struct addr *addr)
{
    while (p->at < p->count && addr_compare(&p->addrs[p->at], addr) < 0)
        p->at++;
    return p->at < p->count && addr_compare(&p->addrs[p->at], addr) == 0;
}

/* --- PTRs --- */

static int read_ptr(struct loader *l, struct span key, struct span value, uint32_t at[2])
{
    struct addr addr;
    struct store_ptr row;
    int err = store_read_key_addr(key, &addr);
    if (!err)
        err = store_read_ptr(value, &row);
    if (err)
        return err;
    bool v4 = addr.family == FAMILY_IPV4;
    if (reverse_next(reverse_of(&l->reverse, addr.family), addr.num, &at[v4]) == TABLE_NONE)
        return 0; /* its zone is gone: nobody sees it */
    err = derived_add(l, &addr, &row, DERIVED_IN_FORCE);
    return err ? err : hide(&l->local_ptrs, &addr);
}

static int read_ptrs(struct loader *l)
{
    struct span key, value;
    uint32_t at[2] = {0, 0};
    int found = store_writer_seek(l->w, STORE_LOCAL_PTRS, (struct span){0}, &key, &value);
    while (found == PTRD_FOUND) {
        int err = read_ptr(l, key, value, at);
        if (err)
            return err;
        found = store_writer_next(l->w, STORE_LOCAL_PTRS, &key, &value);
    }
    return found;
}

/* --- records: those that cut, and aliases, which hide whatever the source has at their name --- */

bool load_address_of(const struct table *t, const struct name *owner, struct addr *out)
{
    const struct zone *z = table_zone_for(t, owner);
    struct arpa arpa;
    if (!z || !z->reverse)
        return false;
    table_reverse_parse(t, z, owner, &arpa);
    *out = (struct addr){.num = arpa.prefix.num, .family = arpa.prefix.family};
    return arpa.kind == ARPA_FULL && table_home(t, out) == z;
}

static int read_record(struct loader *l, struct span key, struct span value)
{
    struct store_rrset set;
    struct name owner;
    struct addr addr;
    uint16_t type;
    int err = store_read_key_rrset(key, &owner, &type);
    if (err || (type != RRTYPE_NS && type != RRTYPE_DNAME && type != RRTYPE_CNAME))
        return err;
    err = store_read_rrset(value, &set);
    bool tombstone = set.count == 0;
    if (!err)
        err = cuts_add_local(&l->local_cuts, &owner, type, tombstone);
    if (!err && type == RRTYPE_CNAME && !tombstone && load_address_of(l->t, &owner, &addr))
        err = hide(&l->local_ptrs, &addr);
    return err;
}

static int read_records(struct loader *l)
{
    struct span key, value;
    int found = store_writer_seek(l->w, STORE_LOCAL_RECORDS, (struct span){0}, &key, &value);
    while (found == PTRD_FOUND) {
        int err = read_record(l, key, value);
        if (err)
            return err;
        found = store_writer_next(l->w, STORE_LOCAL_RECORDS, &key, &value);
    }
    return found;
}

static int any_row(struct loader *l)
{
    static const enum store_table tables[] = {STORE_LOCAL_RECORDS, STORE_LOCAL_PTRS,
                                              STORE_LOCAL_ABOVE, STORE_KEYS};
    struct span key, value;
    int found = PTRD_ABSENT;
    for (size_t i = 0; i < sizeof tables / sizeof *tables && found == PTRD_ABSENT; i++)
        found = store_writer_seek(l->w, tables[i], (struct span){0}, &key, &value);
    l->has_local = found == PTRD_FOUND;
    return found < 0 ? found : 0;
}

int local_read(struct loader *l)
{
    int err = any_row(l);
    if (!err)
        err = read_ptrs(l);
    if (!err)
        err = read_records(l);
    l->local_ptrs.count = addr_sort(l->local_ptrs.addrs, l->local_ptrs.count);
    return err;
}
