#include "ptrd/check/model.h"

#include "lookup.h"
#include "records.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Findings about names and addresses that do not agree. */
struct pairs {
    const struct model *m;
    const struct table *t;
    check_finding_fn *fn;
    void *ctx;
    uint64_t *errors, *warnings;
    bool wildcards; /* some record stands at one */
};

PTRD_FORMAT(4, 5)
static void report(struct pairs *p, bool error, const struct model_place *place, const char *format,
                   ...)
{
    struct check_finding finding = {.error = error, .place = *place};
    va_list args;
    ++*(error ? p->errors : p->warnings);
    if (!p->fn)
        return;
    va_start(args, format);
    (void)vsnprintf(finding.message, sizeof finding.message, format, args);
    va_end(args);
    p->fn(p->ctx, &finding);
}

/* The addresses that generate a name: one of the family, or else one of the other. */
static bool generated_any(const struct pairs *p, const struct name *name, enum family family,
                          struct addr *out)
{
    struct addr addrs[2];
    const struct block *blocks[2];
    unsigned count = table_forward(p->t, name, addrs, blocks);
    if (count)
        *out = addrs[count == 2 && addrs[1].family == family];
    return count;
}

/* The generated address of a name in one family. */
static bool generated(const struct pairs *p, const struct name *name, enum family family,
                      struct addr *out)
{
    struct addr addrs[2];
    const struct block *blocks[2];
    unsigned count = table_forward(p->t, name, addrs, blocks);
    for (unsigned i = 0; i < count; i++)
        if (addrs[i].family == family) {
            *out = addrs[i];
            return true;
        }
    return false;
}

static uint16_t address_type(enum family family)
{
    return family == FAMILY_IPV4 ? RRTYPE_A : RRTYPE_AAAA;
}

/* Explicit addresses at a name: how many, and whether addr is among them. */
static uint32_t explicit_addresses(const struct pairs *p, const struct name *name,
                                   const struct addr *addr, bool *holds)
{
    uint32_t first, count = lookup_records(p->m, name, address_type(addr->family), &first);
    *holds = false;
    for (uint32_t i = first; i < first + count; i++) {
        struct addr other;
        *holds |= lookup_address(&p->m->records[i], &other) && other.num == addr->num;
    }
    return count;
}

/* Would the PTR give its target this address (ptrd-zones(5), forward_auto)? The last condition,
 * that nothing else stands there, is the caller's. */
static bool asks_derived(const struct zone *z, const struct model_ptr *ptr,
                         const struct name *target)
{
    if (name_equal(&z->apex, target) || !name_is_host(target))
        return false;
    return ptr->forward == FORWARD_AUTO || (ptr->forward == FORWARD_UNSAID && z->forward_auto);
}

/* An explicit wildcard that answers for target until target itself exists (RFC 4592). */
static bool hides_wildcard(const struct pairs *p, const struct name *target)
{
    static const struct name star = {.len = 3, .wire = "\1*"};
    const struct zone *z = p->wildcards ? table_zone_for(p->t, target) : NULL;
    struct name above = *target, wildcard;
    uint32_t first;
    while (z && !name_equal(&above, &z->apex)) {
        name_strip(&above, 1, &above);
        if (name_concat(&star, &above, &wildcard) == 0 &&
            lookup_records(p->m, &wildcard, RRTYPE_ANY, &first))
            return true;
    }
    return false;
}

static void print_ptr(const struct model_ptr *ptr, const struct name *target,
                      char from[ADDR_TEXT_SIZE], char to[NAME_TEXT_SIZE])
{
    addr_print(&(struct addr){.num = ptr->num, .family = (enum family)ptr->family}, from);
    name_print(target, to);
}

/* A target that the zone does not answer for itself: others have its addresses, so the only wrong
 * thing is to have asked for one. */
static void check_ruled(struct pairs *p, const struct model_ptr *ptr, const struct place *at,
                        const struct name *target)
{
    struct model_place place = {.line = ptr->line, .column = ptr->column, .file = ptr->file};
    char from[ADDR_TEXT_SIZE], to[NAME_TEXT_SIZE], cut[NAME_TEXT_SIZE], line[512];
    if (at->rule != PLACE_BELOW_DNAME && ptr->forward != FORWARD_AUTO)
        return;
    print_ptr(ptr, target, from, to);
    const char *what = check_cut_print(p->m, at->cut, place, line, sizeof line);
    name_print(&at->cut->name, cut);
    report(p, false, &place,
           "PTR of %s is %.200s, which gets no address here: it lies %s the %s of %.200s%s", from,
           to, at->rule == PLACE_AT_CUT ? "at" : "below", what, cut, line);
}

enum agreement { AGREES, ANOTHERS, ALIAS, NO_ADDRESS, HIDES };

/* What the target of a PTR, in a zone of ours and under no cut, says. other: where it is the name
 * of another address, that one. An explicit RRset that disagrees with a generated name is its
 * owner's finding. */
static enum agreement agreement(const struct pairs *p, const struct model_ptr *ptr,
                                const struct zone *z, const struct name *target, struct addr *other)
{
    struct addr addr = {.num = ptr->num, .family = (enum family)ptr->family};
    uint32_t first, count = 0;
    bool holds = false;
    bool any = lookup_records(p->m, target, RRTYPE_ANY, &first);
    if (any)
        count = explicit_addresses(p, target, &addr, &holds);
    if (holds)
        return AGREES;
    if (generated_any(p, target, addr.family, other))
        return addr_compare(other, &addr) == 0 ? AGREES : ANOTHERS;
    if (any && lookup_records(p->m, target, RRTYPE_CNAME, &first))
        return ALIAS;
    if (count || !asks_derived(z, ptr, target))
        return NO_ADDRESS;
    return hides_wildcard(p, target) ? HIDES : AGREES;
}

static void report_ptr(struct pairs *p, const struct model_ptr *ptr, const struct name *target,
                       enum agreement agreement, const struct addr *other)
{
    struct model_place place = {.line = ptr->line, .column = ptr->column, .file = ptr->file};
    char from[ADDR_TEXT_SIZE], to[NAME_TEXT_SIZE], text[ADDR_TEXT_SIZE];
    print_ptr(ptr, target, from, to);
    if (agreement == ANOTHERS) {
        addr_print(other, text);
        report(p, true, &place, "PTR of %s is %s, which is the generated name of %s", from, to,
               text);
    } else if (agreement == ALIAS) {
        report(p, false, &place, "PTR of %s is %s, which is an alias (CNAME)", from, to);
    } else if (agreement == NO_ADDRESS) {
        report(p, false, &place, "PTR of %s is %s, which has no %s of that address", from, to,
               ptr->family == FAMILY_IPV4 ? "A" : "AAAA");
    } else {
        report(p, false, &place, "the forward name %s derived from the PTR of %s hides a wildcard",
               to, from);
    }
}

static void check_ptr(struct pairs *p, const struct model_ptr *ptr)
{
    struct span wire = model_target(p->m, ptr);
    struct name target;
    struct addr other;
    if (name_from_wire(wire.bytes, wire.len, &target) < 0 || ptr->forward == FORWARD_EXTERNAL)
        return;
    struct place at = table_place(p->t, &target);
    if (!at.zone)
        return; /* not ours: whoever serves the zone answers for it */
    if (at.rule != PLACE_FREE) {
        check_ruled(p, ptr, &at, &target);
        return;
    }
    enum agreement found = agreement(p, ptr, at.zone, &target, &other);
    if (found != AGREES)
        report_ptr(p, ptr, &target, found, &other);
}

/* An explicit address RRset or CNAME at a generated name must say the same. */
static void check_owner(struct pairs *p, uint32_t first, uint32_t count, enum family family)
{
    const struct model_record *r = &p->m->records[first];
    struct addr addr, other;
    char name[NAME_TEXT_SIZE], text[ADDR_TEXT_SIZE];
    if (!generated(p, &r->owner, family, &addr))
        return;
    name_print(&r->owner, name);
    addr_print(&addr, text);
    if (r->type == RRTYPE_CNAME)
        report(p, true, &r->place, "CNAME at %s hides the generated address %s", name, text);
    else if (count != 1 || !lookup_address(r, &other) || other.num != addr.num)
        report(p, true, &r->place, "%s at %s disagrees with the generated address %s",
               family == FAMILY_IPV4 ? "A" : "AAAA", name, text);
}

/* Below a cut only addresses are of use (glue), at it NS and DS too; nobody sees the rest. */
static void check_occluded(struct pairs *p, const struct model_record *r)
{
    struct place at = table_place(p->t, &r->owner);
    char name[NAME_TEXT_SIZE], type[RRTYPE_TEXT_SIZE], cut[NAME_TEXT_SIZE], line[512];
    if ((at.rule != PLACE_AT_CUT && at.rule != PLACE_BELOW_CUT) || r->type == RRTYPE_A ||
        r->type == RRTYPE_AAAA)
        return;
    if (at.rule == PLACE_AT_CUT && (r->type == RRTYPE_NS || r->type == RRTYPE_DS))
        return;
    const char *what = check_cut_print(p->m, at.cut, r->place, line, sizeof line);
    name_print(&r->owner, name);
    rrtype_print(r->type, type);
    name_print(&at.cut->name, cut);
    report(p, false, &r->place, "%s at %.200s is occluded: it lies %s the %s of %.200s%s", type,
           name, at.rule == PLACE_AT_CUT ? "at" : "below", what, cut, line);
}

/* Records at the arpa name of an address whose PTR stands in an RFC 2317 zone of ours: they are
 * there instead of the CNAME that leads to it. */
static void check_displaced(struct pairs *p, const struct model_record *r)
{
    char owner[NAME_TEXT_SIZE], type[RRTYPE_TEXT_SIZE], name[NAME_TEXT_SIZE + 1];
    struct name target;
    struct arpa arpa;
    arpa_parse(&r->owner, &arpa);
    if (r->made || arpa.kind != ARPA_FULL || table_place(p->t, &r->owner).rule != PLACE_FREE)
        return;
    struct addr addr = {.num = arpa.prefix.num, .family = arpa.prefix.family};
    const struct zone *home = table_home(p->t, &addr);
    if (home && p->m->zones[home->ref].settings.no_cnames)
        return;
    table_reverse_name(p->t, &addr, &target);
    size_t len = name_print(&target, name);
    memcpy(name + len, ".", 2);
    if (name_equal(&target, &r->owner) ||
        (r->type == RRTYPE_CNAME && strcasecmp(r->content, name) == 0))
        return;
    name_print(&r->owner, owner);
    rrtype_print(r->type, type);
    report(p, r->type != RRTYPE_CNAME, &r->place,
           "%s at %.200s stands in the place of the CNAME to %.200s, where the PTR of this address "
           "is",
           type, owner, name);
}

static bool holds_content(const struct model_record *set, uint32_t count, const char *content)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcasecmp(set[i].content, content) == 0)
            return true;
    return false;
}

/* The NS that a zone gives for a zone of ours inside it should be those of that zone. */
static void check_above(struct pairs *p, uint32_t first, uint32_t count)
{
    const struct model_record *above = &p->m->above[first];
    char name[NAME_TEXT_SIZE];
    uint32_t own_first, own = lookup_records(p->m, &above->owner, RRTYPE_NS, &own_first);
    const struct model_record *apex = &p->m->records[own_first];
    name_print(&above->owner, name);
    for (uint32_t i = 0; i < count; i++)
        if (!holds_content(apex, own, above[i].content))
            report(p, false, &above[i].place,
                   "NS %.200s of the zone %.200s, given in the zone above, is not among those of "
                   "the zone itself",
                   above[i].content, name);
    for (uint32_t i = 0; i < own; i++)
        if (!holds_content(above, count, apex[i].content))
            report(p, false, &above->place,
                   "the zone above gives other NS for the zone %.200s: %.200s is missing", name,
                   apex[i].content);
}

static void check_all_above(struct pairs *p)
{
    const struct model *m = p->m;
    for (uint32_t i = 0, next; i < m->above_count; i = next) {
        for (next = i + 1; next < m->above_count && m->above[next].type == m->above[i].type &&
                           name_equal(&m->above[next].owner, &m->above[i].owner);)
            next++;
        if (m->above[i].type == RRTYPE_NS)
            check_above(p, i, next - i);
    }
}

/* `www.isp.example` without its final dot in isp.example, or `5.2.0.192.in-addr.arpa` in the zone
 * of 192.0.2.0/24: names of records are relative, and the zone's name is there twice. */
static void check_repeated(struct pairs *p, const struct model_record *r)
{
    const struct zone *z = table_zone_for(p->t, &r->owner);
    char owner[NAME_TEXT_SIZE], meant[NAME_TEXT_SIZE];
    struct name inner = r->owner;
    if (r->made || !z || z->apex.len <= 1 || r->owner.len < 2 * z->apex.len - 1)
        return;
    inner.len = (uint8_t)(r->owner.len - z->apex.len + 1);
    inner.wire[inner.len - 1] = 0;
    if (!name_within(&inner, &z->apex))
        return;
    name_print(&r->owner, owner);
    name_print(&inner, meant);
    report(p, false, &r->place,
           "the record stands at %.200s: `name` is relative to the zone; with a final dot "
           "(`%.200s.`) it is absolute",
           owner, meant);
}

static void check_owners(struct pairs *p)
{
    const struct model *m = p->m;
    for (uint32_t i = 0, next; i < m->record_count; i = next) {
        uint16_t type = m->records[i].type;
        check_repeated(p, &m->records[i]);
        if (p->t->cut_count)
            check_occluded(p, &m->records[i]);
        if (p->t->classless_count)
            check_displaced(p, &m->records[i]);
        for (next = i + 1; next < m->record_count && m->records[next].type == type &&
                           name_equal(&m->records[next].owner, &m->records[i].owner);)
            next++;
        if (type == RRTYPE_A || type == RRTYPE_CNAME)
            check_owner(p, i, next - i, FAMILY_IPV4);
        if (type == RRTYPE_AAAA || type == RRTYPE_CNAME)
            check_owner(p, i, next - i, FAMILY_IPV6);
    }
}

int check_pairs(const struct model *m, const struct table *table, check_finding_fn *fn, void *ctx,
                uint64_t *errors, uint64_t *warnings)
{
    struct pairs p = {
        .m = m, .t = table, .fn = fn, .ctx = ctx, .errors = errors, .warnings = warnings};
    *errors = *warnings = 0;
    for (uint32_t i = 0; i < m->record_count && !p.wildcards; i++)
        p.wildcards = name_is_wildcard(&m->records[i].owner);
    for (uint32_t i = 0; i < m->ptr_count; i++)
        check_ptr(&p, &m->ptrs[i]);
    check_owners(&p);
    check_all_above(&p);
    return 0;
}
