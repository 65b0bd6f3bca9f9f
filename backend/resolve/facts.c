#include "facts.h"

#include <stdlib.h>
#include <string.h>

enum fact { FACT_UNKNOWN, FACT_BARE, FACT_RECORDS };

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

static int find_out(struct snapshot *s, const struct zone *z)
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
    memset(facts, FACT_UNKNOWN, s->table->zone_count + 1u);
    a->facts = facts;
    a->facts_table = s->table;
    a->facts_data = s->meta.data;
    a->facts_environment = environment;
    return 0;
}

int facts_records(struct snapshot *s, struct answer *a)
{
    if (!s->own) /* a writer's rows change while its generation stays */
        return PTRD_FOUND;
    int found = settle(s, a);
    if (found < 0)
        return found;
    uint8_t *fact = &a->facts[a->zone - s->table->zones];
    if (*fact == FACT_UNKNOWN) {
        found = find_out(s, a->zone);
        if (found < 0)
            return found;
        *fact = found == PTRD_FOUND ? FACT_RECORDS : FACT_BARE;
    }
    return *fact == FACT_RECORDS ? PTRD_FOUND : PTRD_ABSENT;
}
