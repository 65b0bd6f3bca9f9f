#include "pg_p.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int delete_old(struct pg *p, const char *node, struct diag *diag)
{
    const char *const values[1] = {node};
    PGresult *r;
    int err = pg_query(p, "quarantine", "DELETE FROM ptrd.quarantine WHERE node = $1", 1, values,
                       &r, diag);
    if (!err)
        PQclear(r);
    return err;
}

static int insert(struct pg *p, const char *node, const struct pg_quarantined *q, struct diag *diag)
{
    const char *const values[4] = {node, q->relation, q->key, q->reason};
    PGresult *r;
    int err = pg_query(p, "quarantine",
                       "INSERT INTO ptrd.quarantine (node, relation, key, reason)"
                       " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                       4, values, &r, diag);
    if (!err)
        PQclear(r);
    return err;
}

static void add_runs(struct pg_text *t, const struct pg_node *n)
{
    pg_text_add(t, "{");
    for (size_t i = 0; i < n->applied_count; i++)
        pg_text_add(t, "%s[%" PRIu64 ",%" PRIu64 ")", i ? "," : "", n->applied[i].first,
                    n->applied[i].last + 1);
    pg_text_add(t, "}");
}

int pg_report_node(struct pg *p, const struct pg_node *n, struct diag *diag)
{
    char xmin[24], generation[24], history[48];
    struct pg_text runs = {.text = NULL};
    PGresult *r;
    (void)snprintf(xmin, sizeof xmin, "%" PRIu64, n->xmin);
    (void)snprintf(generation, sizeof generation, "%" PRIu64, n->generation);
    (void)snprintf(history, sizeof history, "%" PRIu64 "/%" PRIu32 "/%" PRIu32, n->system_id,
                   n->timeline, n->database);
    add_runs(&runs, n);
    if (runs.failed) {
        free(runs.text);
        return diag_set(diag, PTRD_ENOMEM, "no memory");
    }
    const char *const values[8] = {n->name,    PTRD_VERSION,  n->xmin ? xmin : NULL,
                                   generation, history,       runs.text,
                                   n->error,   n->flush_error};
    int err = pg_query(
        p, "node",
        "INSERT INTO ptrd.node AS n (name, version, cursor_xmin, generation, history, applied,"
        " error, flush_error) VALUES ($1, $2, $3::xid8, $4::bigint, $5, $6::int8multirange, $7, $8)"
        " ON CONFLICT (name) DO UPDATE SET version = excluded.version, seen_at = now(),"
        " cursor_xmin = excluded.cursor_xmin, generation = excluded.generation,"
        " history = excluded.history, applied = excluded.applied, error = excluded.error,"
        " flush_error = excluded.flush_error",
        8, values, &r, diag);
    if (!err)
        PQclear(r);
    free(runs.text);
    return err;
}

int pg_report_quarantine(struct pg *p, const char *node, const struct pg_quarantined *rows,
                         size_t count, struct diag *diag)
{
    struct diag ignored;
    int err = pg_run(p, "report", "BEGIN", diag);
    if (!err)
        err = delete_old(p, node, diag);
    for (size_t i = 0; !err && i < count; i++)
        err = insert(p, node, &rows[i], diag);
    if (!err)
        return pg_run(p, "report", "COMMIT", diag);
    (void)!pg_run(p, "report", "ROLLBACK", &ignored);
    return err;
}
