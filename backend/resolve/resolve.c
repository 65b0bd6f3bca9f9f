#include "ptrd/resolve/resolve.h"

#include "answer.h"
#include "facts.h"

/* What is being answered: the question and what has been seen at its name so far. */
struct work {
    struct snapshot *s;
    const struct question *q;
    struct answer *a;
    struct name_key key;
    struct arpa arpa;
    int records; /* PTRD_FOUND: records or derived names may stand below the apex; key is set */
    bool cname, has_a, has_aaaa, exists, leads;
};

static bool wants(const struct work *w, uint16_t type)
{
    return w->q->type == RRTYPE_ANY || w->q->type == type;
}

static int add(struct work *w, struct row row)
{
    bool leads = row.type == RRTYPE_PTR || row.type == RRTYPE_A || row.type == RRTYPE_AAAA;
    row.auth = row.source != ANSWER_DELEGATED;
    if (w->a->count == 0 || (leads && !w->leads))
        w->a->source = row.source;
    w->leads |= leads;
    return answer_add(w->a, &row);
}

/* --- explicit records ------------------------------------------------------------------------- */

static int add_rrset(struct work *w, const struct store_rrset *set)
{
    struct span text;
    size_t at = 0;
    w->exists = true;
    w->cname |= set->type == RRTYPE_CNAME;
    w->has_a |= set->type == RRTYPE_A;
    w->has_aaaa |= set->type == RRTYPE_AAAA;
    if (!wants(w, set->type))
        return 0;
    while (store_next_content(set->contents, &at, &text) == PTRD_FOUND) {
        int err = add(w, (struct row){.kind = ROW_TEXT,
                                      .source = ANSWER_EXPLICIT,
                                      .type = set->type,
                                      .ttl_s = set->ttl_s,
                                      .bytes = text});
        if (err < 0)
            return err;
    }
    return 0;
}

static int see_rrset(void *ctx, const struct store_rrset *set)
{
    return add_rrset(ctx, set);
}

static int add_soa(struct work *w)
{
    struct span key = {.bytes = w->key.bytes, .len = w->key.len};
    struct store_zone zone;
    struct row row = {.kind = ROW_TEXT, .source = ANSWER_EXPLICIT, .type = RRTYPE_SOA};
    w->exists = true;
    if (!wants(w, RRTYPE_SOA))
        return 0;
    int err = answer_soa(w->s, key, w->a, &zone, &row.bytes);
    if (err < 0)
        return err;
    row.ttl_s = zone.ttl_s;
    return add(w, row);
}

/* --- reverse ---------------------------------------------------------------------------------- */

static int add_explicit_ptr(struct work *w, const struct store_ptr *ptr)
{
    struct span wire;
    size_t at = 0;
    w->exists = true;
    while (store_next_name(ptr->names, &at, &wire) == PTRD_FOUND) {
        int err = add(w, (struct row){.kind = ROW_NAME,
                                      .source = ANSWER_EXPLICIT,
                                      .type = RRTYPE_PTR,
                                      .ttl_s = ptr->ttl_s,
                                      .bytes = wire});
        if (err < 0)
            return err;
    }
    return 0;
}

static int add_generated_ptr(struct work *w, const struct block *b, u128 num)
{
    w->exists = true;
    int err = template_generate(b->template, num, &w->a->generated);
    if (err < 0)
        return err;
    return add(w,
               (struct row){.kind = ROW_NAME,
                            .source = ANSWER_GENERATED,
                            .type = RRTYPE_PTR,
                            .ttl_s = b->ttl_s,
                            .bytes = {.bytes = w->a->generated.wire, .len = w->a->generated.len}});
}

/* A full reverse name: explicit PTR or CNAME first, then the most specific block's template. */
static int see_address(struct work *w)
{
    struct addr addr = {.num = w->arpa.prefix.num, .family = w->arpa.prefix.family};
    struct store_ptr ptr;
    w->a->block = table_block_for(w->s->table, &addr);
    int found = answer_ptr(w->s->reader, &addr, &ptr);
    if (found < 0)
        return found;
    if (found == PTRD_FOUND)
        return add_explicit_ptr(w, &ptr);
    if (w->cname || !w->a->block || !w->a->block->template)
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
    if (!wants(w, type) || (v4 ? w->has_a : w->has_aaaa))
        return 0;
    return add(
        w, (struct row){
               .kind = ROW_ADDR, .source = source, .type = type, .ttl_s = ttl_s, .addr = *addr});
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
    if (count || w->records == PTRD_ABSENT)
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

/* Does anything exist below the name? Exact (RFC 8020): records, cuts to zones of ours, addresses
 * with a PTR, generated and derived names. */
static int exists_below(struct work *w)
{
    const struct table *t = w->s->table;
    if (w->arpa.kind == ARPA_PARTIAL) {
        struct range range = range_of_prefix(&w->arpa.prefix);
        if (table_generates(t, &range))
            return PTRD_FOUND;
        int found = answer_any_ptr(w->s->reader, &range);
        if (found != PTRD_ABSENT)
            return found;
    }
    if (!w->a->zone->reverse && table_forward_below(t, &w->q->name))
        return PTRD_FOUND;
    if (table_zone_below(t, &w->q->name))
        return PTRD_FOUND;
    return w->records == PTRD_FOUND ? answer_records_below(w->s->reader, &w->key) : PTRD_ABSENT;
}

static int add_ent(struct work *w)
{
    int found = exists_below(w);
    if (found <= 0)
        return found;
    return add(w, (struct row){.kind = ROW_ENT, .source = ANSWER_ENT, .type = RRTYPE_ENT});
}

/* --- cuts between zones of ours -------------------------------------------------------------- */

static int see_cut_rrset(void *ctx, const struct store_rrset *set)
{
    struct work *w = ctx;
    struct span text;
    size_t at = 0;
    if (set->type != RRTYPE_NS || !wants(w, RRTYPE_NS))
        return 0;
    while (store_next_content(set->contents, &at, &text) == PTRD_FOUND) {
        int err = add(w, (struct row){.kind = ROW_TEXT,
                                      .source = ANSWER_DELEGATED,
                                      .type = RRTYPE_NS,
                                      .ttl_s = set->ttl_s,
                                      .bytes = text});
        if (err < 0)
            return err;
    }
    return 0;
}

/* Asked with the id of a zone above the name's own: at the child's apex the child's NS as referral
 * (auth 0), below it nothing. */
static int see_from_above(struct work *w, const struct zone *asked)
{
    const struct table *t = w->s->table;
    const struct zone *child = w->a->zone;
    while (child->parent != TABLE_NONE && &t->zones[child->parent] != asked)
        child = &t->zones[child->parent];
    w->a->source = ANSWER_DELEGATED;
    w->a->zone = asked;
    if (!name_equal(&child->apex, &w->q->name))
        return 0;
    return answer_each_rrset(w->s->reader, &w->key, see_cut_rrset, w);
}

/* --- the whole -------------------------------------------------------------------------------- */

/* Only what the type asked for can show is looked at: what else exists matters to ANY alone. */
static int see_all(struct work *w)
{
    bool apex = name_equal(&w->q->name, &w->a->zone->apex);
    w->records = apex || !w->a->zone->reverse ? PTRD_FOUND : facts_records(w->s, w->a);
    int err = w->records;
    if (w->records == PTRD_FOUND) {
        name_key(&w->q->name, &w->key);
        err = apex ? add_soa(w) : 0;
    }
    if (err == 0 && w->records == PTRD_FOUND)
        err = answer_each_rrset(w->s->reader, &w->key, see_rrset, w);
    if (err == 0 && w->arpa.kind == ARPA_FULL && wants(w, RRTYPE_PTR))
        err = see_address(w);
    if (err == 0 && (wants(w, RRTYPE_A) || wants(w, RRTYPE_AAAA)))
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
static bool is_leaf(const struct table *t, const struct zone *z)
{
    uint32_t self = (uint32_t)(z - t->zones);
    return self + 1 == t->zone_count || t->zones[self + 1].parent != self;
}

int resolve(struct snapshot *s, const struct question *q, struct answer *a)
{
    struct work w = {.s = s, .q = q, .a = a, .arpa = {.kind = ARPA_NONE}};
    const struct zone *named = named_zone(s, q);
    a->count = 0;
    a->block = NULL;
    a->source = ANSWER_NONE;
    a->zone = named && is_leaf(s->table, named) ? named : table_zone_for(s->table, &q->name);
    if (!a->zone)
        return 0;
    if (named && named != a->zone) {
        name_key(&q->name, &w.key);
        return see_from_above(&w, named);
    }
    if (a->zone->reverse)
        arpa_parse(&q->name, &w.arpa);
    return see_all(&w);
}
