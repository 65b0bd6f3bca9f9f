/* Role sync of ptr-admind: keeps a store equal to a database.
 *
 * It begins with a full load (COPY, through the model, the checks and the loader of the zones file)
 * and then follows the change log: overrides are applied one by one; of anything else all but
 * overrides is read again, and those too where they depend on it (load.h, `ptrs`), and only
 * differences are written. What the log says, the rows and the cursor are read in
 * one transaction of the database and written in one of the store. While the database is away the
 * store stays as it is, and answers go on.
 *
 * A row that the checks refuse never stops it: the row is quarantined (log, table `quarantine`); a
 * zone, record, block or delegation keeps the form that was in force last; a block or delegation
 * that never had one answers as a block `none`; a PTR is left out. */
#ifndef PTRD_SYNC_FOLLOW_H
#define PTRD_SYNC_FOLLOW_H

#include "ptrd/sync/flush.h"

struct sync_config {
    const char *db;                           /* made if missing */
    const char *conninfo, *node;              /* borrowed, as is db */
    unsigned poll_ms, idle_ms;                /* of a standby, which tells nobody */
    struct flusher *flusher;                  /* or NULL */
    unsigned servers;                         /* of the flusher */
    unsigned keep_changes_h, upkeep_s;        /* of the change log: pg_upkeep */
    void (*log)(void *ctx, const char *line); /* libraries do not print */
    void (*ready)(void *ctx);                 /* once, when the store holds data; or NULL */
    void *ctx;
};

struct sync;

/* Opens the store. PTRD_EBUSY with diag: another ptr-admind follows into it. One thread. */
PTRD_CHECKED int sync_new(const struct sync_config *config, struct sync **out,
                          struct diag *diag) PTRD_NONNULL;
void sync_free(struct sync *s);

/* Until stop_fd can be read. Failures are logged and tried again. */
void sync_run(struct sync *s, int stop_fd) PTRD_NONNULL;

#endif
