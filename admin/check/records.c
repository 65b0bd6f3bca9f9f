#include "records.h"
#include "ptrd/check/reverse.h"

#include "lookup.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_SIZE 512

static int refuse_record(const struct model *m, const struct model_record *r, struct diag *diag,
                         const char *format, ...) PTRD_FORMAT(4, 5);

/* "OWNER TYPE: ..." at the place of the record. */
static int refuse_record(const struct model *m, const struct model_record *r, struct diag *diag,
                         const char *format, ...)
{
    char owner[NAME_TEXT_SIZE], type[RRTYPE_TEXT_SIZE], why[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, sizeof why, format, args);
    va_end(args);
    name_print(&r->owner, owner);
    rrtype_print(r->type, type);
    return model_refuse(m, r->place, diag, PTRD_ECONFLICT, "%.200s %s: %s", owner, type, why);
}

static void print_line(const struct model *m, const struct model_record *other,
                       const struct model_record *r, char line[LINE_SIZE])
{
    model_place_print(m, other->place, r->place, line, LINE_SIZE);
}

const char *check_cut_print(const struct model *m, const struct cut *cut, struct model_place here,
                            char *line, size_t size)
{
    bool ns = cut->flags & CUT_NS;
    uint32_t first;
    struct model_place place = {.line = 0};
    if (lookup_records(m, &cut->name, ns ? RRTYPE_NS : RRTYPE_DNAME, &first))
        place = m->records[first].place;
    line[0] = '\0';
    if (place.line) { /* a store has no lines */
        char where[LINE_SIZE];
        model_place_print(m, place, here, where, sizeof where);
        (void)snprintf(line, size, " (%s)", where);
    }
    return ns ? "delegation (NS)" : "DNAME";
}

static bool is_apex(const struct place *at, const struct model_record *r)
{
    return name_equal(&at->zone->apex, &r->owner);
}

/* --- CNAME ------------------------------------------------------------------------------------ */

static int refuse_beside_cname(const struct model *m, const struct model_record *cname,
                               const struct model_record *other, struct diag *diag)
{
    char line[LINE_SIZE];
    if (!cname->made) {
        print_line(m, other, cname, line);
        return refuse_record(m, cname, diag, "other records stand at this name (%s)", line);
    }
    print_line(m, cname, other, line);
    return refuse_record(m, other, diag,
                         "here stands the CNAME of RFC 2317 to %.256s, by the prefix in %s; "
                         "nothing may stand beside a CNAME",
                         cname->content, line);
}

/* Nothing may stand beside a CNAME (RFC 1034 3.6.2, RFC 2181 10.1). */
static int check_cname(const struct model *m, const struct table *t, uint32_t i,
                       const struct place *at, struct diag *diag)
{
    const struct model_record *r = &m->records[i];
    struct arpa arpa;
    struct name name;
    uint32_t first;
    if (is_apex(at, r))
        return refuse_record(m, r, diag,
                             "the apex of a zone has SOA and NS and cannot be an alias");
    if (lookup_records(m, &r->owner, RRTYPE_ANY, &first) > 1)
        return refuse_beside_cname(m, r, &m->records[first == i ? i + 1 : first], diag);
    table_reverse_parse(t, at->zone, &r->owner, &arpa);
    struct addr addr = {.num = arpa.prefix.num, .family = arpa.prefix.family};
    if (arpa.kind != ARPA_FULL || !lookup_ptrs(m, &addr, &first))
        return 0;
    table_reverse_name(t, &addr, &name);
    if (!name_equal(&name, &r->owner))
        return 0;
    struct model_place place = {.line = m->ptrs[first].line, .file = m->ptrs[first].file};
    char line[LINE_SIZE];
    model_place_print(m, place, r->place, line, sizeof line);
    return refuse_record(m, r, diag, "this address has an explicit PTR (%s)", line);
}

/* --- cuts and DNAMEs -------------------------------------------------------------------------- */

/* The NS of a delegation are all there are at its name. */
static int check_made(const struct model *m, const struct model_record *records, uint32_t count,
                      uint32_t i, struct diag *diag)
{
    const struct model_record *r = &records[i], *next = r + 1;
    char line[LINE_SIZE];
    if (i + 1 >= count || next->type != r->type || next->made == r->made ||
        !name_equal(&next->owner, &r->owner))
        return 0;
    const struct model_record *made = r->made ? r : next, *written = r->made ? next : r;
    print_line(m, made, written, line);
    return refuse_record(m, written, diag,
                         "the delegation in %s gives all %s of this name: expected them there or "
                         "here",
                         line, r->type == RRTYPE_NS ? "NS" : "DS");
}

static int check_ns(const struct model *m, uint32_t i, const struct place *at, struct diag *diag)
{
    const struct model_record *r = &m->records[i];
    char cut[NAME_TEXT_SIZE], line[LINE_SIZE];
    /* RFC 4592 4.2: what it would mean is not defined. */
    if (name_is_wildcard(&r->owner))
        return refuse_record(m, r, diag, "a delegation cannot stand at a wildcard");
    if (r->made && at->rule == PLACE_BELOW_CUT) {
        check_cut_print(m, at->cut, r->place, line, sizeof line);
        name_print(&at->cut->name, cut);
        return refuse_record(m, r, diag,
                             "this name lies below the delegation (NS) of `%.200s`%s; whoever "
                             "serves that one delegates it",
                             cut, line);
    }
    return check_made(m, m->records, m->record_count, i, diag);
}

static int check_ds(const struct model *m, uint32_t i, const struct place *at, struct diag *diag)
{
    const struct model_record *r = &m->records[i];
    uint32_t first;
    if (is_apex(at, r))
        return refuse_record(m, r, diag, "DS records belong into the zone above");
    if (!lookup_records(m, &r->owner, RRTYPE_NS, &first))
        return refuse_record(m, r, diag,
                             "DS belongs to a delegation, and no NS stand at this name");
    return check_made(m, m->records, m->record_count, i, diag);
}

static int check_dname(const struct model *m, uint32_t i, struct diag *diag)
{
    const struct model_record *r = &m->records[i], *before = r - 1;
    char line[LINE_SIZE];
    /* RFC 4592 4.4 */
    if (name_is_wildcard(&r->owner))
        return refuse_record(m, r, diag, "a DNAME cannot stand at a wildcard");
    if (i == 0 || before->type != RRTYPE_DNAME || !name_equal(&before->owner, &r->owner))
        return 0;
    print_line(m, before, r, line);
    return refuse_record(m, r, diag, "a name has one DNAME (RFC 6672 2.4), the other is in %s",
                         line);
}

static int refuse_below_dname(const struct model *m, const struct model_record *r,
                              const struct name *dname, struct diag *diag)
{
    char name[NAME_TEXT_SIZE], line[LINE_SIZE];
    uint32_t first;
    struct model_place place = r->place;
    if (lookup_records(m, dname, RRTYPE_DNAME, &first))
        place = m->records[first].place;
    model_place_print(m, place, r->place, line, sizeof line);
    name_print(dname, name);
    return refuse_record(
        m, r, diag, "nothing may stand below the DNAME at `%.200s` (%s; RFC 6672 2.4)", name, line);
}

static int check_record(const struct model *m, const struct table *t, uint32_t i, struct diag *diag)
{
    const struct model_record *r = &m->records[i];
    struct place at = table_place(t, &r->owner);
    if (!at.zone)
        return refuse_record(m, r, diag, "no zone of `zones:` holds this name");
    if (at.rule == PLACE_BELOW_DNAME)
        return refuse_below_dname(m, r, &at.cut->name, diag);
    switch (r->type) {
    case RRTYPE_CNAME:
        return check_cname(m, t, i, &at, diag);
    case RRTYPE_NS:
        return check_ns(m, i, &at, diag);
    case RRTYPE_DS:
        return check_ds(m, i, &at, diag);
    case RRTYPE_DNAME:
        return check_dname(m, i, diag);
    default:
        return 0;
    }
}

/* What a zone holds above another one of ours: a DNAME of it is the only thing that hides it. */
static int check_above(const struct model *m, uint32_t i, struct diag *diag)
{
    const struct model_record *r = &m->above[i];
    struct name at = r->owner;
    uint32_t first;
    while (r->in.len && at.len > r->in.len) {
        name_strip(&at, 1, &at);
        if (lookup_records(m, &at, RRTYPE_DNAME, &first) &&
            name_equal(&m->records[first].in, &r->in))
            return refuse_below_dname(m, r, &at, diag);
    }
    return check_made(m, m->above, m->above_count, i, diag);
}

int check_records(const struct model *m, const struct table *t, struct check_sink *sink,
                  struct diag *diag)
{
    int err = 0;
    for (uint32_t i = 0; i < m->record_count && err == 0; i++)
        err = check_sink(sink, check_record(m, t, i, diag), diag);
    for (uint32_t i = 0; i < m->above_count && err == 0; i++)
        err = check_sink(sink, check_above(m, i, diag), diag);
    return err;
}

/* --- PTRs ------------------------------------------------------------------------------------- */

static int refuse_ptr(const struct model *m, const struct model_ptr *p, struct diag *diag,
                      const char *why)
{
    struct addr addr = {.num = p->num, .family = (enum family)p->family};
    struct model_place place = {.line = p->line, .column = p->column, .file = p->file};
    char text[ADDR_TEXT_SIZE];
    addr_print(&addr, text);
    return model_refuse(m, place, diag, PTRD_ECONFLICT, "PTR of %s: %s", text, why);
}

/* The RFC 2317 prefix delegated around an address, or NULL. */
static const struct model_delegation *delegation_of(const struct model *m, const struct addr *addr)
{
    const struct model_delegation *found = NULL;
    for (uint32_t i = 0; i < m->delegation_count; i++) {
        struct range range = range_of_prefix(&m->delegations[i].prefix);
        if (m->delegations[i].child.len && range_contains(&range, addr))
            found = &m->delegations[i]; /* the innermost is the last one */
    }
    return found;
}

static int refuse_delegated(const struct model *m, const struct table *t, const struct model_ptr *p,
                            struct diag *diag)
{
    struct addr addr = {.num = p->num, .family = (enum family)p->family};
    struct model_place here = {.line = p->line, .file = p->file};
    char line[LINE_SIZE], name[NAME_TEXT_SIZE], why[768];
    struct name owner;
    table_reverse_name(t, &addr, &owner);
    struct place at = table_place(t, &owner);
    if (at.rule != PLACE_FREE) {
        const char *what = check_cut_print(m, at.cut, here, line, sizeof line);
        name_print(&at.cut->name, name);
        (void)snprintf(why, sizeof why, "the %s of `%.200s`%s takes this address away", what, name,
                       line);
        return refuse_ptr(m, p, diag, why);
    }
    const struct model_delegation *d = delegation_of(m, &addr);
    if (!d)
        return refuse_ptr(m, p, diag, "this address is delegated");
    char prefix[RANGE_TEXT_SIZE];
    prefix_print(&d->prefix, prefix);
    model_place_print(m, d->place, here, line, sizeof line);
    (void)snprintf(why, sizeof why, "the delegation of %s in %s takes this address away", prefix,
                   line);
    return refuse_ptr(m, p, diag, why);
}

static int check_homes(const struct model *m, const struct table *t, const struct reverse_map *map,
                       struct diag *diag)
{
    uint32_t at_v4 = 0, at_v6 = 0;
    for (uint32_t i = 0; i < m->ptr_count; i++) {
        const struct model_ptr *p = &m->ptrs[i];
        struct addr addr = {.num = p->num, .family = (enum family)p->family};
        uint32_t *at = addr.family == FAMILY_IPV4 ? &at_v4 : &at_v6;
        if (reverse_next(reverse_of(map, addr.family), addr.num, at) == TABLE_NONE)
            return refuse_ptr(m, p, diag,
                              "no reverse zone of `zones:` holds this address, so nobody would "
                              "see it; add one (`- prefix: ...`) or leave the PTR out");
        if (table_delegated(t, &addr))
            return refuse_delegated(m, t, p, diag);
    }
    return 0;
}

int check_ptrs(const struct model *m, const struct table *t, struct diag *diag)
{
    struct reverse_map map;
    int err = reverse_build(t, &map);
    if (err < 0)
        (void)diag_set(diag, err, "%s", ptrd_strerror(err));
    else
        err = check_homes(m, t, &map, diag);
    reverse_done(&map);
    return err;
}
