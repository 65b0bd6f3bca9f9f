/* model_expand: what delegations and zones of RFC 2317 stand for, and which records are something
 * else than records: explicit PTRs, and what a zone holds above a zone of ours inside it. */
#include "model_p.h"

#include "ptrd/core/rrtype.h"

#include <stdlib.h>
#include <string.h>

struct expansion {
    struct model *m;
    struct diag *diag;
    struct table *zones; /* the zones only; refs are indices of m->zones */
    struct table *cuts;  /* with the cuts and DNAMEs */
    uint32_t *taken; /* IPv4 addresses of RFC 2317 zones of ours with records at the arpa name */
    uint32_t taken_count, taken_capacity;
};

static int no_memory(const struct expansion *e)
{
    return diag_set(e->diag, PTRD_ENOMEM, "%s", ptrd_strerror(PTRD_ENOMEM));
}

static const struct model_zone *model_zone_of(const struct expansion *e, const struct zone *z)
{
    return &e->m->zones[z->ref];
}

static const struct zone *zone_above(const struct table *t, const struct zone *z)
{
    return z->parent == TABLE_NONE ? NULL : &t->zones[z->parent];
}

/* The zone whose apex is name, or NULL. */
static const struct zone *zone_at(const struct table *t, const struct name *name)
{
    const struct zone *z = table_zone_for(t, name);
    return z && name_equal(&z->apex, name) ? z : NULL;
}

/* --- the tables ------------------------------------------------------------------------------- */

static int refuse_overlap(const struct expansion *e, const uint32_t conflict[2])
{
    const struct model_zone *a = &e->m->zones[conflict[0]], *b = &e->m->zones[conflict[1]];
    char one[RANGE_TEXT_SIZE], two[RANGE_TEXT_SIZE], first[512];
    if (b->place.file == a->place.file && b->place.line < a->place.line) {
        const struct model_zone *later = a;
        a = b;
        b = later;
    }
    prefix_print(&a->settings.prefix, one);
    prefix_print(&b->settings.prefix, two);
    model_place_print(e->m, a->place, b->place, first, sizeof first);
    return model_refuse(e->m, b->place, e->diag, PTRD_ECONFLICT,
                        "zone of the prefix %s: it overlaps that of %s in %s; an address has its "
                        "PTR in one zone",
                        two, one, first);
}

static int build(struct expansion *e, bool with_cuts, struct table **out)
{
    struct table_builder *b;
    uint32_t conflict[2] = {0, 0};
    int err = table_builder_new(&b);
    if (err < 0)
        return no_memory(e);
    err = model_put_zones(e->m, b);
    if (err == 0 && with_cuts)
        err = model_put_cuts(e->m, b);
    if (err == 0)
        err = table_finish(b, out, conflict, NULL);
    table_builder_free(b);
    if (err == PTRD_ECONFLICT)
        return refuse_overlap(e, conflict);
    return err < 0 ? diag_set(e->diag, err, "%s", ptrd_strerror(err)) : 0;
}

/* --- records that are made -------------------------------------------------------------------- */

/* A record that zone holds: in `records`, or in `above` where the owner is the apex of a zone of
 * ours. */
static int make(struct expansion *e, const struct zone *zone, const struct model_record *values)
{
    bool above = table_zone_for(e->zones, &values->owner) != zone;
    struct model_record *r = above ? model_add_above(e->m) : model_add_record(e->m);
    if (!r)
        return no_memory(e);
    *r = *values;
    r->made = true;
    r->in = zone->apex;
    return 0;
}

static int make_name(struct expansion *e, const struct zone *zone, const struct name *owner,
                     uint16_t type, const struct name *target, uint32_t ttl_s,
                     struct model_place place)
{
    struct model_record r = {.owner = *owner, .type = type, .ttl_s = ttl_s, .place = place};
    r.content = model_name_content(e->m, target, &r.content_len);
    return r.content ? make(e, zone, &r) : no_memory(e);
}

/* --- delegations: the names of the cuts ------------------------------------------------------- */

/* Prefixes of the cuts of a delegation without child: how many, and their length. */
static unsigned cut_count(const struct prefix *p, uint8_t *step_len)
{
    int zones = arpa_zones(p, step_len);
    if (zones > 0)
        return (unsigned)zones;
    *step_len = 32;
    return 1u << (32 - p->len);
}

static void cut_name(const struct expansion *e, const struct prefix *p, uint8_t step_len,
                     unsigned i, struct name *out)
{
    struct prefix part = {.num = p->num | (u128)i << (family_bits(p->family) - step_len),
                          .family = p->family,
                          .len = step_len};
    if (step_len == family_bits(p->family)) {
        struct addr addr = {.num = part.num, .family = part.family};
        table_reverse_name(e->zones, &addr, out);
    } else if (arpa_prefix_name(&part, out) < 0) {
        *out = (struct name){.len = 1}; /* not reached: cuts end on a boundary */
    }
}

static bool contains(const struct prefix *outer, const struct prefix *inner)
{
    unsigned host = family_bits(outer->family) - outer->len;
    return outer->family == inner->family && outer->len <= inner->len &&
           !((outer->num ^ inner->num) & ~low_bits(host) & family_max(outer->family));
}

/* The RFC 2317 zone of ours with exactly this prefix. */
static const struct zone *classless_equal(const struct expansion *e, const struct prefix *p)
{
    struct addr first = {.num = p->num, .family = p->family};
    const struct zone *home = table_home(e->zones, &first);
    return home && home->classless && home->prefix.len == p->len && contains(&home->prefix, p)
               ? home
               : NULL;
}

/* --- delegations: against each other ---------------------------------------------------------- */

/* Does what o delegates around d go to a zone of ours? Then d is a delegation of that zone. */
static bool leads_to_us(const struct expansion *e, const struct model_delegation *o,
                        const struct model_delegation *d)
{
    uint8_t step_len, own_len;
    struct name name;
    if (o->child.len)
        return classless_equal(e, &o->prefix) != NULL;
    (void)cut_count(&o->prefix, &step_len);
    (void)cut_count(&d->prefix, &own_len);
    if (d->prefix.len < step_len || (!d->child.len && own_len == step_len))
        return false;
    unsigned shift = family_bits(o->prefix.family) - step_len;
    cut_name(e, &o->prefix, step_len, (unsigned)((d->prefix.num ^ o->prefix.num) >> shift), &name);
    return zone_at(e->zones, &name) != NULL;
}

static int refuse_nested(const struct expansion *e, const struct model_delegation *o,
                         const struct model_delegation *d)
{
    char outer[RANGE_TEXT_SIZE], inner[RANGE_TEXT_SIZE], first[512];
    prefix_print(&o->prefix, outer);
    prefix_print(&d->prefix, inner);
    model_place_print(e->m, o->place, d->place, first, sizeof first);
    if (o->prefix.len == d->prefix.len)
        return model_refuse(e->m, d->place, e->diag, PTRD_ECONFLICT,
                            "delegation of %s is given twice, first in %s", inner, first);
    return model_refuse(e->m, d->place, e->diag, PTRD_ECONFLICT,
                        "delegation of %s: it lies inside the delegation of %s in %s; whoever "
                        "serves that one delegates it",
                        inner, outer, first);
}

static int check_nesting(const struct expansion *e)
{
    const struct model_delegation *around[129], *all = e->m->delegations;
    unsigned depth = 0;
    for (uint32_t i = 0; i < e->m->delegation_count; i++) {
        while (depth && !contains(&around[depth - 1]->prefix, &all[i].prefix))
            depth--;
        for (unsigned k = depth; k > 0; k--)
            if (around[k - 1]->prefix.len == all[i].prefix.len ||
                !leads_to_us(e, around[k - 1], &all[i]))
                return refuse_nested(e, around[k - 1], &all[i]);
        around[depth++] = &all[i];
    }
    return 0;
}

/* The zones of RFC 2317 that we serve ourselves. */
static int check_classless(const struct expansion *e, const struct model_delegation *d)
{
    char prefix[RANGE_TEXT_SIZE], other[RANGE_TEXT_SIZE], apex[NAME_TEXT_SIZE], first[512];
    if (d->prefix.family != FAMILY_IPV4 || d->prefix.len <= 24)
        return 0;
    prefix_print(&d->prefix, prefix);
    for (uint32_t i = table_classless_from(e->zones, d->prefix.num); i < e->zones->classless_count;
         i++) {
        const struct zone *z = &e->zones->zones[e->zones->classless[i]];
        if (!contains(&d->prefix, &z->prefix))
            break;
        if (d->prefix.len == z->prefix.len && name_equal(&d->child, &z->apex))
            continue;
        name_print(&z->apex, apex);
        prefix_print(&z->prefix, other);
        model_place_print(e->m, model_zone_of(e, z)->place, d->place, first, sizeof first);
        if (d->prefix.len == z->prefix.len)
            return model_refuse(e->m, d->place, e->diag, PTRD_ECONFLICT,
                                "delegation of %s: `zones:` has the zone `%.256s` for it (%s); "
                                "expected that name as `style`",
                                prefix, apex, first);
        return model_refuse(e->m, d->place, e->diag, PTRD_ECONFLICT,
                            "delegation of %s: it holds the prefix %s of the zone `%.256s` (%s)",
                            prefix, other, apex, first);
    }
    return 0;
}

/* --- delegations: NS and DS ------------------------------------------------------------------- */

static int refuse_unserved(const struct expansion *e, const struct model_delegation *d,
                           const struct name *name)
{
    char prefix[RANGE_TEXT_SIZE], text[NAME_TEXT_SIZE];
    const struct zone *zone = table_zone_for(e->zones, name);
    prefix_print(&d->prefix, prefix);
    name_print(name, text);
    if (zone && name_equal(&zone->apex, name))
        return model_refuse(e->m, d->place, e->diag, PTRD_ECONFLICT,
                            "delegation of %s: `%.256s` is a zone of `zones:` itself, and only the "
                            "zone around it can delegate it; leave one of the two out",
                            prefix, text);
    return model_refuse(e->m, d->place, e->diag, PTRD_ECONFLICT,
                        "delegation of %s: `%.256s` lies in no reverse zone of `zones:`, and only "
                        "the zone around it can delegate it",
                        prefix, text);
}

/* NS and DS of one cut. */
static int make_cut(struct expansion *e, struct model_delegation *d, const struct name *owner)
{
    const struct zone *zone = table_zone_for(e->zones, owner);
    if (zone && name_equal(&zone->apex, owner))
        zone = zone_above(e->zones, zone);
    if (!zone || !zone->reverse)
        return refuse_unserved(e, d, owner);
    if (d->ttl_s == MODEL_TTL_UNSAID)
        d->ttl_s = model_zone_of(e, zone)->settings.ttl_s;
    int err = 0;
    for (unsigned i = 0; i < d->ns_count && err == 0; i++)
        err = make_name(e, zone, owner, RRTYPE_NS, &d->ns[i], d->ttl_s, d->place);
    for (unsigned i = 0; i < d->ds_count && err == 0; i++) {
        struct model_record r = {.owner = *owner,
                                 .type = RRTYPE_DS,
                                 .ttl_s = d->ttl_s,
                                 .content = d->ds[i],
                                 .content_len = strlen(d->ds[i]),
                                 .place = d->place};
        err = make(e, zone, &r);
    }
    return err;
}

static int make_cuts(struct expansion *e, struct model_delegation *d)
{
    uint8_t step_len;
    int err = check_classless(e, d);
    if (err == 0 && d->child.len) {
        const struct zone *z = zone_at(e->zones, &d->child);
        if (z && z != classless_equal(e, &d->prefix)) {
            char prefix[RANGE_TEXT_SIZE], apex[NAME_TEXT_SIZE];
            prefix_print(&d->prefix, prefix);
            name_print(&z->apex, apex);
            return model_refuse(e->m, d->place, e->diag, PTRD_ECONFLICT,
                                "delegation of %s: `style` names `%.256s`, which is a zone of "
                                "`zones:` for something else",
                                prefix, apex);
        }
        return make_cut(e, d, &d->child);
    }
    unsigned count = err == 0 ? cut_count(&d->prefix, &step_len) : 0;
    for (unsigned i = 0; i < count && err == 0; i++) {
        struct name name;
        cut_name(e, &d->prefix, step_len, i, &name);
        err = make_cut(e, d, &name);
    }
    return err;
}

/* --- CNAMEs of RFC 2317 ----------------------------------------------------------------------- */

struct alias {
    const struct prefix *prefix;
    const struct name *child;
    uint32_t ttl_s; /* or MODEL_TTL_UNSAID: that of the zone around */
    struct model_place place;
    bool automatic; /* the child is ours: only where the zone around it is too */
    bool inside;    /* the addresses have their PTRs in an RFC 2317 zone of ours */
};

static int refuse_alias(const struct expansion *e, const struct alias *a, const struct name *owner,
                        const char *why)
{
    char prefix[RANGE_TEXT_SIZE], text[NAME_TEXT_SIZE];
    prefix_print(a->prefix, prefix);
    name_print(owner, text);
    return model_refuse(e->m, a->place, e->diag, PTRD_ECONFLICT,
                        "%s of %s: the CNAME at `%.256s` %s", a->automatic ? "zone" : "delegation",
                        prefix, text, why);
}

static int compare_numbers(const void *pa, const void *pb)
{
    const uint32_t *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

static bool is_taken(const struct expansion *e, const struct addr *addr)
{
    uint32_t num = (uint32_t)addr->num;
    return e->taken_count &&
           bsearch(&num, e->taken, e->taken_count, sizeof num, compare_numbers) != NULL;
}

static int make_alias(struct expansion *e, const struct alias *a, const struct addr *addr)
{
    struct name owner, target, octet = {.len = 1};
    if (a->inside)
        table_reverse_name(e->zones, addr, &owner);
    else
        arpa_name(addr, &owner);
    struct place at = table_place(e->cuts, &owner);
    /* The first label of both names of an address is its last octet. */
    arpa_name(addr, &octet);
    octet.len = (uint8_t)(octet.wire[0] + 2);
    octet.wire[octet.len - 1] = 0;
    if (name_concat(&octet, a->child, &target) < 0)
        return refuse_alias(e, a, &owner, "would lead to a name longer than 255 octets");
    bool served = at.zone && at.zone->reverse && at.rule == PLACE_FREE;
    /* Asked of the owner: a zone at the PTR's own name has no room for the CNAME either. */
    if (name_equal(&owner, &target) || (a->automatic && (!served || is_taken(e, addr))))
        return 0;
    if (!at.zone || !at.zone->reverse)
        return refuse_alias(e, a, &owner, "would lie in no reverse zone of `zones:`");
    if (at.rule != PLACE_FREE)
        return refuse_alias(e, a, &owner, "would lie inside another delegation");
    if (name_equal(&at.zone->apex, &owner))
        return refuse_alias(e, a, &owner, "would stand at the apex of a zone");
    uint32_t ttl_s = a->ttl_s;
    if (ttl_s == MODEL_TTL_UNSAID)
        ttl_s = e->m->zones[at.zone->ref].settings.ttl_s;
    const struct zone *zone = table_zone_for(e->zones, &owner);
    return zone ? make_name(e, zone, &owner, RRTYPE_CNAME, &target, ttl_s, a->place) : 0;
}

static int make_aliases(struct expansion *e, const struct alias *a)
{
    int err = 0;
    for (u128 i = 0; i <= low_bits(32u - a->prefix->len) && err == 0; i++) {
        struct addr addr = {.num = a->prefix->num | i, .family = FAMILY_IPV4};
        err = make_alias(e, a, &addr);
    }
    return err;
}

static int make_all_aliases(struct expansion *e)
{
    const struct model *m = e->m;
    int err = 0;
    for (uint32_t i = 0; i < m->zone_count && err == 0; i++) {
        const struct model_zone *z = &m->zones[i];
        struct alias a = {.prefix = &z->settings.prefix,
                          .child = &z->apex,
                          .ttl_s = MODEL_TTL_UNSAID,
                          .place = z->place,
                          .automatic = true};
        if (z->settings.classless && !z->settings.no_cnames)
            err = make_aliases(e, &a);
    }
    for (uint32_t i = 0; i < m->delegation_count && err == 0; i++) {
        const struct model_delegation *d = &m->delegations[i];
        struct addr first = {.num = d->prefix.num, .family = d->prefix.family};
        const struct zone *home = table_home(e->zones, &first);
        struct alias a = {.prefix = &d->prefix,
                          .child = &d->child,
                          .ttl_s = d->ttl_s,
                          .place = d->place,
                          .inside = home && home->classless};
        if (d->child.len && !classless_equal(e, &d->prefix))
            err = make_aliases(e, &a);
    }
    return err;
}

/* --- records that are something else ---------------------------------------------------------- */

static int refuse_below(const struct expansion *e, const struct model_record *r,
                        const struct zone *inner)
{
    char owner[NAME_TEXT_SIZE], type[RRTYPE_TEXT_SIZE], apex[NAME_TEXT_SIZE], first[512];
    name_print(&r->owner, owner);
    rrtype_print(r->type, type);
    name_print(&inner->apex, apex);
    model_place_print(e->m, model_zone_of(e, inner)->place, r->place, first, sizeof first);
    return model_refuse(e->m, r->place, e->diag, PTRD_ECONFLICT,
                        "%.200s %s belongs to the zone `%.200s` (%s): write it there; the zone "
                        "above may hold NS and DS at its apex, A and AAAA at or below it",
                        owner, type, apex, first);
}

/* The zone that the zone `in` delegates on the way to one of ours. */
static const struct zone *first_below(const struct expansion *e, const struct zone *own,
                                      const struct name *in)
{
    const struct zone *above = zone_above(e->zones, own);
    while (above && !name_equal(&above->apex, in)) {
        own = above;
        above = zone_above(e->zones, own);
    }
    return own;
}

/* PTRD_FOUND: the record went elsewhere. */
static int move_above(struct expansion *e, const struct model_record *r, const struct zone *own)
{
    const struct zone *inner = first_below(e, own, &r->in);
    bool apex = name_equal(&inner->apex, &r->owner);
    bool allowed = r->type == RRTYPE_A || r->type == RRTYPE_AAAA ||
                   (apex && (r->type == RRTYPE_NS || r->type == RRTYPE_DS));
    if (!allowed)
        return refuse_below(e, r, inner);
    struct model_record *above = model_add_above(e->m);
    if (!above)
        return no_memory(e);
    *above = *r;
    return PTRD_FOUND;
}

/* An address of an RFC 2317 zone of ours has its PTR there; at the arpa name we make a CNAME to it,
 * unless something is written there. */
static int note_taken(struct expansion *e, const struct model_record *r, const struct zone *own)
{
    struct arpa arpa;
    if (!e->zones->classless_count || own->classless || name_equal(&own->apex, &r->owner))
        return 0;
    arpa_parse(&r->owner, &arpa);
    if (arpa.kind != ARPA_FULL || arpa.prefix.family != FAMILY_IPV4)
        return 0;
    if (e->taken_count == e->taken_capacity) {
        uint32_t capacity = e->taken_capacity ? e->taken_capacity * 2 : 64;
        uint32_t *grown = realloc(e->taken, capacity * sizeof *grown);
        if (!grown)
            return no_memory(e);
        e->taken = grown;
        e->taken_capacity = capacity;
    }
    e->taken[e->taken_count++] = (uint32_t)arpa.prefix.num;
    return 0;
}

static int move_ptr(struct expansion *e, const struct model_record *r, const struct zone *own)
{
    struct arpa arpa;
    struct name name;
    table_reverse_parse(e->zones, own, &r->owner, &arpa);
    if (arpa.kind != ARPA_FULL)
        return PTRD_ABSENT;
    struct addr addr = {.num = arpa.prefix.num, .family = arpa.prefix.family};
    table_reverse_name(e->zones, &addr, &name);
    if (!name_equal(&name, &r->owner))
        return PTRD_ABSENT;
    if (name_parse(r->content, r->content_len, &name, NULL) < 0 || name.len == 1)
        return model_refuse(e->m, r->place, e->diag, PTRD_EINVAL,
                            "`content`: the root is no name for an address");
    int err = model_add_ptr_at(e->m, &addr, &name, r->ttl_s, FORWARD_UNSAID, r->place);
    return err < 0 ? model_ptr_lost(e->m, err, e->diag) : PTRD_FOUND;
}

static int move_record(struct expansion *e, const struct model_record *r)
{
    const struct zone *own = table_zone_for(e->zones, &r->owner);
    if (!own)
        return PTRD_ABSENT; /* check_model refuses it */
    if (r->in.len && !name_equal(&r->in, &own->apex))
        return move_above(e, r, own);
    int moved = r->type == RRTYPE_PTR ? move_ptr(e, r, own) : PTRD_ABSENT;
    return moved == PTRD_ABSENT ? note_taken(e, r, own) : moved;
}

static int move_records(struct expansion *e)
{
    struct model *m = e->m;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->record_count; i++) {
        int moved = move_record(e, &m->records[i]);
        if (moved < 0)
            return moved;
        if (moved == PTRD_FOUND)
            continue;
        if (kept != i)
            m->records[kept] = m->records[i];
        kept++;
    }
    m->record_count = kept;
    if (e->taken_count)
        qsort(e->taken, e->taken_count, sizeof *e->taken, compare_numbers);
    return 0;
}

/* --- all of it -------------------------------------------------------------------------------- */

static int expand(struct expansion *e)
{
    int err = model_sort_zones(e->m, e->diag);
    if (err == 0)
        err = build(e, false, &e->zones);
    if (err == 0)
        err = move_records(e);
    if (err == 0)
        err = check_nesting(e);
    for (uint32_t i = 0; i < e->m->delegation_count && err == 0; i++)
        err = make_cuts(e, &e->m->delegations[i]);
    if (err < 0 || (!e->zones->classless_count && !e->m->delegation_count))
        return err;
    err = build(e, true, &e->cuts);
    return err == 0 ? make_all_aliases(e) : err;
}

int model_expand(struct model *m, struct diag *diag)
{
    struct expansion e = {.m = m, .diag = diag};
    model_sort_delegations(m);
    int err = expand(&e);
    table_free(e.zones);
    table_free(e.cuts);
    free(e.taken);
    return err;
}
