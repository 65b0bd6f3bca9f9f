#include "ptrd/resolve/resolve.h"

#include "work.h"

#include <stdlib.h>
#include <string.h>

/* One walk over everything explicit in a zone. Three sources are read one after the other: records
 * and cuts, explicit PTRs, derived names. In each, the names below a name stand together, so that
 * an empty non-terminal is met when the walk first goes below it. A name that an earlier source
 * lists, or lists something below of, is left out by the later ones; so each source stops only at
 * what the lookups count as being there. */
struct list {
    struct snapshot *s;
    const struct zone *zone;
    struct answer *a;
    list_emit_fn *emit;
    void *ctx;
    struct name last; /* the name before this one in the same source */
    bool has_last;
    uint64_t looks; /* how many lookups were made: the rows in a are of the last one */
    int (*seen_before)(struct list *l, const struct name *name); /* by an earlier source */
    struct name *glue; /* name servers below the last cut that zones below hold, sorted */
    uint32_t glue_count, glue_capacity;
};

/* --- one name --------------------------------------------------------------------------------- */

/* Every row of a name, as a lookup with this zone's id gives it. */
static int look(struct list *l, const struct name *name)
{
    struct question q = {.name = *name, .type = RRTYPE_ANY, .zone_id = l->zone->id};
    l->looks++;
    return resolve(l->s, &q, l->a);
}

static int emit_rows(struct list *l, const struct name *name)
{
    int err = 0;
    for (uint32_t i = 0; err == 0 && i < l->a->count; i++)
        err = l->emit(l->ctx, name, &l->a->rows[i]);
    return err;
}

/* Something stands there that is neither generated nor only there for what lies below. */
static bool is_listed(const struct answer *a)
{
    for (uint32_t i = 0; i < a->count; i++)
        if (a->rows[i].source != ANSWER_GENERATED && a->rows[i].kind != ROW_ENT)
            return true;
    return false;
}

static bool own(const struct list *l, const struct name *name)
{
    return table_zone_for(l->s->table, name) == l->zone;
}

/* The empty non-terminals above name that no earlier name lay below. */
static int emit_above(struct list *l, const struct name *name)
{
    unsigned depth = name_labels(name) - name_labels(&l->zone->apex);
    for (unsigned up = depth; up-- > 1;) {
        struct name above;
        name_strip(name, up, &above);
        if (l->has_last && name_within(&l->last, &above))
            continue;
        int err = l->seen_before(l, &above);
        if (err == PTRD_FOUND)
            continue;
        if (err == 0)
            err = look(l, &above);
        if (err == 0)
            err = emit_rows(l, &above);
        if (err < 0)
            return err;
    }
    return 0;
}

static int glue_add(struct list *l, const struct name *name)
{
    uint32_t at = 0;
    if (l->glue_count == l->glue_capacity) {
        uint32_t capacity = l->glue_capacity ? l->glue_capacity * 2 : 16;
        struct name *glue = realloc(l->glue, capacity * sizeof *glue);
        if (!glue)
            return PTRD_ENOMEM;
        l->glue = glue;
        l->glue_capacity = capacity;
    }
    while (at < l->glue_count && name_compare(&l->glue[at], name) < 0)
        at++;
    if (at < l->glue_count && name_equal(&l->glue[at], name))
        return 0;
    memmove(&l->glue[at + 1], &l->glue[at], (l->glue_count - at) * sizeof *l->glue);
    l->glue[at] = *name;
    l->glue_count++;
    return 0;
}

/* The name servers below a cut that a zone below answers for; the cut's rows are in l->a. */
static int glue_collect(struct list *l, const struct name *cut)
{
    l->glue_count = 0;
    for (uint32_t i = 0; i < l->a->count; i++) {
        const struct row *row = &l->a->rows[i];
        struct name target;
        if (row->type != RRTYPE_NS)
            continue;
        if (name_parse((const char *)row->bytes.bytes, row->bytes.len, &target, NULL) < 0)
            return PTRD_ECORRUPT;
        int err = name_within(&target, cut) && !name_equal(&target, cut) && !own(l, &target)
                      ? glue_add(l, &target)
                      : 0;
        if (err < 0)
            return err;
    }
    return 0;
}

/* Emits a name after the empty non-terminals above it. */
static int emit_below(struct list *l, const struct name *name)
{
    int err = l->seen_before(l, name);
    if (err == 0)
        err = look(l, name);
    else if (err == PTRD_FOUND)
        return 0;
    if (err < 0 || !is_listed(l->a))
        return err;
    /* Glue makes no name above it exist. */
    bool glue = l->a->rule == PLACE_BELOW_CUT && !own(l, name);
    if (!glue) {
        uint64_t looks = l->looks;
        err = emit_above(l, name);
        l->last = *name;
        l->has_last = true;
        if (err == 0 && l->looks != looks)
            err = look(l, name);
    }
    if (err == 0)
        err = emit_rows(l, name);
    return err == 0 && l->a->rule == PLACE_AT_CUT ? glue_collect(l, name) : err;
}

/* --- records and cuts ------------------------------------------------------------------------- */

static int seen_never(struct list *l, const struct name *name)
{
    (void)l;
    (void)name;
    return PTRD_ABSENT;
}

/* One of the tables of RRsets: where it stands. */
struct feed {
    const struct origins *origins;
    enum store_table table;
    bool there;
    struct name owner;
};

/* Moves to the first name at or behind the key that counts. Of a zone below it is the apex that is
 * met in the records, whichever row comes first: its NS stand there. */
static int feed_seek(struct list *l, struct feed *f, struct span from)
{
    struct name_key apex;
    struct span key, value;
    uint16_t type;
    name_key(&l->zone->apex, &apex);
    f->there = false;
    int found = store_seek(l->s->reader, f->table, from, &key, &value);
    for (;
         found == PTRD_FOUND && key.len >= apex.len && memcmp(key.bytes, apex.bytes, apex.len) == 0;
         found = store_next(l->s->reader, f->table, &key, &value)) {
        int counts = answer_row_counts(l->s->reader, f->origins, f->table, key, value);
        if (counts == PTRD_ABSENT)
            continue;
        if (counts == PTRD_FOUND)
            counts = store_read_key_rrset(key, &f->owner, &type);
        if (counts < 0)
            return counts;
        const struct zone *z = table_zone_for(l->s->table, &f->owner);
        if (f->origins == &answer_records && z && z != l->zone)
            f->owner = zone_towards(l->s->table, l->zone, z)->apex;
        f->there = true;
        return 0;
    }
    return found < 0 ? found : 0;
}

/* Behind the rows of the name where it stands; of a zone below, behind all of its rows. */
static int feed_next(struct list *l, struct feed *f)
{
    struct name_key k;
    uint8_t behind[NAME_KEY_MAX + 1];
    name_key(&f->owner, &k);
    memcpy(behind, k.bytes, k.len);
    size_t len = k.len + 1u;
    if (f->origins == &answer_records && !own(l, &f->owner))
        len = k.len;
    behind[len - 1] = 1; /* a label is closed by 00, the rows of a name go on with 00 */
    return feed_seek(l, f, (struct span){behind, len});
}

/* The least name where a feed stands, or glue; all that stand there move on. PTRD_ABSENT: done. */
static int next_name(struct list *l, struct feed *feeds, unsigned count, struct name *out)
{
    const struct name *least = l->glue_count ? &l->glue[0] : NULL;
    for (unsigned i = 0; i < count; i++)
        if (feeds[i].there && (!least || name_compare(&feeds[i].owner, least) < 0))
            least = &feeds[i].owner;
    if (!least)
        return PTRD_ABSENT;
    *out = *least;
    if (l->glue_count && name_equal(&l->glue[0], out))
        memmove(&l->glue[0], &l->glue[1], --l->glue_count * sizeof *l->glue);
    for (unsigned i = 0; i < count; i++) {
        int err = feeds[i].there && name_equal(&feeds[i].owner, out) ? feed_next(l, &feeds[i]) : 0;
        if (err < 0)
            return err;
    }
    return PTRD_FOUND;
}

static int list_records(struct list *l)
{
    struct feed feeds[] = {{.origins = &answer_records, .table = STORE_RECORDS},
                           {.origins = &answer_records, .table = STORE_LOCAL_RECORDS},
                           {.origins = &answer_above, .table = STORE_ABOVE},
                           {.origins = &answer_above, .table = STORE_LOCAL_ABOVE}};
    const unsigned count = sizeof feeds / sizeof *feeds;
    struct name_key apex;
    struct name name;
    name_key(&l->zone->apex, &apex);
    for (unsigned i = 0; i < count; i++) {
        int err = feed_seek(l, &feeds[i], (struct span){apex.bytes, apex.len});
        if (err < 0)
            return err;
    }
    int found;
    while ((found = next_name(l, feeds, count, &name)) == PTRD_FOUND) {
        int err = name_equal(&name, &l->zone->apex) ? 0 : emit_below(l, &name);
        if (err < 0)
            return err;
    }
    return found;
}

/* A record, or a cut, is listed at or below the name. What a zone below a cut holds is not. */
static int seen_in_records(struct list *l, const struct name *name)
{
    struct name_key k;
    if (l->zone->has_cuts && table_place(l->s->table, name).rule == PLACE_BELOW_CUT)
        return ruled_records_below(l->s, l->zone, name);
    name_key(name, &k);
    return answer_rows_below(l->s->reader, &k);
}

/* --- explicit PTRs ---------------------------------------------------------------------------- */

/* The range that the names of a zone can speak of; false: none. */
static bool range_of_zone(const struct list *l, struct range *out)
{
    struct arpa arpa;
    if (!l->zone->reverse)
        return false;
    table_reverse_parse(l->s->table, l->zone, &l->zone->apex, &arpa);
    if (arpa.kind != ARPA_PARTIAL && arpa.kind != ARPA_FULL)
        return false;
    *out = range_of_prefix(&arpa.prefix);
    return true;
}

/* The first address at or behind `at` that either table of PTRs knows. */
static int next_address(struct list *l, const struct range *range, u128 at, struct addr *out)
{
    static const enum store_table tables[] = {STORE_PTRS, STORE_LOCAL_PTRS};
    struct addr_key from = addr_key(range->family, at);
    int result = PTRD_ABSENT;
    for (unsigned i = 0; i < 2; i++) {
        struct span key, value;
        struct addr addr;
        int found =
            store_seek(l->s->reader, tables[i], (struct span){from.bytes, from.len}, &key, &value);
        if (found == PTRD_ABSENT)
            continue;
        int err = found < 0 ? found : store_read_key_addr(key, &addr);
        if (err < 0)
            return err;
        if (!range_contains(range, &addr) || (result == PTRD_FOUND && addr.num >= out->num))
            continue;
        *out = addr;
        result = PTRD_FOUND;
    }
    return result;
}

/* The last address from this one on that has the same home, which is not the list's zone. */
static u128 last_at_home(const struct list *l, const struct addr *addr, const struct zone *home)
{
    struct arpa arpa;
    table_reverse_parse(l->s->table, home, &home->apex, &arpa);
    if (arpa.kind != ARPA_PARTIAL && arpa.kind != ARPA_FULL)
        return addr->num;
    struct range range = range_of_prefix(&arpa.prefix);
    return range_contains(&range, addr) ? range.last : addr->num;
}

static int emit_address(struct list *l, const struct addr *addr)
{
    struct store_ptr ptr;
    struct name owner;
    bool local;
    int found = answer_ptr(l->s->reader, addr, &ptr, &local);
    if (found != PTRD_FOUND)
        return found;
    table_reverse_name(l->s->table, addr, &owner);
    return emit_below(l, &owner);
}

static int list_ptrs(struct list *l)
{
    struct range range;
    struct addr addr;
    if (!range_of_zone(l, &range))
        return 0;
    u128 at = range.first;
    for (;;) {
        int found = next_address(l, &range, at, &addr);
        if (found != PTRD_FOUND)
            return found;
        const struct zone *home = table_home(l->s->table, &addr);
        int err = home == l->zone ? emit_address(l, &addr) : 0;
        if (err < 0)
            return err;
        u128 last = home && home != l->zone ? last_at_home(l, &addr, home) : addr.num;
        if (last >= range.last)
            return 0;
        at = last + 1;
    }
}

/* An explicit PTR is listed at or below the name, or a record. */
static int seen_in_ptrs(struct list *l, const struct name *name)
{
    int found = seen_in_records(l, name);
    if (found != PTRD_ABSENT || !l->zone->reverse)
        return found;
    struct question q = {.name = *name};
    struct work w = {.s = l->s, .q = &q, .a = l->a};
    l->a->zone = l->zone;
    work_read_arpa(&w);
    return w.arpa.kind == ARPA_PARTIAL || w.arpa.kind == ARPA_FULL ? work_ptrs_below(&w, false)
                                                                   : PTRD_ABSENT;
}

/* --- derived names ---------------------------------------------------------------------------- */

static int list_derived(struct list *l)
{
    struct name_key apex;
    struct span key, value;
    name_key(&l->zone->apex, &apex);
    struct span from = {.bytes = apex.bytes, .len = apex.len};
    int found = store_seek(l->s->reader, STORE_DERIVED, from, &key, &value);
    while (found == PTRD_FOUND && key.len >= apex.len &&
           memcmp(key.bytes, apex.bytes, apex.len) == 0) {
        struct name target;
        struct addr addr;
        struct name_key k;
        int err = store_read_key_derived(key, &target, &addr);
        if (err == 0 && own(l, &target) && !name_equal(&target, &l->zone->apex))
            err = emit_below(l, &target);
        if (err < 0)
            return err;
        /* Behind all addresses of this target: its key and an octet above any family. */
        name_key(&target, &k);
        uint8_t behind[NAME_KEY_MAX + 1];
        memcpy(behind, k.bytes, k.len);
        behind[k.len] = FAMILY_IPV6 + 1;
        found = store_seek(l->s->reader, STORE_DERIVED, (struct span){behind, k.len + 1u}, &key,
                           &value);
    }
    return found < 0 ? found : 0;
}

/* --- the whole -------------------------------------------------------------------------------- */

static int list_source(struct list *l, int (*source)(struct list *l),
                       int (*seen_before)(struct list *l, const struct name *name))
{
    l->has_last = false;
    l->seen_before = seen_before;
    return source(l);
}

int resolve_list(struct snapshot *s, const struct name *apex, struct answer *a, list_emit_fn *emit,
                 void *ctx)
{
    const struct zone *zone = table_zone_for(s->table, apex);
    if (!zone || !name_equal(&zone->apex, apex))
        return PTRD_ABSENT;
    struct list l = {.s = s, .zone = zone, .a = a, .emit = emit, .ctx = ctx};
    int err = look(&l, apex);
    if (err == 0)
        err = emit_rows(&l, apex);
    if (err == 0)
        err = list_source(&l, list_records, seen_never);
    if (err == 0)
        err = list_source(&l, list_ptrs, seen_in_records);
    if (err == 0)
        err = list_source(&l, list_derived, seen_in_ptrs);
    free(l.glue);
    return err < 0 ? err : PTRD_FOUND;
}
