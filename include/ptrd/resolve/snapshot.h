/* A snapshot: one read transaction and the zone table that belongs to it, always as a pair.
 *
 * struct engine is the process's shared part: the store, the current table, and the NSEC3 chains of
 * zones that were asked for theirs (deny.h; 256 MiB together at most, or one that is larger). Each
 * thread has its own struct snapshot; snapshot_begin renews the transaction for one request. When
 * the structure generation moved, a thread builds the new table off to the side. Requests wait for
 * it for a moment, so that a load is live at the next request; if it lasts longer they are answered
 * from the old pair, for which a transaction is kept while requests come (renewed ten times a
 * second, ended by engine_tick after a second without requests, so that no pages are held back for
 * long). */
#ifndef PTRD_RESOLVE_SNAPSHOT_H
#define PTRD_RESOLVE_SNAPSHOT_H

#include "ptrd/core/table.h"
#include "ptrd/store/store.h"

struct engine;

/* Opens the store and builds the first table. Errors as store_open, with diag. */
PTRD_CHECKED int engine_open(const char *dir, struct engine **out, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 2);
void engine_close(struct engine *e);
struct store *engine_store(struct engine *e) PTRD_NONNULL;

/* To be called about every second by any thread of a server: ends the kept transaction when no
 * request has come for a second. */
void engine_tick(struct engine *e) PTRD_NONNULL;

struct snapshot {
    struct engine *engine;
    struct store_reader *reader; /* to read with between begin and end; as are: */
    const struct table *table;
    struct store_meta meta;
    struct store_reader *own; /* snapshot.c; NULL: the snapshot is a writer's */
    void *held;               /* snapshot.c */
};

PTRD_CHECKED int snapshot_init(struct snapshot *s, struct engine *e) PTRD_NONNULL;
void snapshot_done(struct snapshot *s) PTRD_NONNULL;

/* Any error: the question cannot be answered (SERVFAIL), never "absent". */
PTRD_CHECKED int snapshot_begin(struct snapshot *s) PTRD_NONNULL;
void snapshot_end(struct snapshot *s) PTRD_NONNULL;

/* A snapshot of a writer's own transaction (store_reader_of_writer, borrowed): the table is that of
 * the structure at its beginning, waited for if need be; changes of cuts inside the transaction
 * show in its rows only. begin and end do nothing on it; end it by snapshot_done before the
 * reader is freed. */
PTRD_CHECKED int snapshot_init_writer(struct snapshot *s, struct engine *e,
                                      struct store_reader *reader) PTRD_NONNULL;

/* The table that the reader's open transaction describes; the caller frees it. */
PTRD_CHECKED int snapshot_table(struct store_reader *r, struct table **out) PTRD_NONNULL;

#endif
