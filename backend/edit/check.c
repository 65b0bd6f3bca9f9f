#include "edit_p.h"

#include <stdio.h>
#include <string.h>

/* --- what stands at a name -------------------------------------------------------------------- */

struct reading {
    struct at_name *at;
    struct store_reader *r;
    bool local;
    bool ns[2], ds[2], dname[2]; /* [local] */
};

static void note_type(struct reading *g, uint16_t type)
{
    struct at_name *at = g->at;
    if (type == RRTYPE_CNAME) {
        *(g->local ? &at->local_cname : &at->source_cname) = true;
        return;
    }
    ++*(g->local ? &at->local_others : &at->source_others);
    *(g->local ? &at->local_other : &at->source_other) = type;
    g->ns[g->local] |= type == RRTYPE_NS;
    g->ds[g->local] |= type == RRTYPE_DS;
    g->dname[g->local] |= type == RRTYPE_DNAME;
}

static int note_row(void *ctx, struct span key, struct span value)
{
    struct reading *g = ctx;
    struct name owner;
    struct store_rrset set;
    uint16_t type;
    int err = store_read_key_rrset(key, &owner, &type);
    if (err == 0)
        err = store_read_rrset(value, &set);
    if (err < 0)
        return err;
    if (!g->local) {
        int found = store_get(g->r, STORE_LOCAL_RECORDS, key, &value);
        if (found != PTRD_ABSENT)
            return found < 0 ? found : 0;
    }
    if (set.count)
        note_type(g, type);
    return 0;
}

static int note_ptr(struct reading *g, const struct addr *addr)
{
    struct store_buf key = {0};
    struct store_ptr ptr;
    struct span value;
    int found = store_key_addr(addr, &key);
    if (found == 0) {
        g->local = true;
        found = store_get(g->r, STORE_LOCAL_PTRS, buf_span(&key), &value);
    }
    if (found == PTRD_ABSENT) {
        g->local = false;
        found = store_get(g->r, STORE_PTRS, buf_span(&key), &value);
    }
    store_buf_done(&key);
    if (found != PTRD_FOUND)
        return found;
    int err = store_read_ptr(value, &ptr);
    if (err == 0 && ptr.count)
        note_type(g, RRTYPE_PTR);
    return err;
}

int at_name_read(struct store_reader *r, const struct table *t, const struct name *owner,
                 struct at_name *out)
{
    struct reading g = {.at = out, .r = r, .local = true};
    struct store_buf from = {0};
    struct addr addr;
    *out = (struct at_name){.local_others = 0};
    int err = store_key_rrset(owner, 0, &from);
    struct span prefix = {from.bytes, from.len - 2}; /* without the type */
    if (err == 0)
        err = rows_each(r, STORE_LOCAL_RECORDS, prefix, note_row, &g);
    g.local = false;
    if (err == 0)
        err = rows_each(r, STORE_RECORDS, prefix, note_row, &g);
    store_buf_done(&from);
    if (err == 0 && place_is_ptr(t, table_zone_for(t, owner), owner, &addr))
        err = note_ptr(&g, &addr);
    bool shown[2] = {!out->local_cname, true}; /* [local] */
    for (unsigned i = 0; i < 2; i++) {
        out->ns |= g.ns[i] && shown[i];
        out->ds |= g.ds[i] && shown[i];
        out->dname |= g.dname[i] && shown[i];
    }
    out->any = out->local_cname || out->local_others || out->source_cname || out->source_others;
    return err;
}

/* --- CNAME (RFC 1034 3.6.2, RFC 2181 10.1) ---------------------------------------------------- */

/* What the source has at a name and an edit hides without deleting it is a conflict; what was
 * hidden before stays so. PTRD_FOUND: it is one. */
static int hides_anew(struct edit *e, const struct name *owner, const struct at_name *is)
{
    struct at_name was;
    if (!(is->local_cname && is->source_others) && !(is->local_others && is->source_cname))
        return PTRD_ABSENT;
    int err = at_name_read(e->committed, e->before, owner, &was);
    if (err < 0)
        return err;
    if (is->local_cname) /* tombstones may have been taken back beside it */
        return was.local_cname && is->source_others <= was.source_others ? PTRD_ABSENT : PTRD_FOUND;
    return was.source_cname && !was.local_others ? PTRD_FOUND : PTRD_ABSENT;
}

static int first_content(struct edit *e, const struct name *owner, uint16_t type, struct set *out)
{
    int err = store_key_rrset(owner, type, &e->key);
    int found = err < 0
                    ? err
                    : set_read(&e->scratch, STORE_LOCAL_RECORDS, e->reader, buf_span(&e->key), out);
    if (found == PTRD_ABSENT)
        found = set_read(&e->scratch, STORE_RECORDS, e->reader, buf_span(&e->key), out);
    return found < 0 ? found : 0;
}

/* "www.isp.example CNAME www.elsewhere.example." */
#define RECORD_SIZE (SUBJECT_SIZE + 128)
static void join_record(const char *subject, const struct set *set, char out[RECORD_SIZE])
{
    size_t len = set->count ? set->items[0].len : 0;
    snprintf(out, RECORD_SIZE, "%s%s%.*s", subject, len ? " " : "", len < 120 ? (int)len : 120,
             len ? (const char *)set->items[0].bytes : "");
}

static int print_record(struct edit *e, const struct name *owner, uint16_t type,
                        char out[RECORD_SIZE])
{
    char subject[SUBJECT_SIZE];
    struct set set;
    print_subject(owner, type, subject);
    int err = first_content(e, owner, type, &set);
    if (err == 0)
        join_record(subject, &set, out);
    return err;
}

/* The same of an RRset touched, PTRs by address too. */
static int print_touched(struct edit *e, const struct place_kept *p, char out[RECORD_SIZE])
{
    char subject[SUBJECT_SIZE], target[NAME_SHOWN_SIZE];
    struct set set;
    struct name name;
    print_subject(&p->owner, p->type, subject);
    int found = place_key(p, &e->key);
    if (found == 0)
        found = set_read(&e->scratch, p->local, e->reader, buf_span(&e->key), &set);
    if (found < 0)
        return found;
    if (p->local == STORE_LOCAL_PTRS && set.count &&
        name_from_wire(set.items[0].bytes, set.items[0].len, &name) == 0) {
        print_name(&name, target);
        set.items[0] = (struct span){(const uint8_t *)target, strlen(target)};
    }
    join_record(subject, &set, out);
    return 0;
}

static int refuse_cname(struct edit *e, const struct name *owner, uint16_t other, struct diag *diag)
{
    char record[RECORD_SIZE], type[RRTYPE_TEXT_SIZE];
    rrtype_print(other, type);
    int err = print_record(e, owner, RRTYPE_CNAME, record);
    return err < 0 ? err
                   : diag_set(diag, PTRD_ECONFLICT,
                              "%s: %s stands at this name too, and nothing may stand beside a "
                              "CNAME; delete one of them first",
                              record, type);
}

static int check_single(struct edit *e, const struct name *owner, uint16_t type, struct diag *diag)
{
    char subject[SUBJECT_SIZE];
    struct set set;
    int err = first_content(e, owner, type, &set);
    if (err < 0 || set.count < 2)
        return err;
    print_subject(owner, type, subject);
    return diag_set(
        diag, PTRD_ECONFLICT, "%s: %u records (%.*s, %.*s ...); a name can have one only", subject,
        set.count, set.items[0].len < 100 ? (int)set.items[0].len : 100,
        (const char *)set.items[0].bytes, set.items[1].len < 100 ? (int)set.items[1].len : 100,
        (const char *)set.items[1].bytes);
}

static int check_cname(struct edit *e, const struct place_kept *p, struct diag *diag)
{
    struct at_name is;
    int err = at_name_read(e->reader, e->before, &p->owner, &is);
    if (err == 0 && is.local_cname)
        err = check_single(e, &p->owner, RRTYPE_CNAME, diag);
    if (err == 0 && is.dname)
        err = check_single(e, &p->owner, RRTYPE_DNAME, diag);
    if (err < 0)
        return err;
    if (is.local_cname && p->zone && name_equal(&p->zone->apex, &p->owner))
        return refuse_cname(e, &p->owner, RRTYPE_SOA, diag);
    if (is.local_cname && is.local_others)
        return refuse_cname(e, &p->owner, is.local_other, diag);
    int hides = hides_anew(e, &p->owner, &is);
    if (hides != PTRD_FOUND)
        return hides;
    return refuse_cname(e, &p->owner, is.local_cname ? is.source_other : is.local_other, diag);
}

typedef int check_fn(struct edit *e, const struct place_kept *p, struct diag *diag);

/* Each name touched, of records and PTRs; the RRsets of a name lie side by side, and are judged
 * together. */
static int check_each(struct edit *e, check_fn *fn, struct diag *diag)
{
    for (size_t i = 0; i < e->touched_count; i++) {
        enum store_table table = e->touched[i]->table;
        struct place_kept p;
        if ((table != STORE_LOCAL_RECORDS && table != STORE_LOCAL_PTRS) || touched_same_name(e, i))
            continue;
        int err = place_of_key(e->before, table, touched_key(e->touched[i]), &p);
        if (err == 0)
            err = fn(e, &p, diag);
        arena_free(&e->scratch);
        if (err < 0)
            return err;
    }
    return 0;
}

int check_cnames(struct edit *e, struct diag *diag)
{
    return check_each(e, check_cname, diag);
}

/* --- what lies below a name ------------------------------------------------------------------- */

struct below {
    struct edit *e;
    const struct name *owner;
    const struct zone *zone;
    struct name found;
    uint16_t type;
};

/* Ends the walk at the first RRset in force strictly below the name, in its zone. */
static int find_record(void *ctx, struct span key, struct span value)
{
    struct below *b = ctx;
    struct at_name at;
    int err = store_read_key_rrset(key, &b->found, &b->type);
    (void)value;
    if (err < 0 || name_equal(&b->found, b->owner) ||
        table_zone_for(b->e->before, &b->found) != b->zone)
        return err;
    err = at_name_read(b->e->reader, b->e->before, &b->found, &at);
    return err < 0 ? err : at.any ? PTRD_FOUND : 0;
}

static int find_ptr(void *ctx, struct span key, struct span value)
{
    struct below *b = ctx;
    struct addr addr;
    struct at_name at;
    int err = store_read_key_addr(key, &addr);
    (void)value;
    if (err < 0 || table_home(b->e->before, &addr) != b->zone)
        return err;
    table_reverse_name(b->e->before, &addr, &b->found);
    b->type = RRTYPE_PTR;
    struct reading g = {.at = &at, .r = b->e->reader};
    at = (struct at_name){.local_others = 0};
    err = note_ptr(&g, &addr);
    return err < 0 ? err : at.local_others || at.source_others ? PTRD_FOUND : 0;
}

/* An explicit PTR of an address at or below the name (only below, where strict): PTRD_FOUND, b says
 * which. */
static int ptr_below(struct below *b, bool strict)
{
    static const enum store_table tables[] = {STORE_LOCAL_PTRS, STORE_PTRS};
    struct arpa arpa;
    if (!b->zone->reverse)
        return PTRD_ABSENT;
    table_reverse_parse(b->e->before, b->zone, b->owner, &arpa);
    if (arpa.kind != ARPA_PARTIAL && (strict || arpa.kind != ARPA_FULL))
        return PTRD_ABSENT;
    struct range range = range_of_prefix(&arpa.prefix);
    for (unsigned i = 0; i < 2; i++) {
        int found = rows_each_ptr(b->e->reader, tables[i], &range, find_ptr, b);
        if (found != 0)
            return found;
    }
    return PTRD_ABSENT;
}

static int records_below(struct below *b)
{
    static const enum store_table tables[] = {STORE_LOCAL_RECORDS, STORE_RECORDS};
    struct name_key key;
    name_key(b->owner, &key);
    for (unsigned i = 0; i < 2; i++) {
        int found =
            rows_each(b->e->reader, tables[i], (struct span){key.bytes, key.len}, find_record, b);
        if (found != 0)
            return found;
    }
    return ptr_below(b, true);
}

/* --- cuts and DNAMEs -------------------------------------------------------------------------- */

static bool generates_below(const struct table *t, const struct name *name, bool itself)
{
    struct addr addrs[2];
    const struct block *blocks[2];
    return (itself && table_forward(t, name, addrs, blocks)) || table_forward_below(t, name);
}

static int refuse_ruled(struct edit *e, const struct place_kept *p, uint16_t type,
                        const struct below *b, struct diag *diag)
{
    char record[RECORD_SIZE], below[SUBJECT_SIZE];
    print_subject(&b->found, b->type, below);
    int err = print_record(e, &p->owner, type, record);
    return err < 0 ? err
                   : diag_set(diag, PTRD_ECONFLICT,
                              "%s: there is %s, which nobody could see any more; delete it first",
                              record, below);
}

/* type: RRTYPE_NS or RRTYPE_DNAME, below which nothing of ours may be served. */
static int check_ruler(struct edit *e, const struct place_kept *p, uint16_t type, struct diag *diag)
{
    struct below b = {.e = e, .owner = &p->owner, .zone = p->zone};
    char record[RECORD_SIZE];
    int err = print_record(e, &p->owner, type, record);
    if (err < 0)
        return err;
    if (table_zone_below(e->before, &p->owner))
        return diag_set(diag, PTRD_ECONFLICT,
                        "%s: a zone of ours lies below this name, which would no longer be ours",
                        record);
    if (generates_below(e->after, &p->owner, type == RRTYPE_NS))
        return diag_set(diag, PTRD_ECONFLICT,
                        "%s: generated names of a block lie here; exclude the block or give it "
                        "another name template",
                        record);
    int found = type == RRTYPE_NS ? ptr_below(&b, false) : records_below(&b);
    return found == PTRD_FOUND ? refuse_ruled(e, p, type, &b, diag) : found;
}

static int check_place(struct edit *e, const struct place_kept *p, const struct at_name *at,
                       struct diag *diag)
{
    struct place place = table_place(e->after, &p->owner);
    bool below_dname = at->any && place.rule == PLACE_BELOW_DNAME;
    bool delegated = p->local == STORE_LOCAL_PTRS && table_delegated(e->after, &p->addr);
    struct below b = {.e = e, .owner = &p->owner, .zone = p->zone};
    int found = delegated && !below_dname ? ptr_below(&b, false) : PTRD_ABSENT;
    if (found < 0 || (found == PTRD_ABSENT && !below_dname))
        return found;
    char record[RECORD_SIZE], cut[NAME_SHOWN_SIZE] = "";
    int err = print_touched(e, p, record);
    if (err < 0)
        return err;
    if (place.cut)
        print_name(&place.cut->name, cut);
    return below_dname ? diag_set(diag, PTRD_ECONFLICT,
                                  "%s: the name lies below the DNAME %s, so nothing can stand here",
                                  record, cut)
                       : diag_set(diag, PTRD_ECONFLICT,
                                  "%s: the address is delegated to others%s%s, whose PTR it is",
                                  record, *cut ? " at " : "", cut);
}

static int refuse_alone(const struct name *owner, uint16_t type, const char *why, struct diag *diag)
{
    char subject[SUBJECT_SIZE];
    print_subject(owner, type, subject);
    return diag_set(diag, PTRD_ECONFLICT, "%s: %s", subject, why);
}

static int check_name(struct edit *e, const struct place_kept *p, struct diag *diag)
{
    struct at_name at;
    if (!p->zone)
        return 0;
    int err = at_name_read(e->reader, e->before, &p->owner, &at);
    if (err == 0)
        err = check_place(e, p, &at, diag);
    if (err < 0)
        return err;
    bool apex = name_equal(&p->owner, &p->zone->apex);
    if (apex && !at.ns)
        return refuse_alone(&p->owner, RRTYPE_NS,
                            "the zone would have no NS at its apex (RFC 2181 6.1)", diag);
    if (!apex && at.ds && !at.ns)
        return refuse_alone(&p->owner, RRTYPE_DS,
                            "a DS stands beside the NS of a delegation only (RFC 4035 2.4)", diag);
    if ((at.ns || at.dname) && name_is_wildcard(&p->owner))
        return refuse_alone(&p->owner, at.ns ? RRTYPE_NS : RRTYPE_DNAME,
                            "it cannot stand at a wildcard (RFC 4592 4.2, 4.4)", diag);
    if (!apex && at.ns)
        err = check_ruler(e, p, RRTYPE_NS, diag);
    if (err == 0 && at.dname)
        err = check_ruler(e, p, RRTYPE_DNAME, diag);
    return err;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* Cuts that went may let addresses generate names that lie below others. */
static int check_freed(struct edit *e, struct diag *diag)
{
    for (uint32_t i = 0; e->rebuilt && i < e->after->cut_count; i++) {
        const struct cut *c = &e->after->cuts[i];
        bool ns = c->flags & CUT_NS;
        if (e->after->zones[c->zone].reverse || !generates_below(e->after, &c->name, ns) ||
            generates_below(e->before, &c->name, ns))
            continue;
        char name[NAME_SHOWN_SIZE];
        print_name(&c->name, name);
        return diag_set(diag, PTRD_ECONFLICT,
                        "addresses that are no longer delegated would get names at or below %s, "
                        "which is a %s; delete that first",
                        name, ns ? "delegation" : "DNAME");
    }
    return 0;
}

static int check_zones(struct edit *e, struct diag *diag)
{
    for (uint32_t i = 0; i < e->before->zone_count; i++) {
        const struct zone *z = &e->before->zones[i];
        struct at_name at;
        char apex[NAME_SHOWN_SIZE];
        if (!(e->zones[i] & (ZONE_SOA_GONE | ZONE_FED)))
            continue;
        print_name(&z->apex, apex);
        if (e->zones[i] & ZONE_SOA_GONE)
            return diag_set(diag, PTRD_ECONFLICT, "%s SOA: the zone would have none", apex);
        int err = at_name_read(e->reader, e->before, &z->apex, &at);
        if (err < 0)
            return err;
        if (!at.ns)
            return diag_set(diag, PTRD_ECONFLICT,
                            "%s NS: the zone would have no NS at its apex (RFC 2181 6.1)", apex);
    }
    return 0;
}

int check_names(struct edit *e, struct diag *diag)
{
    int err = check_zones(e, diag);
    if (err == 0)
        err = check_each(e, check_name, diag);
    return err < 0 ? err : check_freed(e, diag);
}
