#include "facts.h"

#include <stdlib.h>
#include <string.h>

#include "ptrd/resolve/metadata.h"

/* Bits of a zone's octet: what is known, and of that, what is true. */
enum fact { RECORDS_KNOWN = 1, RECORDS = 2, SIGNED_KNOWN = 4, SIGNED = 8 };

/* PTRD_FOUND, PTRD_ABSENT or an error. */
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
    static const enum store_table tables[] = {STORE_RECORDS, STORE_LOCAL_RECORDS, STORE_DERIVED};
    struct name_key apex;
    name_key(&z->apex, &apex);
    for (unsigned i = 0; i < sizeof tables / sizeof *tables; i++) {
        int found = any_below(s, tables[i], &apex);
        if (found != PTRD_ABSENT)
            return found;
    }
    return PTRD_ABSENT;
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

static int find_signed(struct snapshot *s, const struct zone *z)
{
    struct span value, item;
    size_t at = 0;
    int found = find_active_key(s, z->id);
    if (found != PTRD_ABSENT)
        return found;
    found = resolve_metadata(s, z->id, "PRESIGNED", &value);
    return found == PTRD_FOUND ? store_next_string(value, &at, &item) : found;
}

/* Facts of another table, store or generation are forgotten. */
static int settle(struct snapshot *s, struct answer *a)
{
    uint64_t environment = store_reader_environment(s->reader);
    if (a->facts && a->facts_table == s->table && a->facts_data == s->meta.data &&
        a->facts_environment == environment)
        return 0;
    uint8_t *facts = realloc(a->facts, s->table->zone_count + 1u);
    if (!facts)
        return PTRD_ENOMEM;
    memset(facts, 0, s->table->zone_count + 1u);
    a->facts = facts;
    a->facts_table = s->table;
    a->facts_data = s->meta.data;
    a->facts_environment = environment;
    return 0;
}

static int fact(struct snapshot *s, struct answer *a, enum fact known, enum fact is, find_fn *find)
{
    int found = settle(s, a);
    if (found < 0)
        return found;
    uint8_t *facts = &a->facts[a->zone - s->table->zones];
    if (!(*facts & known)) {
        found = find(s, a->zone);
        if (found < 0)
            return found;
        *facts |= (uint8_t)(found == PTRD_FOUND ? known | is : known);
    }
    return *facts & is ? PTRD_FOUND : PTRD_ABSENT;
}

/* A writer's rows change while its generation stays: nothing is remembered of them. */
int facts_records(struct snapshot *s, struct answer *a)
{
    return s->own ? fact(s, a, RECORDS_KNOWN, RECORDS, find_records) : PTRD_FOUND;
}

int facts_signed(struct snapshot *s, struct answer *a)
{
    return s->own ? fact(s, a, SIGNED_KNOWN, SIGNED, find_signed) : find_signed(s, a->zone);
}
