#include "ptrd/check/lists.h"

#include "ptrd/core/arpa.h"
#include "ptrd/resolve/within.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECT_BYTES 48 /* of a record, without names and content */

/* What a zone lists. Modulo 2^128: only of a block beyond 2^119 addresses are the bytes too few. */
struct size {
    u128 records, bytes;
};

/* The generating addresses below a segment, and the bytes of their PTRs. */
struct sums {
    const struct block_set *set;
    enum family family;
    struct size *before; /* by segment */
    unsigned *row_bytes; /* of one PTR of the segment; 0: it generates nothing */
};

static void add(struct size *at, u128 records, unsigned bytes)
{
    at->records += records;
    at->bytes += records * bytes;
}

static struct size *size_of(struct size *sizes, const struct table *t, const struct zone *z)
{
    return z ? &sizes[z - t->zones] : NULL;
}

/* --- what is written -------------------------------------------------------------------------- */

static void add_records(const struct model *m, const struct table *t, struct size *sizes)
{
    for (uint32_t i = 0; i < m->record_count; i++) {
        const struct model_record *r = &m->records[i];
        struct size *at = size_of(sizes, t, table_zone_for(t, &r->owner));
        if (at)
            add(at, 1, OBJECT_BYTES + r->owner.len + (unsigned)strlen(r->content));
    }
}

static void add_ptrs(const struct model *m, const struct table *t, struct size *sizes)
{
    for (uint32_t i = 0; i < m->ptr_count; i++) {
        const struct model_ptr *p = &m->ptrs[i];
        const struct addr addr = {.num = p->num, .family = (enum family)p->family};
        const struct span wire = model_target(m, p);
        struct name target;
        if (name_from_wire(wire.bytes, wire.len, &target) < 0)
            continue;
        struct size *at = size_of(sizes, t, table_home(t, &addr));
        unsigned owner = addr.family == FAMILY_IPV4 ? 27 : 74;
        if (at)
            add(at, 1, OBJECT_BYTES + owner + target.len);
        if (!resolve_derives(t, (enum ptr_forward)p->forward, &target))
            continue;
        at = size_of(sizes, t, table_zone_for(t, &target));
        if (at)
            add(at, 1, OBJECT_BYTES + target.len + (addr.family == FAMILY_IPV4 ? 12 : 25));
    }
}

/* --- what is generated ------------------------------------------------------------------------ */

static u128 segment_last(const struct sums *s, uint32_t i)
{
    return i + 1 < s->set->segment_count ? s->set->segments[i + 1].first - 1
                                         : family_max(s->family);
}

/* The bytes of a PTR of the segment; the forward zone of its first name gets its names. */
static unsigned generated(const struct table *t, const struct sums *s, uint32_t i,
                          struct size *sizes)
{
    const struct segment *g = &s->set->segments[i];
    const struct block *b = g->block == TABLE_NONE ? NULL : &s->set->blocks[g->block];
    struct name name;
    bool v4 = s->family == FAMILY_IPV4;
    if (!b || !b->template || template_generate(b->template, g->first, &name) < 0)
        return 0;
    struct size *at = size_of(sizes, t, table_zone_for(t, &name));
    if (at && !(b->flags & BLOCK_FORWARD_EXTERNAL))
        add(at, segment_last(s, i) - g->first + 1, OBJECT_BYTES + name.len + (v4 ? 12 : 25));
    return OBJECT_BYTES + name.len + (v4 ? 27 : 74);
}

static void sums_done(struct sums *s)
{
    free(s->before);
    free(s->row_bytes);
}

/* Sums over the segments in front; forward zones get theirs. */
static int sums_make(struct sums *s, const struct table *t, enum family family, struct size *sizes)
{
    *s = (struct sums){.set = table_blocks(t, family), .family = family};
    s->before = calloc(s->set->segment_count + 1u, sizeof *s->before);
    s->row_bytes = calloc(s->set->segment_count + 1u, sizeof *s->row_bytes);
    if (!s->before || !s->row_bytes)
        return PTRD_ENOMEM;
    for (uint32_t i = 0; i < s->set->segment_count; i++) {
        s->row_bytes[i] = generated(t, s, i, sizes);
        s->before[i + 1] = s->before[i];
        if (s->row_bytes[i])
            add(&s->before[i + 1], segment_last(s, i) - s->set->segments[i].first + 1,
                s->row_bytes[i]);
    }
    return 0;
}

static struct size below(const struct sums *s, u128 num)
{
    uint32_t i = table_segment_for(s->set, num);
    struct size out = s->before[i];
    if (s->row_bytes[i])
        add(&out, num - s->set->segments[i].first, s->row_bytes[i]);
    return out;
}

static struct size within(const struct sums *s, const struct range *r)
{
    struct size first = below(s, r->first);
    struct size last =
        r->last == family_max(s->family) ? s->before[s->set->segment_count] : below(s, r->last + 1);
    return (struct size){last.records - first.records, last.bytes - first.bytes};
}

static bool range_of(const struct table *t, const struct zone *z, struct range *out)
{
    struct arpa arpa;
    table_reverse_parse(t, z, &z->apex, &arpa);
    if (!z->reverse || (arpa.kind != ARPA_PARTIAL && arpa.kind != ARPA_FULL))
        return false;
    *out = range_of_prefix(&arpa.prefix);
    return true;
}

/* The zone that holds the addresses of a classless zone by their arpa names, or the zone above. */
static struct size *taken_from(const struct table *t, const struct zone *z, const struct range *r,
                               struct size *sizes)
{
    struct name arpa;
    const struct addr first = {.num = r->first, .family = r->family};
    if (!z->classless)
        return z->parent == TABLE_NONE ? NULL : &sizes[z->parent];
    arpa_name(&first, &arpa);
    return size_of(sizes, t, table_zone_for(t, &arpa));
}

static void add_pointers(const struct table *t, const struct sums *v4, const struct sums *v6,
                         struct size *sizes)
{
    for (uint32_t i = 0; i < t->zone_count; i++) {
        const struct zone *z = &t->zones[i];
        struct range range;
        if (!range_of(t, z, &range))
            continue;
        struct size own = within(range.family == FAMILY_IPV4 ? v4 : v6, &range);
        struct size *above = taken_from(t, z, &range, sizes);
        sizes[i].records += own.records;
        sizes[i].bytes += own.bytes;
        if (above && above != &sizes[i]) {
            above->records -= own.records;
            above->bytes -= own.bytes;
        }
    }
}

static int add_generated(const struct table *t, struct size *sizes)
{
    struct sums v4 = {.before = NULL}, v6 = {.before = NULL};
    int err = sums_make(&v4, t, FAMILY_IPV4, sizes);
    if (err == 0)
        err = sums_make(&v6, t, FAMILY_IPV6, sizes);
    if (err == 0)
        add_pointers(t, &v4, &v6, sizes);
    sums_done(&v4);
    sums_done(&v6);
    return err;
}

/* --- findings --------------------------------------------------------------------------------- */

/* What lets others transfer the zone, or NULL. */
static const char *permission(const struct model_zone *z)
{
    for (unsigned i = 0; i < z->metadata_count; i++) {
        const struct model_metadata *d = &z->metadata[i];
        if (d->value_count &&
            (!strcmp(d->kind, "ALLOW-AXFR-FROM") || !strcmp(d->kind, "TSIG-ALLOW-AXFR")))
            return d->kind;
    }
    return z->settings.kind == ZONE_PRIMARY ? "`kind: primary`" : NULL;
}

static void warn(const struct model_zone *z, const char *what, const struct size *size,
                 uint64_t room, check_finding_fn *fn, void *ctx)
{
    struct check_finding f = {.error = false, .place = z->place};
    double records = (double)size->records;
    char name[NAME_TEXT_SIZE];
    name_print(&z->apex, name);
    (void)snprintf(f.message, sizeof f.message,
                   "zone %.200s lists about %.*g records, and PowerDNS's Unix connector carries "
                   "about %llu at its default timeout: %s has no effect there, the zone is not "
                   "transferred; `List and transfers` in ptrd(8)",
                   name, records < 1e6 ? 6 : 2, records, (unsigned long long)room, what);
    if (fn)
        fn(ctx, &f);
}

int check_lists(const struct model *m, const struct table *t, check_finding_fn *fn, void *ctx,
                struct check_lists *out, uint64_t *warnings)
{
    const struct list_capacity room = list_capacity_unix(LIST_TIMEOUT_MS);
    struct size *sizes = calloc(t->zone_count + 1u, sizeof *sizes);
    *out = (struct check_lists){.zones = 0};
    if (!sizes)
        return PTRD_ENOMEM;
    add_records(m, t, sizes);
    add_ptrs(m, t, sizes);
    int err = add_generated(t, sizes);
    for (uint32_t i = 0; i < m->zone_count && err == 0; i++) {
        const struct zone *z = table_zone_for(t, &m->zones[i].apex);
        const struct size *size = &sizes[z - t->zones];
        const char *what = permission(&m->zones[i]);
        if (size->records <= room.records && size->bytes <= room.bytes)
            continue;
        out->zones++;
        if (what) {
            out->warned++;
            ++*warnings;
            warn(&m->zones[i], what, size, list_capacity_room(&room), fn, ctx);
        } else if (out->zones - out->warned <= CHECK_LISTS_NAMED) {
            out->named[out->zones - out->warned - 1] = i;
        }
    }
    free(sizes);
    return err;
}
