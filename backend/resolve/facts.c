#include "facts.h"

#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "ptrd/core/arpa.h"
#include "ptrd/resolve/metadata.h"
#include "soa.h"

/* Bits of a zone: what is true (the first three as in enum facts_records), what is known. */
enum fact {
    PTRS = 8,
    SIGNED = 16,
    SOA_EDITED = 32,
    RECORDS_KNOWN = 64,
    PTRS_KNOWN = 128,
    SIGNED_KNOWN = 256,
    SOA_EDITED_KNOWN = 512
};
#define RECORDS (FACTS_SOURCE | FACTS_LOCAL | FACTS_DERIVED)

/* The SOA of a zone: leaves are asked for theirs each. */
struct kept_soa {
    const struct zone *zone; /* NULL: none */
    uint32_t ttl_s;
    uint16_t len;
    bool local;
    uint16_t wire_len; /* 0: not known */
    uint8_t wire[SOA_WIRE_SIZE];
    char text[SOA_TEXT_SIZE];
};
#define KEPT_SOAS 64

struct facts {
    const struct table *table; /* what they hold for */
    uint64_t data, environment;
    struct kept_soa soas[KEPT_SOAS]; /* by the zone's index */
    uint16_t zones[];
};

/* The bits that are true, or an error. */
typedef int find_fn(struct snapshot *s, const struct zone *z);

/* Rows of a table whose keys lie below the apex: behind its own, which go on with 00. */
static int any_below(struct snapshot *s, enum store_table table, const struct name_key *apex)
{
    uint8_t from[NAME_KEY_MAX + 1];
    struct span key, value;
    memcpy(from, apex->bytes, apex->len);
    from[apex->len] = 1;
    int found = store_seek(s->reader, table, (struct span){from, apex->len + 1u}, &key, &value);
    if (found != PTRD_FOUND)
        return found;
    return key.len > apex->len && memcmp(key.bytes, apex->bytes, apex->len) == 0 ? PTRD_FOUND
                                                                                 : PTRD_ABSENT;
}

static int find_records(struct snapshot *s, const struct zone *z)
{
    static const struct {
        enum store_table table;
        int bit;
    } tables[] = {{STORE_RECORDS, FACTS_SOURCE},
                  {STORE_LOCAL_RECORDS, FACTS_LOCAL},
                  {STORE_DERIVED, FACTS_DERIVED}};
    struct name_key apex;
    int bits = 0;
    name_key(&z->apex, &apex);
    for (unsigned i = 0; i < sizeof tables / sizeof *tables; i++) {
        int found = any_below(s, tables[i].table, &apex);
        if (found < 0)
            return found;
        bits |= found == PTRD_FOUND ? tables[i].bit : 0;
    }
    return bits;
}

static int any_ptr(struct snapshot *s, enum store_table table, const struct range *range)
{
    struct addr_key from = addr_key(range->family, range->first);
    struct addr_key to = addr_key(range->family, range->last);
    struct span key = {from.bytes, from.len}, value;
    int found = store_seek(s->reader, table, key, &key, &value);
    if (found != PTRD_FOUND)
        return found;
    return key.len == to.len && memcmp(key.bytes, to.bytes, to.len) <= 0 ? PTRD_FOUND : PTRD_ABSENT;
}

/* Tombstones count, and addresses that have their home in a zone below. */
static int find_ptrs(struct snapshot *s, const struct zone *z)
{
    struct arpa arpa = {.kind = ARPA_FULL, .prefix = z->prefix};
    if (!z->classless)
        arpa_parse(&z->apex, &arpa);
    if (arpa.kind == ARPA_NONE)
        return PTRS;
    struct range range = range_of_prefix(&arpa.prefix);
    int found = any_ptr(s, STORE_PTRS, &range);
    if (found == PTRD_ABSENT)
        found = any_ptr(s, STORE_LOCAL_PTRS, &range);
    return found == PTRD_FOUND ? PTRS : found;
}

static int find_active_key(struct snapshot *s, uint32_t zone_id)
{
    const uint8_t from[4] = {(uint8_t)(zone_id >> 24), (uint8_t)(zone_id >> 16),
                             (uint8_t)(zone_id >> 8), (uint8_t)zone_id};
    struct span key, value;
    uint32_t id, key_id;
    struct store_key row;
    int found = store_seek(s->reader, STORE_KEYS, (struct span){from, sizeof from}, &key, &value);
    for (; found == PTRD_FOUND; found = store_next(s->reader, STORE_KEYS, &key, &value)) {
        int err = store_read_key_key(key, &id, &key_id);
        if (err == 0 && id != zone_id)
            return PTRD_ABSENT;
        if (err == 0)
            err = store_read_key(value, &row);
        if (err < 0 || row.active)
            return err < 0 ? err : PTRD_FOUND;
    }
    return found;
}

static int any_metadata(struct snapshot *s, const struct zone *z, const char *kind)
{
    struct span value, item;
    size_t at = 0;
    int found = resolve_metadata(s, z->id, kind, &value);
    return found == PTRD_FOUND ? store_next_string(value, &at, &item) : found;
}

static int find_signed(struct snapshot *s, const struct zone *z)
{
    int found = find_active_key(s, z->id);
    if (found == PTRD_ABSENT)
        found = any_metadata(s, z, "PRESIGNED");
    return found == PTRD_FOUND ? SIGNED : found;
}

static int find_soa_edited(struct snapshot *s, const struct zone *z)
{
    int found = any_metadata(s, z, "SOA-EDIT");
    return found == PTRD_FOUND ? SOA_EDITED : found;
}

/* Facts of another table, store or generation are forgotten. */
static int settle(struct snapshot *s, struct answer *a)
{
    uint64_t environment = store_reader_environment(s->reader);
    struct facts *f = a->facts;
    if (f && f->table == s->table && f->data == s->meta.data && f->environment == environment)
        return 0;
    f = realloc(f, sizeof *f + s->table->zone_count * sizeof *f->zones);
    if (!f)
        return PTRD_ENOMEM;
    a->facts = f;
    f->table = s->table;
    f->data = s->meta.data;
    f->environment = environment;
    memset(f->zones, 0, s->table->zone_count * sizeof *f->zones);
    for (unsigned i = 0; i < KEPT_SOAS; i++)
        f->soas[i].zone = NULL;
    return 0;
}

/* The zone's bits with that one among the known, or an error. */
static inline int fact(struct snapshot *s, struct answer *a, enum fact known, find_fn *find)
{
    int err = settle(s, a);
    if (err < 0)
        return err;
    uint16_t *bits = &a->facts->zones[a->zone - s->table->zones];
    if (!(*bits & known)) {
        int found = find(s, a->zone);
        if (found < 0)
            return found;
        *bits |= (uint16_t)(found | (int)known);
    }
    return *bits;
}

/* A writer's rows change while its generation stays: nothing is remembered of them. */
int facts_records(struct snapshot *s, struct answer *a)
{
    int bits = s->own ? fact(s, a, RECORDS_KNOWN, find_records) : RECORDS;
    return bits < 0 ? bits : bits & RECORDS;
}

int facts_ptrs(struct snapshot *s, struct answer *a)
{
    int bits = s->own ? fact(s, a, PTRS_KNOWN, find_ptrs) : PTRS;
    return bits < 0 ? bits : bits & PTRS ? PTRD_FOUND : PTRD_ABSENT;
}

int facts_signed(struct snapshot *s, struct answer *a)
{
    int bits = s->own ? fact(s, a, SIGNED_KNOWN, find_signed) : find_signed(s, a->zone);
    return bits < 0 ? bits : bits & SIGNED ? PTRD_FOUND : PTRD_ABSENT;
}

int facts_plain(struct snapshot *s, struct answer *a)
{
    int found = facts_signed(s, a);
    if (found != PTRD_ABSENT)
        return found < 0 ? found : PTRD_ABSENT;
    int bits = s->own ? fact(s, a, SOA_EDITED_KNOWN, find_soa_edited) : find_soa_edited(s, a->zone);
    return bits < 0 ? bits : bits & SOA_EDITED ? PTRD_ABSENT : PTRD_FOUND;
}

/* --- SOAs ------------------------------------------------------------------------------------- */

static int make_soa(struct snapshot *s, struct answer *a, struct row *row)
{
    struct name_key apex;
    name_key(&a->zone->apex, &apex);
    return answer_soa(s, &apex, a, row);
}

/* Of a->zone, in a's facts. */
static int keep_soa(struct snapshot *s, struct answer *a, struct kept_soa **out)
{
    struct row row = {.kind = ROW_TEXT};
    int err = settle(s, a);
    if (err < 0)
        return err;
    struct kept_soa *kept = &a->facts->soas[(a->zone - s->table->zones) % KEPT_SOAS];
    *out = kept;
    if (kept->zone == a->zone)
        return 0;
    err = make_soa(s, a, &row);
    if (err < 0)
        return err;
    memcpy(kept->text, row.bytes.bytes, row.bytes.len);
    kept->len = (uint16_t)row.bytes.len;
    kept->wire_len = 0;
    kept->ttl_s = row.ttl_s;
    kept->local = row.local;
    kept->zone = a->zone;
    return 0;
}

int facts_soa(struct snapshot *s, struct answer *a, struct row *row)
{
    struct kept_soa *kept;
    if (!s->own)
        return make_soa(s, a, row);
    int err = keep_soa(s, a, &kept);
    if (err < 0)
        return err;
    row->bytes = (struct span){(const uint8_t *)kept->text, kept->len};
    row->ttl_s = kept->ttl_s;
    row->local = kept->local;
    return 0;
}

int facts_soa_wire(struct snapshot *s, struct answer *a, struct span *wire, uint32_t *ttl_s)
{
    struct kept_soa *kept;
    int err = keep_soa(s, a, &kept);
    if (err < 0)
        return err;
    if (kept->wire_len == 0) {
        int len = soa_to_wire((struct span){(const uint8_t *)kept->text, kept->len}, kept->wire);
        if (len < 0)
            return len;
        kept->wire_len = (uint16_t)len;
    }
    *wire = (struct span){kept->wire, kept->wire_len};
    *ttl_s = kept->ttl_s;
    return 0;
}
