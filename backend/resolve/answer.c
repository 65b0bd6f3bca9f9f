#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void answer_init(struct answer *a)
{
    memset(a, 0, sizeof *a);
}

void answer_done(struct answer *a)
{
    free(a->rows);
    free(a->facts);
    memset(a, 0, sizeof *a);
}

int answer_add(struct answer *a, const struct row *row)
{
    if (a->count == a->capacity) {
        if (a->capacity >= ANSWER_ROWS_MAX)
            return PTRD_ELIMIT;
        uint32_t capacity = a->capacity ? a->capacity * 2 : 16;
        struct row *rows = realloc(a->rows, capacity * sizeof *rows);
        if (!rows)
            return PTRD_ENOMEM;
        a->rows = rows;
        a->capacity = capacity;
    }
    a->rows[a->count++] = *row;
    return 0;
}

/* --- RRsets at a name ------------------------------------------------------------------------- */

/* The keys of a name's own rows go on with 00; those of names below with a label. */
struct row_prefix {
    uint8_t bytes[NAME_KEY_MAX + 1];
    size_t len;
};

static struct row_prefix row_prefix(const struct name_key *name)
{
    struct row_prefix p = {.len = name->len + 1u};
    memcpy(p.bytes, name->bytes, name->len);
    p.bytes[name->len] = 0;
    return p;
}

static bool starts_with(struct span key, const uint8_t *bytes, size_t len)
{
    return key.len >= len && memcmp(key.bytes, bytes, len) == 0;
}

static int read_row(struct span key, struct span value, struct store_rrset *set)
{
    if (key.len < 2)
        return PTRD_ECORRUPT;
    int err = store_read_rrset(value, set);
    if (err == 0)
        set->type = (uint16_t)(key.bytes[key.len - 2] << 8 | key.bytes[key.len - 1]);
    return err;
}

/* Source rows, without those that a local row of the same key replaces. */
static int each_source(struct store_reader *r, const struct row_prefix *p, bool has_local,
                       rrset_fn *fn, void *ctx)
{
    struct span key = {.bytes = p->bytes, .len = p->len}, value, other;
    int found = store_seek(r, STORE_RECORDS, key, &key, &value);
    for (; found == PTRD_FOUND && starts_with(key, p->bytes, p->len);
         found = store_next(r, STORE_RECORDS, &key, &value)) {
        struct store_rrset set;
        int err = has_local ? store_get(r, STORE_LOCAL_RECORDS, key, &other) : PTRD_ABSENT;
        if (err == PTRD_FOUND)
            continue;
        if (err == 0)
            err = read_row(key, value, &set);
        if (err == 0)
            err = fn(ctx, &set);
        if (err < 0)
            return err;
    }
    return found < 0 ? found : 0;
}

int answer_each_rrset(struct store_reader *r, const struct name_key *name, rrset_fn *fn, void *ctx)
{
    struct row_prefix p = row_prefix(name);
    struct span key = {.bytes = p.bytes, .len = p.len}, value;
    bool has_local = false;
    int found = store_seek(r, STORE_LOCAL_RECORDS, key, &key, &value);
    for (; found == PTRD_FOUND && starts_with(key, p.bytes, p.len);
         found = store_next(r, STORE_LOCAL_RECORDS, &key, &value)) {
        struct store_rrset set;
        has_local = true;
        int err = read_row(key, value, &set);
        if (err == 0 && set.count)
            err = fn(ctx, &set);
        if (err < 0)
            return err;
    }
    return found < 0 ? found : each_source(r, &p, has_local, fn, ctx);
}

/* Does a row of one origin count? A tombstone does not, nor does a source row that a local one, be
 * it a tombstone, replaces: that one is looked at by itself. */
static int row_counts(struct store_reader *r, enum store_table table, struct span key,
                      struct span value)
{
    struct store_rrset set;
    if (table == STORE_RECORDS) {
        int found = store_get(r, STORE_LOCAL_RECORDS, key, &value);
        return found == PTRD_FOUND ? PTRD_ABSENT : found == PTRD_ABSENT ? PTRD_FOUND : found;
    }
    if (table == STORE_DERIVED)
        return PTRD_FOUND;
    int err = read_row(key, value, &set);
    return err < 0 ? err : set.count ? PTRD_FOUND : PTRD_ABSENT;
}

static int any_row_below(struct store_reader *r, enum store_table table,
                         const struct name_key *name)
{
    struct span from = {.bytes = name->bytes, .len = name->len}, key, value;
    int found = store_seek(r, table, from, &key, &value);
    while (found == PTRD_FOUND && starts_with(key, name->bytes, name->len)) {
        int counts = row_counts(r, table, key, value);
        if (counts != PTRD_ABSENT)
            return counts;
        found = store_next(r, table, &key, &value);
    }
    return found < 0 ? found : PTRD_ABSENT;
}

int answer_records_below(struct store_reader *r, const struct name_key *name)
{
    static const enum store_table tables[] = {STORE_RECORDS, STORE_DERIVED, STORE_LOCAL_RECORDS};
    for (unsigned i = 0; i < sizeof tables / sizeof *tables; i++) {
        int found = any_row_below(r, tables[i], name);
        if (found != PTRD_ABSENT)
            return found;
    }
    return PTRD_ABSENT;
}

/* --- SOA -------------------------------------------------------------------------------------- */

int answer_soa(struct snapshot *s, struct span key, struct answer *a, struct store_zone *zone,
               struct span *text)
{
    struct span value, id_value;
    struct store_zone_id id;
    int found = store_get(s->reader, STORE_ZONES, key, &value);
    if (found == PTRD_FOUND)
        found = store_get(s->reader, STORE_ZONE_IDS, key, &id_value);
    if (found != PTRD_FOUND)
        return found < 0 ? found : PTRD_ECORRUPT; /* the table says that the zone is there */
    int err = store_read_zone(value, zone);
    if (err == 0)
        err = store_read_zone_id(id_value, &id);
    if (err < 0)
        return err;
    const struct store_soa *soa = &zone->soa;
    size_t at = name_print(&soa->mname, a->soa);
    at -= soa->mname.len == 1; /* the root is its own final dot */
    a->soa[at++] = '.';
    a->soa[at++] = ' ';
    at += name_print(&soa->rname, a->soa + at);
    at -= soa->rname.len == 1;
    int n = snprintf(a->soa + at, sizeof a->soa - at, ". %u %u %u %u %u", id.serial, soa->refresh_s,
                     soa->retry_s, soa->expire_s, soa->minimum_s);
    *text = (struct span){.bytes = (const uint8_t *)a->soa, .len = at + (size_t)n};
    return 0;
}

/* --- explicit PTRs ---------------------------------------------------------------------------- */

struct addr_key addr_key(enum family family, u128 num)
{
    struct addr_key k = {.len = 1 + family_bits(family) / 8};
    k.bytes[0] = (uint8_t)family;
    for (size_t i = k.len - 1; i > 0; i--, num >>= 8)
        k.bytes[i] = (uint8_t)num;
    return k;
}

int answer_ptr(struct store_reader *r, const struct addr *addr, struct store_ptr *out)
{
    struct addr_key k = addr_key(addr->family, addr->num);
    struct span key = {.bytes = k.bytes, .len = k.len}, value;
    int found = store_get(r, STORE_LOCAL_PTRS, key, &value);
    if (found == PTRD_ABSENT)
        found = store_get(r, STORE_PTRS, key, &value);
    if (found != PTRD_FOUND)
        return found;
    int err = store_read_ptr(value, out);
    if (err < 0)
        return err;
    return out->count ? PTRD_FOUND : PTRD_ABSENT; /* a tombstone has no names */
}

static int any_ptr_in(struct store_reader *r, enum store_table table, const struct range *range)
{
    struct addr_key from = addr_key(range->family, range->first);
    struct addr_key to = addr_key(range->family, range->last);
    struct span key = {.bytes = from.bytes, .len = from.len}, value;
    int found = store_seek(r, table, key, &key, &value);
    for (; found == PTRD_FOUND && key.len == to.len && memcmp(key.bytes, to.bytes, to.len) <= 0;
         found = store_next(r, table, &key, &value)) {
        struct store_ptr ptr;
        struct span other;
        int hidden = table == STORE_PTRS ? store_get(r, STORE_LOCAL_PTRS, key, &other) : 0;
        int err = hidden < 0 ? hidden : store_read_ptr(value, &ptr);
        if (err < 0)
            return err;
        if (ptr.count && hidden == PTRD_ABSENT)
            return PTRD_FOUND;
    }
    return found < 0 ? found : PTRD_ABSENT;
}

int answer_any_ptr(struct store_reader *r, const struct range *range)
{
    int found = any_ptr_in(r, STORE_PTRS, range);
    return found == PTRD_ABSENT ? any_ptr_in(r, STORE_LOCAL_PTRS, range) : found;
}

/* --- derived forward addresses --- */

/* Keys of this very name go on with a family octet, which no label of a host name begins with. */
static int derived_read(const struct name_key *name, struct span key, struct span value,
                        struct derived *out)
{
    if (!starts_with(key, name->bytes, name->len) || key.len == name->len)
        return PTRD_ABSENT;
    uint8_t family = key.bytes[name->len];
    if (family != FAMILY_IPV4 && family != FAMILY_IPV6)
        return PTRD_ABSENT;
    struct span addr = {.bytes = key.bytes + name->len, .len = key.len - name->len};
    int err = store_read_key_addr(addr, &out->addr);
    if (err < 0)
        return err;
    if (value.len != 4)
        return PTRD_ECORRUPT;
    out->ttl_s = (uint32_t)value.bytes[0] << 24 | (uint32_t)value.bytes[1] << 16 |
                 (uint32_t)value.bytes[2] << 8 | value.bytes[3];
    return PTRD_FOUND;
}

int derived_first(struct store_reader *r, const struct name_key *name, struct derived *out)
{
    struct span from = {.bytes = name->bytes, .len = name->len}, key, value;
    int found = store_seek(r, STORE_DERIVED, from, &key, &value);
    return found == PTRD_FOUND ? derived_read(name, key, value, out) : found;
}

int derived_next(struct store_reader *r, const struct name_key *name, struct derived *out)
{
    struct span key, value;
    int found = store_next(r, STORE_DERIVED, &key, &value);
    return found == PTRD_FOUND ? derived_read(name, key, value, out) : found;
}
