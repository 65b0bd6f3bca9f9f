/* Private to the PostgreSQL source.
 *
 *   pg.c           connection, waiting, the transaction of one state
 *   pg_migrate.c   schema
 *   pg_changes.c   the change log
 *   pg_ptrs.c      overrides
 *   pg_entries.c   zones, records, blocks, delegations: rows
 *   pg_model.c     and what they make
 *   pg_report.c    what a node says of itself
 *   pg_cluster.c   and what all of them said
 *   pg_upkeep.c    the change log does not grow for ever */
#ifndef PTRD_SOURCE_PG_P_H
#define PTRD_SOURCE_PG_P_H

#include "ptrd/source/pg.h"

#include <libpq-fe.h>

struct pg {
    PGconn *conn;
    bool listens, open; /* open: a transaction */
    char replayed[32];  /* pg_moved */
    uint64_t *running;
    size_t running_capacity;
};

/* The error of a connection or result that failed; diag gets the server's words, on one line. */
int pg_fail(struct pg *p, const PGresult *r, const char *what, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 3, 4);
/* Runs one statement with text parameters; *out: PGRES_TUPLES_OK or PGRES_COMMAND_OK, to be
 * PQclear'ed. what: for messages. */
PTRD_CHECKED int pg_query(struct pg *p, const char *what, const char *sql, int count,
                          const char *const *values, PGresult **out, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 2, 3, 6, 7);
/* The same where no rows are wanted; several statements without parameters are one transaction. */
PTRD_CHECKED int pg_run(struct pg *p, const char *what, const char *sql,
                        struct diag *diag) PTRD_NONNULL;

/* A field as a number; PTRD_ECORRUPT with diag. */
PTRD_CHECKED int pg_number(const PGresult *r, int row, int column, uint64_t max, uint64_t *out,
                           struct diag *diag) PTRD_NONNULL;

/* A growing text, for array parameters; NUL-terminated where `failed` is not set. */
struct pg_text {
    char *text;
    size_t len, capacity;
    bool failed;
};
void pg_text_add(struct pg_text *t, const char *format, ...) PTRD_FORMAT(2, 3);

#endif
