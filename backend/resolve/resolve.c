#include "ptrd/resolve/resolve.h"

#include "facts.h"
#include "work.h"

/* --- rows ------------------------------------------------------------------------------------- */

int work_add(struct work *w, const struct row *row)
{
    bool leads = row->type == RRTYPE_PTR || row->type == RRTYPE_A || row->type == RRTYPE_AAAA;
    if (w->a->count == 0 || (leads && !w->leads))
        w->a->source = row->source;
    w->leads |= leads;
    return answer_add(w->a, row);
}

int work_add_contents(struct work *w, const struct store_rrset *set, struct row row)
{
    size_t at = 0;
    row.kind = ROW_TEXT;
    row.type = set->type;
    row.ttl_s = set->ttl_s;
    while (store_next_content(set->contents, &at, &row.bytes) == PTRD_FOUND) {
        int err = work_add(w, &row);
        if (err < 0)
            return err;
    }
    return 0;
}

int work_add_names(struct work *w, const struct store_ptr *ptr, struct row row)
{
    size_t at = 0;
    row.kind = ROW_NAME;
    row.type = RRTYPE_PTR;
    row.ttl_s = ptr->ttl_s;
    while (store_next_name(ptr->names, &at, &row.bytes) == PTRD_FOUND) {
        int err = work_add(w, &row);
        if (err < 0)
            return err;
    }
    return 0;
}

/* --- explicit records ------------------------------------------------------------------------- */

/* The source's CNAME of an address gives way to a local PTR. */
static int gives_way(const struct work *w, const struct store_rrset *set, bool local)
{
    struct store_ptr ptr;
    bool local_ptr;
    if (local || set->type != RRTYPE_CNAME || w->arpa.kind != ARPA_FULL)
        return PTRD_ABSENT;
    struct addr addr = {.num = w->arpa.prefix.num, .family = w->arpa.prefix.family};
    int found = answer_ptr(w->s->reader, &addr, &ptr, &local_ptr);
    return found == PTRD_FOUND && !local_ptr ? PTRD_ABSENT : found;
}

static int add_rrset(struct work *w, const struct store_rrset *set, bool local)
{
    int gone = gives_way(w, set, local);
    if (gone != PTRD_ABSENT || (w->apex && set->type == RRTYPE_DS)) /* DS: the zone above's */
        return gone < 0 ? gone : 0;
    w->exists = true;
    w->cname |= set->type == RRTYPE_CNAME;
    w->local_cname |= local && set->type == RRTYPE_CNAME;
    w->has_a |= set->type == RRTYPE_A;
    w->has_aaaa |= set->type == RRTYPE_AAAA;
    w->has_ptr |= set->type == RRTYPE_PTR;
    if (!work_wants(w, set->type))
        return 0;
    return work_add_contents(w, set,
                             (struct row){.source = ANSWER_EXPLICIT, .auth = true, .local = local});
}

static int see_rrset(void *ctx, const struct store_rrset *set, bool local)
{
    return add_rrset(ctx, set, local);
}

static int add_soa(struct work *w)
{
    struct row row = {
        .kind = ROW_TEXT, .source = ANSWER_EXPLICIT, .type = RRTYPE_SOA, .auth = true};
    w->exists = true;
    if (!work_wants(w, RRTYPE_SOA))
        return 0;
    int err = facts_soa(w->s, w->a, &row);
    return err < 0 ? err : work_add(w, &row);
}

/* --- reverse ---------------------------------------------------------------------------------- */

void work_read_arpa(struct work *w)
{
    const struct table *t = w->s->table;
    const struct zone *z = w->a->zone;
    w->arpa.kind = ARPA_NONE;
    if (!z->reverse)
        return;
    if (!t->classless_count) {
        arpa_parse(&w->q->name, &w->arpa);
        return;
    }
    table_reverse_parse(t, z, &w->q->name, &w->arpa);
    struct addr addr = {.num = w->arpa.prefix.num, .family = w->arpa.prefix.family};
    if (w->arpa.kind == ARPA_FULL && table_home(t, &addr) != z)
        w->arpa.kind = ARPA_NONE;
}

static int add_generated_ptr(struct work *w, const struct block *b, u128 num)
{
    w->exists = true;
    int err = template_generate(b->template, num, &w->a->generated);
    if (err < 0)
        return err;
    return work_add(
        w, &(struct row){.kind = ROW_NAME,
                         .source = ANSWER_GENERATED,
                         .type = RRTYPE_PTR,
                         .auth = true,
                         .ttl_s = b->ttl_s,
                         .bytes = {.bytes = w->a->generated.wire, .len = w->a->generated.len}});
}

/* The name of an address: explicit PTR or CNAME first, then the most specific block's template. */
static int see_address(struct work *w)
{
    struct addr addr = {.num = w->arpa.prefix.num, .family = w->arpa.prefix.family};
    struct store_ptr ptr;
    bool local;
    w->a->block = table_block_for(w->s->table, &addr);
    int found = w->local_cname ? PTRD_ABSENT : facts_ptrs(w->s, w->a);
    if (found == PTRD_FOUND)
        found = answer_ptr(w->s->reader, &addr, &ptr, &local);
    if (found < 0)
        return found;
    if (found == PTRD_FOUND) {
        w->exists = true;
        return work_add_names(
            w, &ptr, (struct row){.source = ANSWER_EXPLICIT, .auth = true, .local = local});
    }
    if (w->cname || w->has_ptr || !w->a->block || !w->a->block->template)
        return 0;
    return add_generated_ptr(w, w->a->block, addr.num);
}

/* --- forward ---------------------------------------------------------------------------------- */

static int add_address(struct work *w, const struct addr *addr, uint32_t ttl_s,
                       enum answer_source source)
{
    bool v4 = addr->family == FAMILY_IPV4;
    uint16_t type = v4 ? RRTYPE_A : RRTYPE_AAAA;
    w->exists = true;
    if (!work_wants(w, type) || (v4 ? w->has_a : w->has_aaaa))
        return 0;
    return work_add(w, &(struct row){.kind = ROW_ADDR,
                                     .source = source,
                                     .type = type,
                                     .auth = true,
                                     .ttl_s = ttl_s,
                                     .addr = *addr});
}

/* An explicit RRset of a type, and a CNAME for all types, stand in front of what is computed. */
static int see_forward(struct work *w)
{
    struct addr addrs[2];
    const struct block *blocks[2];
    if (w->cname)
        return 0;
    unsigned count =
        w->a->zone->reverse ? 0 : table_forward(w->s->table, &w->q->name, addrs, blocks);
    for (unsigned i = 0; i < count; i++) {
        w->a->block = blocks[i];
        int err = add_address(w, &addrs[i], blocks[i]->ttl_s, ANSWER_GENERATED);
        if (err < 0)
            return err;
    }
    if (count || !(w->records & FACTS_DERIVED))
        return 0;

    /* Derived: all addresses of a family make one RRset with the least TTL. */
    uint32_t ttl_s[2] = {UINT32_MAX, UINT32_MAX};
    struct derived d;
    int found = derived_first(w->s->reader, &w->key, &d);
    for (; found == PTRD_FOUND; found = derived_next(w->s->reader, &w->key, &d)) {
        uint32_t *least = &ttl_s[d.addr.family == FAMILY_IPV6];
        *least = d.ttl_s < *least ? d.ttl_s : *least;
    }
    if (found == PTRD_ABSENT && (ttl_s[0] & ttl_s[1]) != UINT32_MAX)
        found = derived_first(w->s->reader, &w->key, &d);
    for (; found == PTRD_FOUND; found = derived_next(w->s->reader, &w->key, &d)) {
        int err = add_address(w, &d.addr, ttl_s[d.addr.family == FAMILY_IPV6], ANSWER_DERIVED);
        if (err < 0)
            return err;
    }
    return found;
}

/* --- empty non-terminals ---------------------------------------------------------------------- */

static int ptr_in(const struct work *w, const struct range *range, bool generated)
{
    if (generated && table_generates(w->s->table, range))
        return PTRD_FOUND;
    int found = facts_ptrs(w->s, w->a);
    return found == PTRD_FOUND ? answer_any_ptr(w->s->reader, range) : found;
}

/* Around the prefixes of classless zones: they are the homes of their addresses. */
int work_ptrs_below(const struct work *w, bool generated)
{
    const struct table *t = w->s->table;
    struct range rest = range_of_prefix(&w->arpa.prefix);
    bool around = rest.family == FAMILY_IPV4 && !w->a->zone->classless;
    uint32_t i = around ? table_classless_from(t, rest.first) : t->classless_count;
    for (; i < t->classless_count; i++) {
        struct range other = range_of_prefix(&t->zones[t->classless[i]].prefix);
        if (other.first > rest.last)
            break;
        struct range before = {.first = rest.first, .last = other.first - 1, .family = rest.family};
        int found = other.first > rest.first ? ptr_in(w, &before, generated) : PTRD_ABSENT;
        if (found != PTRD_ABSENT)
            return found;
        rest.first = other.last + 1;
    }
    return rest.first <= rest.last ? ptr_in(w, &rest, generated) : PTRD_ABSENT;
}

/* Does anything exist below the name? Exact (RFC 8020): records, cuts to zones of ours, addresses
 * with a PTR, generated and derived names. What a cut or a DNAME below the name hides needs no look
 * at: the cut or DNAME itself exists. */
static int exists_below(struct work *w)
{
    const struct table *t = w->s->table;
    /* Before the way around the prefixes of classless zones, which may be many; else the blocks
     * answer faster. */
    bool zones_first = t->classless_count > 0;
    if (zones_first && table_zone_below_in(t, w->a->zone, &w->q->name))
        return PTRD_FOUND;
    if (w->arpa.kind == ARPA_PARTIAL) {
        int found = work_ptrs_below(w, true);
        if (found != PTRD_ABSENT)
            return found;
    }
    if (!w->a->zone->reverse && table_forward_below(t, &w->q->name))
        return PTRD_FOUND;
    if (!zones_first && table_zone_below_in(t, w->a->zone, &w->q->name))
        return PTRD_FOUND;
    return w->records ? answer_records_below(w->s->reader, &w->key) : PTRD_ABSENT;
}

static int add_ent(struct work *w)
{
    int found = exists_below(w);
    if (found <= 0)
        return found;
    return work_add(
        w, &(struct row){.kind = ROW_ENT, .source = ANSWER_ENT, .type = RRTYPE_ENT, .auth = true});
}

/* --- the whole -------------------------------------------------------------------------------- */

/* Below the apex only tables that may have rows there are looked at. */
static int see_records(struct work *w)
{
    w->records = w->apex ? FACTS_SOURCE | FACTS_LOCAL | FACTS_DERIVED : facts_records(w->s, w->a);
    if (w->records <= 0)
        return w->records;
    const struct origins origins = {
        w->records & FACTS_SOURCE ? answer_records.source : ORIGIN_NONE,
        w->records & FACTS_LOCAL ? answer_records.local : ORIGIN_NONE,
    };
    name_key(&w->q->name, &w->key);
    return answer_each_rrset(w->s->reader, &origins, &w->key, see_rrset, w);
}

/* Only what the type asked for can show is looked at: what else exists matters to ANY alone. */
static int see_all(struct work *w)
{
    w->apex = name_equal(&w->q->name, &w->a->zone->apex);
    int err = w->apex ? add_soa(w) : 0;
    if (err < 0 || w->q->type == RRTYPE_SOA) /* no other name has one */
        return err;
    work_read_arpa(w);
    err = see_records(w);
    if (err == 0 && w->arpa.kind == ARPA_FULL && work_wants(w, RRTYPE_PTR))
        err = see_address(w);
    if (err == 0 && (work_wants(w, RRTYPE_A) || work_wants(w, RRTYPE_AAAA)))
        err = see_forward(w);
    if (err == 0 && !w->exists && w->q->type == RRTYPE_ANY)
        err = add_ent(w);
    return err;
}

/* The zone that the id names, if it encloses the name, else NULL: then the name alone decides. */
static const struct zone *named_zone(const struct snapshot *s, const struct question *q)
{
    if (q->zone_id <= 0 || q->zone_id > INT32_MAX)
        return NULL;
    const struct zone *z = table_zone_by_id(s->table, (uint32_t)q->zone_id);
    return z && name_within(&q->name, &z->apex) ? z : NULL;
}

/* No zone of ours lies below: in canonical order the first one would follow at once. */
static bool is_lowest(const struct table *t, const struct zone *z)
{
    uint32_t self = (uint32_t)(z - t->zones);
    return self + 1 == t->zone_count || t->zones[self + 1].parent != self;
}

static void place_answer(struct answer *a, const struct place *p)
{
    a->zone = p->zone;
    a->rule = p->rule;
    if (p->cut)
        a->cut = p->cut->name;
    else
        a->cut.len = 0;
}

int work_answer_placed(struct work *w, const struct place *p)
{
    place_answer(w->a, p);
    if (!p->zone)
        return 0;
    return p->rule == PLACE_FREE ? see_all(w) : ruled_answer(w);
}

int work_answer_own(struct work *w)
{
    struct place p = table_place(w->s->table, &w->q->name);
    return work_answer_placed(w, &p);
}

void work_begin(struct work *w)
{
    w->a->count = 0;
    w->a->block = NULL;
    w->a->source = ANSWER_NONE;
}

int resolve(struct snapshot *s, const struct question *q, struct answer *a)
{
    struct work w = {.s = s, .q = q, .a = a, .arpa = {.kind = ARPA_NONE}};
    const struct zone *named = named_zone(s, q);
    work_begin(&w);
    if (!named)
        return work_answer_own(&w);
    struct place p = {.zone = named, .rule = PLACE_FREE};
    if (named->has_cuts || !is_lowest(s->table, named))
        p = table_place(s->table, &q->name);
    if (p.zone != named) {
        ruled_from_above(&w, named, p.zone);
        return ruled_answer(&w);
    }
    return work_answer_placed(&w, &p);
}
