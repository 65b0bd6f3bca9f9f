#include "env_p.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RESIZE_WAIT_MS 2000
#define LAG_WAIT_MS 300

static void sleep_ms(unsigned ms)
{
    nanosleep(&(struct timespec){.tv_nsec = (long)ms * 1000000}, NULL);
}

int paths_init(const char *dir, struct paths *out, struct diag *diag)
{
    static const char *const names[FILE_COUNT] = {"data.mdb", "lock.mdb", "writer.lock"};
    size_t len = strlen(dir);
    if (len == 0 || len + 16 > PATH_MAX)
        return diag_set(diag, PTRD_EINVAL, "the store's path must have 1 to %d characters",
                        PATH_MAX - 16);
    memcpy(out->dir, dir, len + 1);
    for (int i = 0; i < FILE_COUNT; i++) {
        memcpy(out->file[i], dir, len);
        snprintf(out->file[i] + len, PATH_MAX - len, "/%s", names[i]);
    }
    return 0;
}

int identity_read(const struct paths *paths, struct identity *out, off_t *size)
{
    struct stat data, lock = {0};
    if (stat(paths->file[FILE_DATA], &data))
        return -errno;
    if (stat(paths->file[FILE_LOCK], &lock) && errno != ENOENT)
        return -errno;
    *out = (struct identity){data.st_dev, lock.st_dev, data.st_ino, lock.st_ino};
    *size = data.st_size;
    return 0;
}

bool identity_equal(const struct identity *a, const struct identity *b)
{
    return a->data_ino == b->data_ino && a->lock_ino == b->lock_ino && a->data_dev == b->data_dev &&
           a->lock_dev == b->lock_dev;
}

/* --- the gate --- */

int env_enter(struct env *e)
{
    for (unsigned waited_ms = 0;; waited_ms++) {
        atomic_fetch_add(&e->active, 1);
        if (!atomic_load(&e->closed))
            return 0;
        atomic_fetch_sub(&e->active, 1);
        if (waited_ms >= RESIZE_WAIT_MS)
            return PTRD_EBUSY;
        sleep_ms(1);
    }
}

void env_leave(struct env *e)
{
    atomic_fetch_sub(&e->active, 1);
}

int env_resize(struct env *e, size_t size)
{
    int err = PTRD_EBUSY;
    pthread_mutex_lock(&e->gate);
    atomic_store(&e->closed, true);
    for (unsigned waited_ms = 0; waited_ms < RESIZE_WAIT_MS; waited_ms++) {
        if (atomic_load(&e->active) == 0) {
            err = store_error(mdb_env_set_mapsize(e->mdb, size));
            break;
        }
        sleep_ms(1);
    }
    atomic_store(&e->closed, false);
    pthread_mutex_unlock(&e->gate);
    return err;
}

static int begin_once(struct env *e, MDB_txn **txn)
{
    if (*txn)
        return mdb_txn_renew(*txn);
    return mdb_txn_begin(e->mdb, NULL, MDB_RDONLY, txn);
}

int env_begin_read(struct env *e, MDB_txn **txn)
{
    bool resized = false, cleared = false;
    for (;;) {
        int err = env_enter(e);
        if (err)
            return err;
        int rc = begin_once(e, txn);
        if (rc == 0)
            return 0;
        env_leave(e);
        if (rc == MDB_MAP_RESIZED && !resized) {
            resized = true;
            err = env_resize(e, 0);
            if (err)
                return err;
        } else if (rc == MDB_READERS_FULL && !cleared) {
            int dead;
            cleared = true;
            mdb_reader_check(e->mdb, &dead);
        } else {
            return store_error(rc);
        }
    }
}

/* --- the length of the file --- */

static off_t env_needed(const struct env *e)
{
    MDB_envinfo info;
    mdb_env_info(e->mdb, &info);
    return (off_t)((info.me_last_pgno + 1) * e->page_size);
}

int env_check_size(const struct env *e, const struct paths *paths, off_t size, struct diag *diag)
{
    /* the two meta pages first: the number of the last page is read from them */
    off_t needed = 2 * (off_t)e->page_size;
    if (size >= needed)
        needed = env_needed(e);
    if (size >= needed)
        return 0;
    return diag_set(diag, PTRD_ECORRUPT,
                    "%s is truncated: %lld bytes, %lld expected; restore it, or move it away and "
                    "load again",
                    paths->file[FILE_DATA], (long long)size, (long long)needed);
}

int env_extend(const struct env *e, const struct paths *paths)
{
    struct stat st;
    off_t needed = env_needed(e);
    int fd = open(paths->file[FILE_DATA], O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = 0;
    if (fstat(fd, &st) || st.st_ino != e->identity.data_ino || st.st_dev != e->identity.data_dev)
        result = PTRD_ESTORE;
    else if (st.st_size < needed)
        result = ftruncate(fd, needed) || fsync(fd) ? -errno : 1;
    close(fd);
    return result;
}

void env_trim(const struct env *e)
{
    struct stat st;
    int fd;
    off_t needed = env_needed(e);
    if (mdb_env_get_fd(e->mdb, &fd) == 0 && fstat(fd, &st) == 0 && st.st_size > needed)
        (void)!ftruncate(fd, needed);
}

/* Of the file that is open: what lies at the path may be another by now. */
static int env_check_now(const struct env *e, const struct paths *paths, off_t *size,
                         struct diag *diag)
{
    struct stat st;
    int fd;
    if (mdb_env_get_fd(e->mdb, &fd) || fstat(fd, &st))
        return diag_set(diag, PTRD_ESTORE, "%s: its length is unknown", paths->file[FILE_DATA]);
    *size = st.st_size;
    return env_check_size(e, paths, st.st_size, diag);
}

int env_settle_size(const struct env *e, const struct paths *paths, struct diag *diag)
{
    off_t size;
    for (unsigned waited_ms = 0;; waited_ms++) {
        int err = env_check_now(e, paths, &size, diag);
        if (err != PTRD_ECORRUPT)
            return err;
        int fd = writer_lock(paths, 0, NULL);
        if (fd >= 0) {
            err = env_check_now(e, paths, &size, diag);
            if (err == PTRD_ECORRUPT && writer_was_committing(fd) &&
                size >= 2 * (off_t)e->page_size && env_extend(e, paths) >= 0)
                err = 0;
            writer_unlock(fd);
            return err;
        }
        if (waited_ms == LAG_WAIT_MS)
            return err;
        sleep_ms(1);
    }
}

bool env_lock_is_foreign(const struct env *e, MDB_txn *txn)
{
    MDB_envinfo info;
    mdb_env_info(e->mdb, &info);
    return info.me_last_txnid < mdb_txn_id(txn);
}

/* --- opening --- */

static int env_create_mdb(const struct paths *paths, enum store_open_mode mode, size_t map_size,
                          MDB_env **out)
{
    MDB_env *mdb;
    int rc = mdb_env_create(&mdb);
    if (rc)
        return rc;
    unsigned flags = MDB_NOTLS | (mode == STORE_OPEN_READ ? MDB_RDONLY : 0);
    rc = mdb_env_set_maxdbs(mdb, 8); /* one is used (place.h) */
    if (!rc)
        rc = mdb_env_set_maxreaders(mdb, STORE_READERS_MAX);
    if (!rc)
        rc = mdb_env_set_mapsize(mdb, map_size);
    if (!rc)
        rc = mdb_env_open(mdb, paths->dir, flags, 0640);
    if (rc)
        mdb_env_close(mdb);
    else
        *out = mdb;
    return rc;
}

static int env_map(const struct paths *paths, enum store_open_mode mode, size_t map_size,
                   off_t file_size, MDB_env **out)
{
    size_t least = (size_t)file_size + MAP_HEADROOM;
    if (map_size)
        return env_create_mdb(paths, mode, map_size, out);
    map_size = MAP_DEFAULT;
    if ((size_t)file_size > MAP_DEFAULT / 16)
        map_size = (size_t)file_size / 4096 * 4096 * 16;
    for (;; map_size = map_size / 8192 * 4096) {
        int rc = env_create_mdb(paths, mode, map_size, out);
        if ((rc != ENOMEM && rc != EINVAL) || map_size / 2 < least)
            return rc;
    }
}

static int env_refuse(const struct paths *paths, enum store_open_mode mode, int rc,
                      struct diag *diag)
{
    int err = store_error(rc);
    if (err == PTRD_ECORRUPT)
        return diag_set(diag, err, "%s is no store of ptrd (%s)", paths->file[FILE_DATA],
                        mdb_strerror(rc));
    if (rc == EACCES || rc == EPERM || rc == EROFS)
        return access_refuse(paths, mode, err, diag);
    return diag_set(diag, err, "%s: cannot open the store: %s", paths->dir, mdb_strerror(rc));
}

/* The lock file must belong to this data file: LMDB keeps the number of the last transaction in it,
 * and with a foreign one (data.mdb replaced alone) it would read and overwrite the wrong pages. A
 * commit writes the data file first, so a difference may also last for a moment. */
static int env_check_lock(struct env *e, const struct paths *paths, struct diag *diag)
{
    for (unsigned waited_ms = 0; waited_ms < LAG_WAIT_MS; waited_ms += 5) {
        MDB_txn *txn = NULL;
        int err = env_begin_read(e, &txn);
        if (err)
            return diag_set(diag, err, "%s: cannot read the store: %s", paths->dir,
                            ptrd_strerror(err));
        size_t lock_id = mdb_txn_id(txn);
        mdb_txn_abort(txn);
        env_leave(e);
        MDB_envinfo info;
        mdb_env_info(e->mdb, &info);
        if (lock_id == info.me_last_txnid)
            return 0;
        sleep_ms(5);
    }
    return diag_set(diag, PTRD_ELOCKFILE, "%s does not belong to %s", paths->file[FILE_LOCK],
                    paths->file[FILE_DATA]);
}

/* before: what lay at the path in front of LMDB's own opening of both files; zeros: nothing. */
static int env_check(struct env *e, const struct paths *paths, const struct identity *before,
                     struct diag *diag)
{
    off_t size;
    int fd;
    struct stat opened;
    int err = identity_read(paths, &e->identity, &size);
    if (err)
        return diag_set(diag, err, "%s: %s", paths->file[FILE_DATA], strerror(-err));
    if (mdb_env_get_fd(e->mdb, &fd) || fstat(fd, &opened) ||
        opened.st_ino != e->identity.data_ino || opened.st_dev != e->identity.data_dev ||
        (before->data_ino && !identity_equal(before, &e->identity)))
        return diag_set(diag, -EAGAIN, "%s is being replaced; try again", paths->dir);
    err = env_check_size(e, paths, size, NULL);
    if (err)
        err = env_settle_size(e, paths, diag);
    if (!err)
        err = env_check_lock(e, paths, diag);
    if (!err)
        err = env_open_tables(e, diag);
    return err < 0 ? err : 0;
}

int env_open(const struct paths *paths, enum store_open_mode mode, size_t map_size,
             struct env **out, struct diag *diag)
{
    struct stat data = {0};
    if (stat(paths->file[FILE_DATA], &data) && (errno != ENOENT || mode != STORE_OPEN_CREATE))
        return env_refuse(paths, mode, errno, diag);
    bool new_data = data.st_size == 0;
    if (new_data && mode != STORE_OPEN_CREATE) /* LMDB would make a store without zones of it */
        return diag_set(diag, PTRD_ECORRUPT, "%s is truncated: it is empty",
                        paths->file[FILE_DATA]);
    int err = lock_file_prepare(paths, diag);
    if (err)
        return err;
    struct identity before = {0};
    off_t size;
    if (identity_read(paths, &before, &size))
        before = (struct identity){0};
    struct env *e = calloc(1, sizeof *e);
    if (!e)
        return PTRD_ENOMEM;
    if (mode == STORE_OPEN_WRITE &&
        faccessat(AT_FDCWD, paths->file[FILE_DATA], W_OK, AT_EACCESS) != 0)
        mode = STORE_OPEN_READ;
    e->read_only = mode == STORE_OPEN_READ;
    pthread_mutex_init(&e->gate, NULL);
    int rc = env_map(paths, mode, map_size, data.st_size, &e->mdb);
    if (rc) {
        env_free(e);
        return env_refuse(paths, mode, rc, diag);
    }
    int fd;
    if (new_data && mdb_env_get_fd(e->mdb, &fd) == 0)
        file_give(paths, fd, 0640);
    MDB_stat st;
    mdb_env_stat(e->mdb, &st);
    e->page_size = st.ms_psize;
    err = env_check(e, paths, &before, diag);
    if (err)
        env_free(e);
    else
        *out = e;
    return err;
}

void env_free(struct env *e)
{
    if (!e)
        return;
    if (e->mdb)
        mdb_env_close(e->mdb);
    pthread_mutex_destroy(&e->gate);
    free(e);
}

/* --- tables --- */

static int meta_check(MDB_txn *txn, MDB_dbi dbi, struct diag *diag)
{
    struct row_key key;
    MDB_val value;
    struct store_meta meta;
    int err = row_key(STORE_META, meta_key(), &key);
    int rc = err < 0 ? MDB_NOTFOUND : mdb_get(txn, dbi, &key.val, &value);
    if (rc == MDB_NOTFOUND)
        return PTRD_ABSENT;
    if (rc)
        return diag_set(diag, store_error(rc), "cannot read the meta record: %s", mdb_strerror(rc));
    const uint8_t *b = value.mv_data;
    err = store_read_meta((struct span){b, value.mv_size}, &meta);
    if (err == PTRD_EVERSION)
        return diag_set(diag, err,
                        "the store has format %u, written by a newer ptrd; this one knows formats "
                        "up to %u: use the newer program, or load into an empty directory",
                        (unsigned)b[0] << 24 | (unsigned)b[1] << 16 | (unsigned)b[2] << 8 | b[3],
                        STORE_FORMAT);
    if (err)
        return diag_set(diag, err, "the store's meta record is damaged");
    return PTRD_FOUND;
}

static int tables_open(MDB_txn *txn, MDB_dbi dbis[STORE_TABLES], unsigned flags)
{
    for (int i = 0; i < STORE_TABLES; i++) {
        const char *name = place_name((enum store_table)i);
        int rc = mdb_dbi_open(txn, name, name ? flags : 0, &dbis[i]);
        if (rc)
            return rc;
    }
    return 0;
}

/* Opens the handles in txn: PTRD_FOUND, PTRD_ABSENT or an error. */
static int tables_find(struct env *e, MDB_txn *txn, MDB_dbi dbis[STORE_TABLES], struct diag *diag)
{
    int result = PTRD_ABSENT;
    /* the format decides before any table is missed */
    int rc = mdb_dbi_open(txn, NULL, 0, &dbis[STORE_META]);
    if (!rc)
        result = meta_check(txn, dbis[STORE_META], diag);
    if (result == PTRD_FOUND)
        rc = tables_open(txn, dbis, 0);
    if (rc == 0 && result != PTRD_ABSENT)
        return result;
    if (rc && rc != MDB_NOTFOUND)
        return diag_set(diag, store_error(rc), "cannot open a table: %s", mdb_strerror(rc));
    MDB_stat st;
    mdb_env_stat(e->mdb, &st);
    if (st.ms_entries == 0)
        return PTRD_ABSENT;
    return diag_set(diag, PTRD_ECORRUPT, "this LMDB file is no store of ptrd");
}

int env_open_tables(struct env *e, struct diag *diag)
{
    if (atomic_load(&e->tables_open))
        return PTRD_FOUND;
    MDB_txn *txn = NULL;
    MDB_dbi dbis[STORE_TABLES];
    int err = env_begin_read(e, &txn);
    if (err)
        return diag_set(diag, err, "cannot read the store: %s", ptrd_strerror(err));
    int result = tables_find(e, txn, dbis, diag);
    if (result == PTRD_FOUND) {
        mdb_txn_commit(txn); /* keeps the handles; of a read transaction it cannot fail */
        env_publish_tables(e, dbis);
    } else {
        mdb_txn_abort(txn);
    }
    env_leave(e);
    return result;
}

void env_publish_tables(struct env *e, const MDB_dbi dbis[STORE_TABLES])
{
    memcpy(e->dbis, dbis, sizeof e->dbis);
    atomic_store(&e->tables_open, true);
}

int env_create_tables(struct env *e, MDB_txn *txn, MDB_dbi dbis[STORE_TABLES])
{
    if (atomic_load(&e->tables_open)) {
        memcpy(dbis, e->dbis, sizeof e->dbis);
        return 0;
    }
    return store_error(tables_open(txn, dbis, MDB_CREATE));
}
