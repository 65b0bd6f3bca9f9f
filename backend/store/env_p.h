/* One open LMDB environment, private to backend/store.
 *
 * Identity: device and inode of data.mdb and of lock.mdb. When either differs from what lies at the
 * path, the environment is an old one. lock.mdb counts too: readers registered in a lock file that
 * was deleted are invisible to writers.
 *
 * Map: it is only address space (the file is mapped read-only, nothing is reserved), so it is made
 * so large that growth is no event for any process: 64 GiB or 16 times the file, halved while the
 * system refuses (RLIMIT_AS). Where it does not suffice, a writer gets PTRD_ESPACE, and its next
 * transaction begins with a doubled map; other processes meet MDB_MAP_RESIZED and adopt it.
 *
 * Gate: LMDB lets a map be resized only while no transaction of the process is open. `active`
 * counts them; `closed` is set by the one that resizes, which then waits for active to become 0.
 * Without a resize a transaction costs two atomic operations and no lock.
 *
 * Truncation: LMDB reads pages through the map, and a page beyond the end of the file is SIGBUS. So
 * the file's length is compared with the number of its last page before any page is read. A commit
 * may leave the last pages unwritten when they are free; the writer then extends the file. It marks
 * writer.lock before, so that a kill in between can be told from a truncated file (env_repair). */
#ifndef PTRD_STORE_ENV_P_H
#define PTRD_STORE_ENV_P_H

#include "place.h"
#include "ptrd/store/store.h"

#include <limits.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#define MAP_DEFAULT ((size_t)1 << 36)
#define MAP_HEADROOM ((size_t)64 << 20)

enum env_file { FILE_DATA, FILE_LOCK, FILE_WRITER, FILE_COUNT };

struct paths {
    char dir[PATH_MAX];
    char file[FILE_COUNT][PATH_MAX];
};

struct identity {
    dev_t data_dev, lock_dev;
    ino_t data_ino, lock_ino;
};

struct env {
    struct env *next; /* list of struct store */
    MDB_env *mdb;
    MDB_dbi dbis[STORE_TABLES];
    atomic_bool tables_open;
    struct identity identity;
    uint64_t number;
    unsigned refs; /* under the store's mutex */
    size_t page_size;
    bool read_only;
    atomic_uint active;
    atomic_bool closed;
    pthread_mutex_t gate;
    atomic_bool grow;    /* a writer met MDB_MAP_FULL */
    atomic_bool foreign; /* env_lock_is_foreign: not to be used for new transactions */
};

/* lock.mdb is that of another data.mdb; never leaves this folder. */
#define PTRD_ELOCKFILE (-1901)

/* Codes of LMDB (positive: errno) to ours; 0 stays. */
int store_error(int rc);

/* The key of the one row of STORE_META. */
static inline struct span meta_key(void)
{
    return (struct span){(const uint8_t *)"meta", 4};
}

PTRD_CHECKED int paths_init(const char *dir, struct paths *out, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 2);

/* -errno when data.mdb is missing; a missing lock.mdb has identity 0. size: of data.mdb. */
PTRD_CHECKED int identity_read(const struct paths *paths, struct identity *out,
                               off_t *size) PTRD_NONNULL;
bool identity_equal(const struct identity *a, const struct identity *b) PTRD_NONNULL;

/* map_size 0: the default. */
PTRD_CHECKED int env_open(const struct paths *paths, enum store_open_mode mode, size_t map_size,
                          struct env **out, struct diag *diag) PTRD_NONNULL_ARGS(1, 4);
void env_free(struct env *e);

/* Opens the tables if they are there: PTRD_FOUND or PTRD_ABSENT. One thread at a time. */
PTRD_CHECKED int env_open_tables(struct env *e, struct diag *diag) PTRD_NONNULL_ARGS(1);

/* The same inside a write transaction, creating what is missing; the caller commits and then
 * publishes the handles, unless the tables were open before. */
PTRD_CHECKED int env_create_tables(struct env *e, MDB_txn *txn,
                                   MDB_dbi dbis[STORE_TABLES]) PTRD_NONNULL;

void env_publish_tables(struct env *e, const MDB_dbi dbis[STORE_TABLES]) PTRD_NONNULL;

/* Before and after every transaction. */
PTRD_CHECKED int env_enter(struct env *e) PTRD_NONNULL;
void env_leave(struct env *e) PTRD_NONNULL;

/* A read transaction inside the gate: adopts a resized map, clears dead readers when the slots are
 * used up. *txn not NULL: renewed. */
PTRD_CHECKED int env_begin_read(struct env *e, MDB_txn **txn) PTRD_NONNULL;

/* Adopts the size that another process gave the map (size 0), or sets it. Not while the caller
 * holds a transaction. PTRD_EBUSY when other threads' transactions do not end in time. */
PTRD_CHECKED int env_resize(struct env *e, size_t size) PTRD_NONNULL;

/* PTRD_ECORRUPT when the file (its length by now: size) is too short for its last page. */
PTRD_CHECKED int env_check_size(const struct env *e, const struct paths *paths, off_t size,
                                struct diag *diag) PTRD_NONNULL_ARGS(1, 2);

/* After a short file was met: PTRD_ECORRUPT unless it is long enough by now, or becomes so. A
 * commit may be between its two steps (a moment helps), or its writer was killed there (the second
 * step is made here). */
PTRD_CHECKED int env_settle_size(const struct env *e, const struct paths *paths, struct diag *diag)
    PTRD_NONNULL_ARGS(1, 2);

/* An older file was written over data.mdb while this environment was open: a commit writes the data
 * first, so lock.mdb never knows a later transaction than its own data file does. */
bool env_lock_is_foreign(const struct env *e, MDB_txn *txn) PTRD_NONNULL;

/* --- files.c --- */

/* A file just made: its mode whatever the umask; from root to the owner of the directory, so that a
 * load by root does not lock out the user that ptrd runs as. */
void file_give(const struct paths *paths, int fd, unsigned mode) PTRD_NONNULL;

/* Makes lock.mdb if it is missing, and its blocks; -ENOSPC, -EDQUOT or -EFBIG. To be called while
 * this process has no environment with that file: closing it gives up LMDB's locks. */
PTRD_CHECKED int lock_file_prepare(const struct paths *paths, struct diag *diag)
    PTRD_NONNULL_ARGS(1);

/* Tells who is refused and what is needed; returns err. */
int access_refuse(const struct paths *paths, enum store_open_mode mode, int err, struct diag *diag)
    PTRD_NONNULL_ARGS(1);

/* --- writer.lock (lock.c) --- */

/* Takes the lock: the descriptor, PTRD_EBUSY (diag names the holder) or another error. */
PTRD_CHECKED int writer_lock(const struct paths *paths, unsigned wait_ms, struct diag *diag)
    PTRD_NONNULL_ARGS(1);
/* Writes the pid; committing: with the mark, on disk before this returns. */
PTRD_CHECKED int writer_mark(int fd, bool committing);
/* The holder before us was killed between its commit and the extension of the file. */
bool writer_was_committing(int fd);
void writer_unlock(int fd);

/* Gives back the room of what an unfinished transaction wrote behind the last page, where nobody
 * reads. Under writer.lock, with no write transaction open. */
void env_trim(const struct env *e) PTRD_NONNULL;

/* Extends data.mdb to the length that its last page needs; returns 1 when it had to. */
PTRD_CHECKED int env_extend(const struct env *e, const struct paths *paths) PTRD_NONNULL;

#endif
