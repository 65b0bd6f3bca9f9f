/* Zones, records, blocks and delegations, read whole: a person wrote each of them. */
#include "pg_p.h"

#include <stdlib.h>
#include <string.h>

/* What each relation's rows are read by: id, key, entry, addresses or zone, number. */
static const struct {
    const char *name, *sql;
} relations[PG_RELATIONS] = {
    [PG_ZONE] = {"zone", "SELECT e.id, z.name, e.entry, NULL, e.serial FROM ptrd.zone_entry e"
                         " JOIN ptrd.zone z USING (id) ORDER BY e.id"},
    [PG_RECORD] = {"record",
                   "SELECT e.id, e.id::text || ' (' || r.name || ' ' || r.type || ' in ' || e.zone"
                   " || ')', e.entry, e.zone, e.zone_ttl FROM ptrd.record_entry e"
                   " JOIN ptrd.record r USING (id) ORDER BY e.id"},
    [PG_BLOCK] = {"block", "SELECT id, id::text || ' (' || addresses || ')', entry, addresses, 0"
                           " FROM ptrd.block_entry ORDER BY id"},
    [PG_DELEGATION] = {"delegation", "SELECT id, id::text || ' (' || addresses || ')', entry,"
                                     " addresses, 0 FROM ptrd.delegation_entry ORDER BY id"},
};

const char *pg_relation_name(enum pg_relation relation)
{
    return relations[relation].name;
}

static const char *keep(struct pg_entries *e, const PGresult *r, int row, int column)
{
    return arena_strndup(&e->arena, PQgetvalue(r, row, column),
                         (size_t)PQgetlength(r, row, column));
}

static int add_entry(struct pg_entries *e, enum pg_relation relation, const PGresult *r, int row,
                     struct diag *diag)
{
    struct pg_entry entry = {.relation = relation};
    uint64_t number = 0;
    int err = pg_number(r, row, 4, UINT32_MAX, &number, diag);
    if (err)
        return err;
    entry.id = keep(e, r, row, 0);
    entry.key = keep(e, r, row, 1);
    entry.text = keep(e, r, row, 2);
    entry.zone = entry.addresses = keep(e, r, row, 3);
    entry.ttl_s = entry.serial = (uint32_t)number;
    if (!entry.id || !entry.key || !entry.text || !entry.zone)
        return diag_set(diag, PTRD_ENOMEM, "no memory");
    if (e->count == e->capacity) {
        size_t capacity = e->capacity ? e->capacity * 2 : 1024;
        struct pg_entry *grown = realloc(e->items, capacity * sizeof *grown);
        if (!grown)
            return diag_set(diag, PTRD_ENOMEM, "no memory");
        e->items = grown;
        e->capacity = capacity;
    }
    e->items[e->count++] = entry;
    return 0;
}

static int read_relation(struct pg *p, struct pg_entries *e, enum pg_relation relation,
                         struct diag *diag)
{
    PGresult *r;
    int err = pg_query(p, relations[relation].name, relations[relation].sql, 0, NULL, &r, diag);
    if (err)
        return err;
    for (int i = 0; !err && i < PQntuples(r); i++)
        err = add_entry(e, relation, r, i, diag);
    PQclear(r);
    return err;
}

int pg_read_entries(struct pg *p, struct pg_entries *out, struct diag *diag)
{
    int err = 0;
    *out = (struct pg_entries){.items = NULL};
    for (unsigned i = 0; !err && i < PG_RELATIONS; i++)
        err = read_relation(p, out, (enum pg_relation)i, diag);
    if (err)
        pg_entries_done(out);
    return err;
}

void pg_entries_done(struct pg_entries *e)
{
    for (size_t i = 0; i < e->count; i++)
        free(e->items[i].reason);
    free(e->items);
    arena_free(&e->arena);
    *e = (struct pg_entries){.items = NULL};
}
