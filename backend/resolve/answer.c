#include "answer.h"

#include <endian.h>
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

const struct origins answer_records = {STORE_RECORDS, STORE_LOCAL_RECORDS};
const struct origins answer_above = {STORE_ABOVE, STORE_LOCAL_ABOVE};

/* What the local rows of a name hide of the source's. */
struct hiding {
    bool some;  /* those of their own types, tombstones included */
    bool cname; /* a CNAME: there is a local RRset (RFC 1034 3.6.2) */
    bool all;   /* there is a local CNAME */
};

static int each_local(struct store_reader *r, const struct origins *o, const struct row_prefix *p,
                      struct hiding *h, rrset_fn *fn, void *ctx)
{
    struct span key = {.bytes = p->bytes, .len = p->len}, value;
    if (o->local == ORIGIN_NONE)
        return 0;
    int found = store_seek(r, o->local, key, &key, &value);
    for (; found == PTRD_FOUND && starts_with(key, p->bytes, p->len);
         found = store_next(r, o->local, &key, &value)) {
        struct store_rrset set;
        int err = read_row(key, value, &set);
        h->some = true;
        if (err == 0 && set.count && set.type != RRTYPE_SOA) {
            h->cname = true;
            h->all |= set.type == RRTYPE_CNAME;
            err = fn(ctx, &set, true);
        }
        if (err < 0)
            return err;
    }
    return found < 0 ? found : 0;
}

static int each_source(struct store_reader *r, const struct origins *o, const struct row_prefix *p,
                       const struct hiding *h, rrset_fn *fn, void *ctx)
{
    struct span key = {.bytes = p->bytes, .len = p->len}, value, other;
    if (o->source == ORIGIN_NONE)
        return 0;
    int found = store_seek(r, o->source, key, &key, &value);
    for (; found == PTRD_FOUND && starts_with(key, p->bytes, p->len);
         found = store_next(r, o->source, &key, &value)) {
        struct store_rrset set;
        int err = h->some ? store_get(r, o->local, key, &other) : PTRD_ABSENT;
        if (err == PTRD_FOUND)
            continue;
        if (err == 0)
            err = read_row(key, value, &set);
        if (err == 0 && set.type != RRTYPE_SOA && !(h->cname && set.type == RRTYPE_CNAME))
            err = fn(ctx, &set, false);
        if (err < 0)
            return err;
    }
    return found < 0 ? found : 0;
}

int answer_each_rrset(struct store_reader *r, const struct origins *o, const struct name_key *name,
                      rrset_fn *fn, void *ctx)
{
    struct row_prefix p = row_prefix(name);
    struct hiding h = {.some = false};
    int err = each_local(r, o, &p, &h, fn, ctx);
    return err < 0 || h.all ? err : each_source(r, o, &p, &h, fn, ctx);
}

/* PTRD_FOUND also for a tombstone. */
static int get_rrset(struct store_reader *r, enum store_table table, const struct name_key *name,
                     uint16_t type, struct store_rrset *set)
{
    uint8_t bytes[NAME_KEY_MAX + 3];
    struct span key = {.bytes = bytes, .len = name->len + 3u}, value;
    memcpy(bytes, name->bytes, name->len);
    bytes[name->len] = 0;
    bytes[name->len + 1] = (uint8_t)(type >> 8);
    bytes[name->len + 2] = (uint8_t)type;
    int found = store_get(r, table, key, &value);
    int err = found == PTRD_FOUND ? read_row(key, value, set) : found;
    return err < 0 ? err : found;
}

int answer_rrset(struct store_reader *r, const struct origins *o, const struct name_key *name,
                 uint16_t type, struct store_rrset *set, bool *local)
{
    int found = get_rrset(r, o->local, name, type, set);
    *local = found == PTRD_FOUND;
    if (found == PTRD_ABSENT)
        found = get_rrset(r, o->source, name, type, set);
    return found == PTRD_FOUND && set->count == 0 ? PTRD_ABSENT : found;
}

/* A tombstone does not count, nor does a source row that a local one, be it a tombstone, replaces:
 * that one is looked at by itself. */
int answer_row_counts(struct store_reader *r, const struct origins *o, enum store_table table,
                      struct span key, struct span value)
{
    struct store_rrset set;
    int err = read_row(key, value, &set);
    if (err < 0 || set.count == 0 || set.type == RRTYPE_SOA)
        return err < 0 ? err : PTRD_ABSENT;
    if (table == o->local)
        return PTRD_FOUND;
    int found = store_get(r, o->local, key, &value);
    return found == PTRD_FOUND ? PTRD_ABSENT : found == PTRD_ABSENT ? PTRD_FOUND : found;
}

static int any_row_below(struct store_reader *r, const struct origins *o, enum store_table table,
                         const struct name_key *name)
{
    struct span from = {.bytes = name->bytes, .len = name->len}, key, value;
    int found = store_seek(r, table, from, &key, &value);
    while (found == PTRD_FOUND && starts_with(key, name->bytes, name->len)) {
        int counts = answer_row_counts(r, o, table, key, value);
        if (counts != PTRD_ABSENT)
            return counts;
        found = store_next(r, table, &key, &value);
    }
    return found < 0 ? found : PTRD_ABSENT;
}

int answer_rows_below(struct store_reader *r, const struct name_key *name)
{
    int found = any_row_below(r, &answer_records, STORE_RECORDS, name);
    return found == PTRD_ABSENT ? any_row_below(r, &answer_records, STORE_LOCAL_RECORDS, name)
                                : found;
}

int answer_records_below(struct store_reader *r, const struct name_key *name)
{
    struct span from = {.bytes = name->bytes, .len = name->len}, key, value;
    int found = answer_rows_below(r, name);
    if (found == PTRD_ABSENT)
        found = store_seek(r, STORE_DERIVED, from, &key, &value);
    else
        return found;
    return found == PTRD_FOUND && !starts_with(key, name->bytes, name->len) ? PTRD_ABSENT : found;
}

/* --- SOA -------------------------------------------------------------------------------------- */

/* The fields of a local SOA around the serial, which the store keeps elsewhere and which only
 * rises. Blanks inside a name are escaped as digits, so the serial is the fifth field from the end.
 */
static int put_serial(const struct store_rrset *set, uint32_t serial, struct answer *a,
                      struct span *text)
{
    struct span content;
    size_t at = 0;
    if (store_next_content(set->contents, &at, &content) != PTRD_FOUND)
        return PTRD_ECORRUPT;
    size_t end = content.len;
    for (unsigned field = 0; field < 4; field++) {
        while (end && content.bytes[end - 1] != ' ')
            end--;
        end -= end != 0;
    }
    size_t start = end;
    while (start && content.bytes[start - 1] != ' ')
        start--;
    if (start == 0)
        return PTRD_ECORRUPT;
    int n = snprintf(a->soa, sizeof a->soa, "%.*s%u%.*s", (int)start, (const char *)content.bytes,
                     serial, (int)(content.len - end), (const char *)content.bytes + end);
    if (n < 0 || (size_t)n >= sizeof a->soa)
        return PTRD_ECORRUPT;
    *text = (struct span){.bytes = (const uint8_t *)a->soa, .len = (size_t)n};
    return 0;
}

/* A blank and the number; returns the end. */
static char *put_number(char *p, uint32_t number)
{
    char digits[10];
    unsigned i = sizeof digits;
    do
        digits[--i] = (char)('0' + number % 10);
    while (number /= 10);
    *p++ = ' ';
    memcpy(p, digits + i, sizeof digits - i);
    return p + (sizeof digits - i);
}

static int source_soa(struct store_reader *r, struct span key, uint32_t serial, struct answer *a,
                      struct row *row)
{
    struct span value;
    struct store_zone zone;
    int found = store_get(r, STORE_ZONES, key, &value);
    if (found != PTRD_FOUND)
        return found < 0 ? found : PTRD_ECORRUPT; /* the table says that the zone is there */
    int err = store_read_zone(value, &zone);
    if (err < 0)
        return err;
    const struct store_soa *soa = &zone.soa;
    size_t at = name_print(&soa->mname, a->soa);
    at -= soa->mname.len == 1; /* the root is its own final dot */
    a->soa[at++] = '.';
    a->soa[at++] = ' ';
    at += name_print(&soa->rname, a->soa + at);
    at -= soa->rname.len == 1;
    const uint32_t numbers[] = {serial, soa->refresh_s, soa->retry_s, soa->expire_s,
                                soa->minimum_s};
    char *end = a->soa + at;
    *end++ = '.';
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++)
        end = put_number(end, numbers[i]);
    row->bytes = (struct span){.bytes = (const uint8_t *)a->soa, .len = (size_t)(end - a->soa)};
    row->ttl_s = zone.ttl_s;
    return 0;
}

int answer_soa(struct snapshot *s, const struct name_key *apex, struct answer *a, struct row *row)
{
    struct span key = {.bytes = apex->bytes, .len = apex->len}, value;
    struct store_rrset set;
    struct store_zone_id id;
    int found = store_get(s->reader, STORE_ZONE_IDS, key, &value);
    if (found != PTRD_FOUND)
        return found < 0 ? found : PTRD_ECORRUPT;
    int err = store_read_zone_id(value, &id);
    if (err < 0)
        return err;
    found = get_rrset(s->reader, STORE_LOCAL_RECORDS, apex, RRTYPE_SOA, &set);
    if (found < 0)
        return found;
    row->local = found == PTRD_FOUND && set.count;
    if (!row->local)
        return source_soa(s->reader, key, id.serial, a, row);
    row->ttl_s = set.ttl_s;
    return put_serial(&set, id.serial, a, &row->bytes);
}

/* --- explicit PTRs ---------------------------------------------------------------------------- */

struct addr_key addr_key(enum family family, u128 num)
{
    struct addr_key k = {.len = 1 + family_bits(family) / 8};
    const uint64_t halves[2] = {htobe64((uint64_t)(num >> 64)), htobe64((uint64_t)num)};
    k.bytes[0] = (uint8_t)family;
    if (family == FAMILY_IPV6)
        memcpy(k.bytes + 1, halves, 16);
    else
        memcpy(k.bytes + 1, (const uint8_t *)halves + 12, 4);
    return k;
}

int answer_ptr(struct store_reader *r, const struct addr *addr, struct store_ptr *out, bool *local)
{
    struct addr_key k = addr_key(addr->family, addr->num);
    struct span key = {.bytes = k.bytes, .len = k.len}, value;
    int found = store_get(r, STORE_LOCAL_PTRS, key, &value);
    *local = found == PTRD_FOUND;
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
