/* The delegated addresses of a table as disjoint ranges.
 *
 * The arpa names of zones and cuts nest as prefixes do, so that each address is in the innermost of
 * them: below a zone it is ours again, below a cut it is not. Addresses of classless zones have
 * their PTRs elsewhere: they are taken out, and what is delegated inside those zones put in. */
#include "table_p.h"

#include <stdlib.h>
#include <string.h>

/* --- lists of ranges -------------------------------------------------------------------------- */

struct ranges {
    struct range *at;
    uint32_t count, capacity;
};

static int add_range(struct ranges *r, u128 first, u128 last, enum family family)
{
    if (first > last)
        return 0;
    int err = table_grow(&r->at, r->count, &r->capacity, sizeof *r->at);
    if (err == 0)
        r->at[r->count++] = (struct range){.first = first, .last = last, .family = family};
    return err;
}

static int by_first(const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

/* Sorts and unites what overlaps or touches. */
static void unite(struct ranges *r)
{
    uint32_t kept = 0;
    if (r->count)
        qsort(r->at, r->count, sizeof *r->at, by_first);
    for (uint32_t i = 0; i < r->count; i++) {
        struct range *last = kept ? &r->at[kept - 1] : NULL;
        if (!last || (r->at[i].first > last->last && r->at[i].first - last->last > 1))
            r->at[kept++] = r->at[i];
        else if (r->at[i].last > last->last)
            last->last = r->at[i].last;
    }
    r->count = kept;
}

/* --- zones and cuts by arpa name -------------------------------------------------------------- */

struct mark {
    u128 first, last;
    uint32_t parent; /* the mark around it, or TABLE_NONE */
    uint8_t name_len;
    bool cut;
};

struct marks {
    struct mark *at;
    uint32_t count;
};

static const struct name arpa_root = {.len = 6, .wire = "\4arpa"};

/* The addresses whose arpa names lie at or below the name; *at: one may be the name itself. */
static bool read_name(const struct name *name, enum family family, struct range *out, bool *at)
{
    struct arpa arpa;
    arpa_parse(name, &arpa);
    *at = arpa.kind == ARPA_FULL;
    if (name_within(&arpa_root, name)) /* both suffixes lie below it */
        arpa = (struct arpa){.kind = ARPA_PARTIAL, .prefix = {.family = family}};
    if (arpa.kind != ARPA_FULL && arpa.kind != ARPA_PARTIAL)
        return false;
    *out = range_of_prefix(&arpa.prefix);
    return out->family == family;
}

static void add_mark(struct marks *m, enum family family, const struct name *name, uint8_t flags)
{
    struct range range;
    bool at;
    if (!read_name(name, family, &range, &at))
        return;
    if (flags == CUT_DNAME && at) /* rules only what is below its owner */
        return;
    m->at[m->count++] = (struct mark){
        .first = range.first, .last = range.last, .name_len = name->len, .cut = flags != 0};
}

/* Enclosing before enclosed: equal addresses at the top, where names have no digits yet, and for a
 * DNAME at the apex of a zone, which lies within the zone. */
static int by_nesting(const void *a, const void *b)
{
    const struct mark *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    if (x->last != y->last)
        return x->last > y->last ? -1 : 1;
    if (x->name_len != y->name_len)
        return (int)x->name_len - (int)y->name_len;
    return (int)x->cut - (int)y->cut;
}

static int collect_marks(const struct table *t, enum family family, struct marks *m)
{
    m->at = malloc(((size_t)t->zone_count + t->cut_count + 1) * sizeof *m->at);
    if (!m->at)
        return PTRD_ENOMEM;
    for (uint32_t i = 0; i < t->cut_count; i++)
        add_mark(m, family, &t->cuts[i].name, t->cuts[i].flags);
    if (m->count == 0) /* nothing to take anything from */
        return 0;
    for (uint32_t i = 0; i < t->zone_count; i++)
        add_mark(m, family, &t->zones[i].apex, 0);
    qsort(m->at, m->count, sizeof *m->at, by_nesting);
    return 0;
}

/* A walk through the marks in the order of addresses. */
struct sweep {
    const struct marks *marks;
    struct ranges *out;
    enum family family;
    uint32_t open; /* the innermost mark, or TABLE_NONE */
    u128 at;       /* addresses below are done */
    bool done;     /* all of them are */
};

/* Up to `last` nothing changes. */
static int sweep_to(struct sweep *s, u128 last)
{
    int err = 0;
    if (s->done || last < s->at)
        return 0;
    if (s->open != TABLE_NONE && s->marks->at[s->open].cut)
        err = add_range(s->out, s->at, last, s->family);
    s->done = last == family_max(s->family);
    s->at = last + 1;
    return err;
}

static int leave_mark(struct sweep *s)
{
    const struct mark *m = &s->marks->at[s->open];
    int err = sweep_to(s, m->last);
    s->open = m->parent;
    return err;
}

static int sweep_marks(struct marks *m, enum family family, struct ranges *out)
{
    struct sweep s = {.marks = m, .out = out, .family = family, .open = TABLE_NONE};
    int err = 0;
    for (uint32_t i = 0; err == 0 && i < m->count; i++) {
        while (err == 0 && s.open != TABLE_NONE && m->at[s.open].last < m->at[i].first)
            err = leave_mark(&s);
        if (err == 0 && m->at[i].first > 0)
            err = sweep_to(&s, m->at[i].first - 1);
        m->at[i].parent = s.open;
        s.open = i;
    }
    while (err == 0 && s.open != TABLE_NONE)
        err = leave_mark(&s);
    return err;
}

static int mark_cuts(const struct table *t, enum family family, struct ranges *out)
{
    struct marks m = {NULL, 0};
    int err = collect_marks(t, family, &m);
    if (err == 0)
        err = sweep_marks(&m, family, out);
    free(m.at);
    return err;
}

/* --- classless zones -------------------------------------------------------------------------- */

static struct range prefix_of(const struct table *t, uint32_t classless)
{
    return range_of_prefix(&t->zones[t->classless[classless]].prefix);
}

/* Takes the prefixes of the classless zones out of sorted, disjoint ranges. */
static int without_classless(const struct table *t, const struct ranges *in, struct ranges *out)
{
    uint32_t k = 0;
    int err = 0;
    for (uint32_t i = 0; err == 0 && i < in->count; i++) {
        struct range rest = in->at[i];
        while (k < t->classless_count && prefix_of(t, k).last < rest.first)
            k++;
        bool used_up = false;
        for (; err == 0 && !used_up && k < t->classless_count; k++) {
            struct range p = prefix_of(t, k);
            if (p.first > rest.last)
                break;
            if (p.first > rest.first)
                err = add_range(out, rest.first, p.first - 1, FAMILY_IPV4);
            used_up = p.last >= rest.last; /* it may reach into the next one too */
            rest.first = p.last + 1;
            if (used_up)
                break;
        }
        if (err == 0 && !used_up)
            err = add_range(out, rest.first, rest.last, FAMILY_IPV4);
    }
    return err;
}

/* What a cut inside a classless zone rules: the PTRs all stand directly below the apex. */
static int add_classless_cut(const struct table *t, const struct zone *z, const struct cut *c,
                             struct ranges *out)
{
    struct arpa arpa;
    table_reverse_parse(t, z, &c->name, &arpa);
    bool all = arpa.kind == ARPA_PARTIAL, one = arpa.kind == ARPA_FULL && c->flags & CUT_NS;
    if (!all && !one)
        return 0;
    struct range range = range_of_prefix(&arpa.prefix);
    return add_range(out, range.first, range.last, FAMILY_IPV4);
}

static int add_classless(const struct table *t, struct ranges *out)
{
    int err = 0;
    if (t->classless_count == 0)
        return 0;
    for (uint32_t i = 0; err == 0 && i < t->cut_count; i++)
        if (t->zones[t->cuts[i].zone].classless)
            err = add_classless_cut(t, &t->zones[t->cuts[i].zone], &t->cuts[i], out);
    /* A zone of ours at the PTR's very name: it is not the home, and holds no PTRs there. */
    for (uint32_t i = 0; err == 0 && i < t->zone_count; i++) {
        const struct zone *z = &t->zones[i];
        struct arpa arpa;
        if (z->parent == TABLE_NONE || !t->zones[z->parent].classless)
            continue;
        table_reverse_parse(t, &t->zones[z->parent], &z->apex, &arpa);
        if (arpa.kind == ARPA_FULL)
            err = add_range(out, arpa.prefix.num, arpa.prefix.num, FAMILY_IPV4);
    }
    return err;
}

/* --- prefixes delegated by RFC 2317 ----------------------------------------------------------- */

/* May an address of the prefix have a home at or below child that is no classless zone? Only where
 * child is at or above the name of its /24, or the name of one of its addresses. */
static bool may_enclose(const struct name *child, const struct prefix *prefix)
{
    struct addr first = {.num = prefix->num, .family = FAMILY_IPV4};
    struct range range = range_of_prefix(prefix);
    struct name octets;
    struct arpa arpa;
    arpa_name(&first, &octets);
    name_strip(&octets, 1, &octets);
    if (name_within(&octets, child))
        return true;
    arpa_parse(child, &arpa);
    return arpa.kind == ARPA_FULL && arpa.prefix.family == FAMILY_IPV4 &&
           arpa.prefix.num >= range.first && arpa.prefix.num <= range.last;
}

/* first..last of the prefix, less the addresses whose home lies at or below child. */
static int add_foreign(const struct table *t, const struct delegated *d, bool ask, u128 first,
                       u128 last, struct ranges *out)
{
    int err = 0;
    if (!ask)
        return add_range(out, first, last, FAMILY_IPV4);
    for (u128 num = first; err == 0 && num <= last; num++) {
        const struct zone *home = table_home(t, &(struct addr){num, FAMILY_IPV4});
        if (!home || !name_within(&home->apex, &d->child))
            err = add_range(out, num, num, FAMILY_IPV4);
    }
    return err;
}

static int add_delegated(const struct table *t, const struct delegated *d, struct ranges *out)
{
    struct range rest = range_of_prefix(&d->prefix);
    bool ask = may_enclose(&d->child, &d->prefix);
    int err = 0;
    for (uint32_t i = table_classless_from(t, rest.first); err == 0 && i < t->classless_count;
         i++) {
        struct range p = prefix_of(t, i);
        if (p.first > rest.last)
            break;
        if (!name_within(&t->zones[t->classless[i]].apex, &d->child))
            continue;
        if (p.first > rest.first)
            err = add_foreign(t, d, ask, rest.first, p.first - 1, out);
        rest.first = p.last + 1;
    }
    return err < 0 ? err : add_foreign(t, d, ask, rest.first, rest.last, out);
}

/* --- the whole -------------------------------------------------------------------------------- */

static int build_v4(const struct table *t, const struct delegated *delegated, uint32_t count,
                    struct ranges *out)
{
    struct ranges cuts = {NULL, 0, 0};
    int err = mark_cuts(t, FAMILY_IPV4, &cuts);
    if (err == 0)
        err = without_classless(t, &cuts, out);
    free(cuts.at);
    if (err == 0)
        err = add_classless(t, out);
    for (uint32_t i = 0; err == 0 && i < count; i++)
        err = add_delegated(t, &delegated[i], out);
    return err;
}

int delegated_finish(struct table *t, const struct delegated *delegated, uint32_t count)
{
    struct ranges v4 = {NULL, 0, 0}, v6 = {NULL, 0, 0};
    int err = build_v4(t, delegated, count, &v4);
    if (err == 0)
        err = mark_cuts(t, FAMILY_IPV6, &v6);
    if (err < 0) {
        free(v4.at);
        free(v6.at);
        return err;
    }
    unite(&v4);
    unite(&v6);
    t->delegated_v4 = v4.at;
    t->delegated_v4_count = v4.count;
    t->delegated_v6 = v6.at;
    t->delegated_v6_count = v6.count;
    return 0;
}

bool table_delegated(const struct table *t, const struct addr *a)
{
    bool four = a->family == FAMILY_IPV4;
    const struct range *ranges = four ? t->delegated_v4 : t->delegated_v6;
    uint32_t low = 0, high = four ? t->delegated_v4_count : t->delegated_v6_count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (ranges[mid].last < a->num)
            low = mid + 1;
        else
            high = mid;
    }
    return low < (four ? t->delegated_v4_count : t->delegated_v6_count) &&
           ranges[low].first <= a->num;
}
