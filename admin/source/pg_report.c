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

static int update_node(struct pg *p, const char *node, const struct pg_state *state,
                       uint64_t generation, struct diag *diag)
{
    char xmin[24], number[24];
    const char *const values[4] = {node, PTRD_VERSION, xmin, number};
    PGresult *r;
    (void)snprintf(xmin, sizeof xmin, "%" PRIu64, state->xmin);
    (void)snprintf(number, sizeof number, "%" PRIu64, generation);
    int err = pg_query(p, "node",
                       "INSERT INTO ptrd.node (name, version, cursor_xmin, generation)"
                       " VALUES ($1, $2, $3::xid8, $4::bigint) ON CONFLICT (name) DO UPDATE SET"
                       " version = $2, seen_at = now(), cursor_xmin = $3::xid8,"
                       " generation = $4::bigint",
                       4, values, &r, diag);
    if (!err)
        PQclear(r);
    return err;
}

int pg_report(struct pg *p, const char *node, const struct pg_state *state, uint64_t generation,
              const struct pg_quarantined *rows, size_t count, struct diag *diag)
{
    struct diag ignored;
    if (state->standby)
        return 0;
    int err = pg_run(p, "report", "BEGIN", diag);
    if (!err)
        err = update_node(p, node, state, generation, diag);
    if (!err)
        err = delete_old(p, node, diag);
    for (size_t i = 0; !err && i < count; i++)
        err = insert(p, node, &rows[i], diag);
    if (!err)
        return pg_run(p, "report", "COMMIT", diag);
    (void)!pg_run(p, "report", "ROLLBACK", &ignored);
    return err;
}
