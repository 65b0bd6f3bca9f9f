#include "ptrd/check/model.h"

#include "lookup.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Findings about names and addresses that do not agree. */
struct pairs {
    const struct model *m;
    const struct table *t;
    check_finding_fn *fn;
    void *ctx;
    uint64_t *errors, *warnings;
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

static enum family other_family(enum family family)
{
    return family == FAMILY_IPV4 ? FAMILY_IPV6 : FAMILY_IPV4;
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
static bool asks_derived(const struct pairs *p, const struct model_ptr *ptr,
                         const struct name *target)
{
    const struct zone *z = table_zone_for(p->t, target);
    if (!z || name_equal(&z->apex, target) || !name_is_host(target))
        return false;
    return ptr->forward == FORWARD_AUTO || (ptr->forward == FORWARD_UNSAID && z->forward_auto);
}

/* An explicit wildcard that answers for target until target itself exists (RFC 4592). */
static bool hides_wildcard(const struct pairs *p, const struct name *target)
{
    static const struct name star = {.len = 3, .wire = "\1*"};
    const struct zone *z = table_zone_for(p->t, target);
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

static void check_ptr(struct pairs *p, const struct model_ptr *ptr)
{
    struct addr addr = {.num = ptr->num, .family = (enum family)ptr->family}, other;
    struct model_place place = {.line = ptr->line, .column = ptr->column, .file = ptr->file};
    struct span wire = model_target(p->m, ptr);
    struct name target;
    char from[ADDR_TEXT_SIZE], to[NAME_TEXT_SIZE], text[ADDR_TEXT_SIZE];
    uint32_t first;
    bool holds;

    if (name_from_wire(wire.bytes, wire.len, &target) < 0 || ptr->forward == FORWARD_EXTERNAL)
        return;
    const struct zone *z = table_zone_for(p->t, &target);
    if (!z)
        return; /* not ours: whoever serves the zone answers for it */
    addr_print(&addr, from);
    name_print(&target, to);
    uint32_t count = explicit_addresses(p, &target, &addr, &holds);
    bool is_generated = generated(p, &target, addr.family, &other);
    if (holds || (is_generated && other.num == addr.num))
        return; /* an explicit RRset that disagrees is its owner's finding */
    if (is_generated || generated(p, &target, other_family(addr.family), &other)) {
        addr_print(&other, text);
        report(p, true, &place, "PTR of %s is %s, which is the generated name of %s", from, to,
               text);
    } else if (lookup_records(p->m, &target, RRTYPE_CNAME, &first)) {
        report(p, false, &place, "PTR of %s is %s, which is an alias (CNAME)", from, to);
    } else if (count || !asks_derived(p, ptr, &target)) {
        report(p, false, &place, "PTR of %s is %s, which has no %s of that address", from, to,
               addr.family == FAMILY_IPV4 ? "A" : "AAAA");
    } else if (hides_wildcard(p, &target)) {
        report(p, false, &place, "the forward name %s derived from the PTR of %s hides a wildcard",
               to, from);
    }
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

static void check_owners(struct pairs *p)
{
    const struct model *m = p->m;
    for (uint32_t i = 0, next; i < m->record_count; i = next) {
        uint16_t type = m->records[i].type;
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
    for (uint32_t i = 0; i < m->ptr_count; i++)
        check_ptr(&p, &m->ptrs[i]);
    check_owners(&p);
    return 0;
}
