/* The schema: every migration once, in order, each with what it is remembered by. */
#include "pg_p.h"

#include <stdio.h>
#include <string.h>

#include "pg_migrations.h"

/* One lock for all programs that migrate this database; it ends with the connection. */
#define LOCK_SQL "SELECT pg_advisory_lock(7018321106)"

static const char begin_sql[] =
    "CREATE SCHEMA IF NOT EXISTS ptrd;"
    "CREATE TABLE IF NOT EXISTS ptrd.migration (version integer PRIMARY KEY, name text NOT NULL,"
    " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());";

#define CHECKSUM "encode(sha256(convert_to($1, 'UTF8')), 'hex')"

static int newest(struct pg *p, unsigned *out, struct diag *diag)
{
    PGresult *r;
    uint64_t version = 0;
    int err = pg_query(p, "its schema", "SELECT coalesce(max(version), 0) FROM ptrd.migration", 0,
                       NULL, &r, diag);
    if (err)
        return err;
    err = pg_number(r, 0, 0, INT32_MAX, &version, diag);
    PQclear(r);
    *out = (unsigned)version;
    if (!err && version > pg_migration_count)
        err = diag_set(diag, PTRD_EVERSION,
                       "the database has version %u of the schema, this program knows %u: use the "
                       "newer program",
                       *out, pg_migration_count);
    return err;
}

/* PTRD_FOUND: it is there as we have it; PTRD_ABSENT: it is not there. */
static int compare(struct pg *p, unsigned version, struct diag *diag)
{
    const struct pg_migration *m = &pg_migrations[version - 1];
    char number[16];
    const char *const values[2] = {m->sql, number};
    PGresult *r;
    (void)snprintf(number, sizeof number, "%u", version);
    int err =
        pg_query(p, "its schema",
                 "SELECT checksum = " CHECKSUM " FROM ptrd.migration WHERE version = $2::integer",
                 2, values, &r, diag);
    if (err)
        return err;
    bool there = PQntuples(r) == 1, same = there && PQgetvalue(r, 0, 0)[0] == 't';
    PQclear(r);
    if (there && !same)
        return diag_set(diag, PTRD_EVERSION,
                        "the database's migration %u is not this program's %s: they are of "
                        "different branches",
                        version, m->name);
    return there ? PTRD_FOUND : PTRD_ABSENT;
}

static int note(struct pg *p, unsigned version, struct diag *diag)
{
    const struct pg_migration *m = &pg_migrations[version - 1];
    char number[16];
    const char *const values[3] = {m->sql, number, m->name};
    PGresult *r;
    (void)snprintf(number, sizeof number, "%u", version);
    int err = pg_query(p, m->name,
                       "INSERT INTO ptrd.migration (version, name, checksum) VALUES"
                       " ($2::integer, $3, " CHECKSUM ")",
                       3, values, &r, diag);
    if (!err)
        PQclear(r);
    return err;
}

static int apply(struct pg *p, unsigned version, struct diag *diag)
{
    const struct pg_migration *m = &pg_migrations[version - 1];
    struct diag ignored;
    int err = pg_run(p, m->name, "BEGIN", diag);
    if (!err)
        err = pg_run(p, m->name, m->sql, diag);
    if (!err)
        err = note(p, version, diag);
    if (!err)
        return pg_run(p, m->name, "COMMIT", diag);
    (void)!pg_run(p, m->name, "ROLLBACK", &ignored);
    return err;
}

int pg_migrate(struct pg *p, struct pg_migrated *out, struct diag *diag)
{
    unsigned found = 0;
    *out = (struct pg_migrated){.version = 0};
    int err = pg_run(p, "waiting for another migration", LOCK_SQL, diag);
    if (!err)
        err = pg_run(p, "its schema", begin_sql, diag);
    if (!err)
        err = newest(p, &found, diag);
    for (unsigned v = 1; !err && v <= pg_migration_count; v++) {
        int there = compare(p, v, diag);
        err = there < 0 ? there : 0;
        if (there == PTRD_ABSENT) {
            err = apply(p, v, diag);
            out->applied += !err;
        }
    }
    out->version = pg_migration_count;
    return err;
}

int pg_check_version(struct pg *p, struct diag *diag)
{
    unsigned found = 0;
    PGresult *r;
    int err = pg_query(p, "its schema", "SELECT to_regclass('ptrd.migration') IS NOT NULL", 0, NULL,
                       &r, diag);
    if (err)
        return err;
    bool there = PQgetvalue(r, 0, 0)[0] == 't';
    PQclear(r);
    if (there)
        err = newest(p, &found, diag);
    if (err)
        return err;
    if (found < pg_migration_count)
        return diag_set(diag, PTRD_EVERSION,
                        "the database has version %u of the schema, this program needs %u: run "
                        "`ptr-admind --config FILE --migrate`",
                        found, pg_migration_count);
    for (unsigned v = 1; v <= pg_migration_count; v++) {
        int same = compare(p, v, diag);
        if (same < 0)
            return same;
    }
    return 0;
}
