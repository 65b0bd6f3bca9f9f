#include "ptrd/resolve/resolve.h"

#include "answer.h"

/* --- one RRset -------------------------------------------------------------------------------- */

static int add_contents(struct answer *a, const struct store_rrset *set, bool local)
{
    struct row row = {.kind = ROW_TEXT,
                      .source = ANSWER_EXPLICIT,
                      .type = set->type,
                      .auth = true,
                      .local = local,
                      .ttl_s = set->ttl_s};
    size_t at = 0;
    while (store_next_content(set->contents, &at, &row.bytes) == PTRD_FOUND) {
        int err = answer_add(a, &row);
        if (err < 0)
            return err;
    }
    return 0;
}

static int add_names(struct answer *a, const struct store_ptr *ptr, bool local)
{
    struct row row = {.kind = ROW_NAME,
                      .source = ANSWER_EXPLICIT,
                      .type = RRTYPE_PTR,
                      .auth = true,
                      .local = local,
                      .ttl_s = ptr->ttl_s};
    size_t at = 0;
    while (store_next_name(ptr->names, &at, &row.bytes) == PTRD_FOUND) {
        int err = answer_add(a, &row);
        if (err < 0)
            return err;
    }
    return 0;
}

/* Is owner the name where the PTR of an address stands? */
static bool is_reverse_name(const struct table *t, const struct zone *zone,
                            const struct name *owner, struct addr *out)
{
    struct arpa arpa;
    if (!zone || !zone->reverse)
        return false;
    table_reverse_parse(t, zone, owner, &arpa);
    *out = (struct addr){.num = arpa.prefix.num, .family = arpa.prefix.family};
    return arpa.kind == ARPA_FULL && table_home(t, out) == zone;
}

static int explicit_ptr(struct snapshot *s, const struct addr *addr, struct answer *a)
{
    struct store_ptr ptr;
    bool local;
    int found = answer_ptr(s->reader, addr, &ptr, &local);
    return found == PTRD_FOUND ? add_names(a, &ptr, local) : found;
}

static int explicit_soa(struct snapshot *s, const struct name *apex, struct answer *a)
{
    struct row row = {
        .kind = ROW_TEXT, .source = ANSWER_EXPLICIT, .type = RRTYPE_SOA, .auth = true};
    struct name_key key;
    name_key(apex, &key);
    int err = answer_soa(s, &key, a, &row);
    return err < 0 ? err : answer_add(a, &row);
}

int resolve_explicit(struct snapshot *s, enum explicit_table table, const struct name *owner,
                     uint16_t type, struct answer *a)
{
    struct name_key key;
    struct store_rrset set;
    struct addr addr;
    bool local;
    if (table == EXPLICIT_RECORDS) {
        const struct zone *zone = table_zone_for(s->table, owner);
        if (type == RRTYPE_PTR && is_reverse_name(s->table, zone, owner, &addr))
            return explicit_ptr(s, &addr, a);
        if (type == RRTYPE_SOA)
            return zone && name_equal(&zone->apex, owner) ? explicit_soa(s, owner, a) : 0;
    }
    name_key(owner, &key);
    int found = answer_rrset(s->reader, table == EXPLICIT_ABOVE ? &answer_above : &answer_records,
                             &key, type, &set, &local);
    return found == PTRD_FOUND ? add_contents(a, &set, local) : found;
}

/* --- derived addresses ------------------------------------------------------------------------ */

const struct zone *resolve_derives(const struct table *t, enum ptr_forward forward,
                                   const struct name *target)
{
    if (forward != FORWARD_AUTO && forward != FORWARD_UNSAID)
        return NULL;
    const struct zone *z = table_zone_for(t, target);
    if (!z || name_equal(&z->apex, target) || !name_is_host(target))
        return NULL;
    return forward == FORWARD_AUTO || z->forward_auto ? z : NULL;
}
