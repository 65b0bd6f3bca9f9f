/* The LMDB store: opening, reading, writing (the only users of lmdb.h are in backend/store/).
 *
 * A store is a directory with data.mdb, lock.mdb and writer.lock. Any number of processes read;
 * one writes at a time, holding writer.lock (flock) for the whole of its work. A commit is visible
 * whole or not at all. The map grows by itself: a reader that meets MDB_MAP_RESIZED adopts the new
 * size when none of its process's transactions is open; a writer that meets MDB_MAP_FULL makes the
 * map larger and repeats.
 *
 * LMDB allows a process to open one environment once: a struct store is opened once a process and
 * directory and shared by its threads. Each thread has its own struct store_reader. A transaction
 * is begun for one request and ended with it; none is held while waiting. After the directory was
 * replaced (other device or inode behind the path) store_read_begin opens the new one by itself;
 * the old environment is closed when its last transaction ends.
 * Libraries do not log: errors carry a diag where they arise at opening or writing. */
#ifndef PTRD_STORE_STORE_H
#define PTRD_STORE_STORE_H

#include "ptrd/store/records.h"

struct store;
struct store_reader;

/* Readers of all processes together; those beyond get PTRD_ELIMIT. */
#define STORE_READERS_MAX 8192

enum store_open_mode {
    STORE_OPEN_READ,  /* the store must exist; refused with what to do when it does not */
    STORE_OPEN_WRITE, /* the same; where its files may not be written, only writing is refused */
    STORE_OPEN_CREATE /* directory and files are made when missing */
};

/* Errors (diag says path and reason): -errno of the file system (missing, no permission),
 * PTRD_EVERSION (newer format), PTRD_ECORRUPT (truncated or no store), PTRD_ESTORE, PTRD_ENOMEM. */
PTRD_CHECKED int store_open(const char *dir, enum store_open_mode mode, struct store **out,
                            struct diag *diag) PTRD_NONNULL_ARGS(1, 3);
void store_close(struct store *s);

/* Clears reader slots of dead processes; returns how many or an error. Any thread. */
PTRD_CHECKED int store_clear_dead_readers(struct store *s) PTRD_NONNULL;

/* --- reading: one thread a reader --- */

PTRD_CHECKED int store_reader_new(struct store *s, struct store_reader **out) PTRD_NONNULL;
void store_reader_free(struct store_reader *r);

/* For a reader of many small requests in a row: whether the directory was replaced is looked at
 * again only lag_us after the last look, and for each request while the store fails. 0, the
 * default: for each request. Changes of the data are seen by each request all the same. */
#define STORE_LAG_US 1000 /* that of ptrd and libptrd */
void store_reader_lag(struct store_reader *r, unsigned lag_us) PTRD_NONNULL;

/* Begins (renews) the transaction and reads the meta record. PTRD_ECORRUPT, PTRD_EVERSION,
 * PTRD_ESTORE, -errno (store gone); the reader stays usable for another try. */
PTRD_CHECKED int store_read_begin(struct store_reader *r, struct store_meta *meta) PTRD_NONNULL;
void store_read_end(struct store_reader *r) PTRD_NONNULL;

/* PTRD_FOUND (value points into the map until store_read_end), PTRD_ABSENT, or an error. */
PTRD_CHECKED int store_get(struct store_reader *r, enum store_table table, struct span key,
                           struct span *value) PTRD_NONNULL;

/* First entry with key >= `from` (PTRD_FOUND), PTRD_ABSENT, or an error. */
PTRD_CHECKED int store_seek(struct store_reader *r, enum store_table table, struct span from,
                            struct span *key, struct span *value) PTRD_NONNULL;
/* Last entry with key < `before` (PTRD_FOUND), PTRD_ABSENT, or an error. */
PTRD_CHECKED int store_seek_back(struct store_reader *r, enum store_table table, struct span before,
                                 struct span *key, struct span *value) PTRD_NONNULL;
/* The entry after the one that store_seek, store_seek_back or store_next of this table returned
 * last in this transaction. */
PTRD_CHECKED int store_next(struct store_reader *r, enum store_table table, struct span *key,
                            struct span *value) PTRD_NONNULL;

/* Identity of the environment that the last store_read_begin used: changes when the directory was
 * replaced, so that (environment, structure) names a zone table. */
uint64_t store_reader_environment(const struct store_reader *r) PTRD_NONNULL;

/* --- writing: one thread, one writer a process --- */

struct store_writer;

/* Takes writer.lock, waiting at most wait_ms (0 = do not wait): PTRD_EBUSY (diag names the other
 * process's pid where it is known). Begins the write transaction. */
PTRD_CHECKED int store_write_begin(struct store *s, unsigned wait_ms, struct store_writer **out,
                                   struct store_meta *meta, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 3, 4);

PTRD_CHECKED int store_put(struct store_writer *w, enum store_table table, struct span key,
                           struct span value) PTRD_NONNULL;
PTRD_CHECKED int store_delete(struct store_writer *w, enum store_table table,
                              struct span key) PTRD_NONNULL;
/* Reading inside the write transaction (sees its own changes). As store_get/seek/next above. */
PTRD_CHECKED int store_writer_get(struct store_writer *w, enum store_table table, struct span key,
                                  struct span *value) PTRD_NONNULL;
PTRD_CHECKED int store_writer_seek(struct store_writer *w, enum store_table table, struct span from,
                                   struct span *key, struct span *value) PTRD_NONNULL;
PTRD_CHECKED int store_writer_next(struct store_writer *w, enum store_table table, struct span *key,
                                   struct span *value) PTRD_NONNULL;

/* A reader of the writer's own transaction, changes included: store_get, store_seek,
 * store_seek_back, store_next and store_reader_environment work on it at once; store_read_begin
 * fills meta with the transaction's meta as it was at store_write_begin, store_read_end does
 * nothing. Its spans live until the next change; store_next goes on behind the key it gave last,
 * whether that row is still there or not. Free it by store_reader_free before commit or abort. Same
 * thread as the writer. */
PTRD_CHECKED int store_reader_of_writer(struct store_writer *w,
                                        struct store_reader **out) PTRD_NONNULL;

/* Makes sure that so many bytes (keys and values) can be written in one transaction without
 * PTRD_ESPACE, as far as the map is concerned. For callers that cannot repeat their work; holds for
 * every store_write_begin after it, which lets the map grow where it is too small. PTRD_ELIMIT:
 * more than any store holds. */
PTRD_CHECKED int store_write_reserve(struct store *s, size_t bytes) PTRD_NONNULL;

/* Makes one table equal to a sorted stream: the difference only is written. next gives entries in
 * strictly ascending key order (PTRD_FOUND, PTRD_ABSENT at the end, or an error, which is
 * returned). changed (may be NULL) is told each change: old or new has bytes NULL for an insertion
 * or a deletion; the spans are valid during the call. Of the pages that it changes, some 32 MB wait
 * in memory; the others are written at once, to where nobody reads before the commit. */
struct store_stream {
    int (*next)(void *ctx, struct span *key, struct span *value);
    int (*changed)(void *ctx, struct span key, struct span old_value, struct span new_value);
    void *ctx;
};
PTRD_CHECKED int store_write_table(struct store_writer *w, enum store_table table,
                                   const struct store_stream *stream) PTRD_NONNULL;

/* Writes meta and commits, or gives up all changes. Both free the writer and its lock. After an
 * error of commit nothing has changed. */
PTRD_CHECKED int store_write_commit(struct store_writer *w, const struct store_meta *meta,
                                    struct diag *diag) PTRD_NONNULL_ARGS(1, 2);
void store_write_abort(struct store_writer *w);

#endif
