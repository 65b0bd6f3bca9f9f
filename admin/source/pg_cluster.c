/* What the nodes said of themselves, for whoever looks at the cluster or waits for a change. */
#include "pg_p.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char nodes_sql[] =
    "SELECT name, version, state, changes, (extract(epoch FROM lag) * 1000)::bigint,"
    " greatest((extract(epoch FROM contact) * 1000)::bigint, 0), coalesce(generation, 0),"
    " coalesce(cursor_xmin, '0'), error, flush_error FROM ptrd.cluster ORDER BY name";

/* SQL's NULL is NULL, and so is a text without memory: *failed. */
static const char *text(struct arena *a, const PGresult *r, int row, int column, bool *failed)
{
    if (PQgetisnull(r, row, column))
        return NULL;
    const char *value = PQgetvalue(r, row, column);
    const char *copy = arena_strndup(a, value, strlen(value));
    *failed |= !copy;
    return copy;
}

static int read_node(const PGresult *r, int row, struct arena *a, struct pg_node_state *n,
                     struct diag *diag)
{
    uint64_t *const numbers[] = {&n->changes, &n->lag_ms, &n->contact_ms, &n->generation, &n->xmin};
    bool failed = false;
    n->name = text(a, r, row, 0, &failed);
    n->version = text(a, r, row, 1, &failed);
    n->state = text(a, r, row, 2, &failed);
    n->error = text(a, r, row, 8, &failed);
    n->flush_error = text(a, r, row, 9, &failed);
    int err = failed ? diag_set(diag, PTRD_ENOMEM, "no memory") : 0;
    for (int i = 0; !err && i < 5; i++)
        err = pg_number(r, row, 3 + i, UINT64_MAX, numbers[i], diag);
    return err;
}

static int read_nodes(struct pg *p, struct pg_cluster *c, struct diag *diag)
{
    PGresult *r;
    int err = pg_query(p, "nodes", nodes_sql, 0, NULL, &r, diag);
    if (err)
        return err;
    int rows = PQntuples(r);
    c->nodes = calloc((size_t)rows + 1, sizeof *c->nodes);
    if (!c->nodes)
        err = diag_set(diag, PTRD_ENOMEM, "no memory");
    for (int i = 0; !err && i < rows; i++)
        err = read_node(r, i, &c->arena, &c->nodes[c->node_count++], diag);
    PQclear(r);
    return err;
}

static int read_quarantined(struct pg *p, struct pg_cluster *c, struct diag *diag)
{
    char limit[16];
    const char *const values[1] = {limit};
    PGresult *r;
    (void)snprintf(limit, sizeof limit, "%d", PG_QUARANTINED_MAX);
    int err = pg_query(p, "quarantine",
                       "SELECT node, relation, key, reason, count(*) OVER () FROM ptrd.quarantine"
                       " ORDER BY node, relation, key LIMIT $1::integer",
                       1, values, &r, diag);
    if (err)
        return err;
    int rows = PQntuples(r);
    bool failed = false;
    c->quarantined = calloc((size_t)rows + 1, sizeof *c->quarantined);
    if (!c->quarantined)
        err = diag_set(diag, PTRD_ENOMEM, "no memory");
    else if (rows > 0)
        err = pg_number(r, 0, 4, UINT64_MAX, &c->quarantined_all, diag);
    for (int i = 0; !err && i < rows; i++) {
        c->quarantined[i] = (struct pg_quarantined){.node = text(&c->arena, r, i, 0, &failed),
                                                    .relation = text(&c->arena, r, i, 1, &failed),
                                                    .key = text(&c->arena, r, i, 2, &failed),
                                                    .reason = text(&c->arena, r, i, 3, &failed)};
        err = failed ? diag_set(diag, PTRD_ENOMEM, "no memory") : 0;
        c->quarantined_count++;
    }
    PQclear(r);
    return err;
}

int pg_read_cluster(struct pg *p, struct pg_cluster *out, struct diag *diag)
{
    *out = (struct pg_cluster){.nodes = NULL};
    int err = read_nodes(p, out, diag);
    if (!err)
        err = read_quarantined(p, out, diag);
    if (err)
        pg_cluster_done(out);
    return err;
}

void pg_cluster_done(struct pg_cluster *c)
{
    free(c->nodes);
    free(c->quarantined);
    arena_free(&c->arena);
    *c = (struct pg_cluster){.nodes = NULL};
}

/* --- one change ------------------------------------------------------------------------------- */

/* Two statements: the second one's snapshot is later, and sees what the first says has ended. */
int pg_read_change(struct pg *p, uint64_t xid, enum pg_change_state *out, struct diag *diag)
{
    char number[24];
    const char *const values[1] = {number};
    PGresult *r;
    (void)snprintf(number, sizeof number, "%" PRIu64, xid);
    int err = pg_query(p, "the change", "SELECT pg_xact_status($1::xid8)", 1, values, &r, diag);
    if (err)
        return err;
    /* NULL: so long ago that nobody knows; it has ended */
    const char *status = PQgetvalue(r, 0, 0);
    bool open = strcmp(status, "in progress") == 0, gone = strcmp(status, "aborted") == 0;
    PQclear(r);
    *out = open ? PG_CHANGE_OPEN : PG_CHANGE_ROLLED_BACK;
    if (open || gone)
        return 0;
    err = pg_query(p, "the change",
                   "SELECT EXISTS (SELECT FROM ptrd.change WHERE xid = $1::xid8)"
                   " OR $1::xid8 < (SELECT kept FROM ptrd.log_state)",
                   1, values, &r, diag);
    if (err)
        return err;
    *out = PQgetvalue(r, 0, 0)[0] == 't' ? PG_CHANGE_COMMITTED : PG_CHANGE_NOTHING;
    PQclear(r);
    return 0;
}

int pg_read_applied(struct pg *p, uint64_t xid, struct arena *arena, struct pg_waited **out,
                    size_t *count, struct diag *diag)
{
    char number[24];
    const char *const values[1] = {number};
    PGresult *r;
    bool failed = false;
    *out = NULL;
    *count = 0;
    (void)snprintf(number, sizeof number, "%" PRIu64, xid);
    int err = pg_query(p, "nodes",
                       "SELECT name, ptrd.has_applied(n, $1::xid8),"
                       " greatest((extract(epoch FROM now() - seen_at) * 1000)::bigint, 0)"
                       " FROM ptrd.node n ORDER BY name",
                       1, values, &r, diag);
    if (err)
        return err;
    int rows = PQntuples(r);
    *out = calloc((size_t)rows + 1, sizeof **out);
    if (!*out)
        err = diag_set(diag, PTRD_ENOMEM, "no memory");
    for (int i = 0; !err && i < rows; i++) {
        struct pg_waited *w = &(*out)[(*count)++];
        w->name = text(arena, r, i, 0, &failed);
        w->applied = PQgetvalue(r, i, 1)[0] == 't';
        err = failed ? diag_set(diag, PTRD_ENOMEM, "no memory")
                     : pg_number(r, i, 2, UINT64_MAX, &w->contact_ms, diag);
    }
    PQclear(r);
    return err;
}
