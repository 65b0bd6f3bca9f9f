#include "writer_p.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESERVE_FIXED ((size_t)1 << 20)
#define RESERVE_MAX ((size_t)1 << 40)

static void writer_free(struct store_writer *w)
{
    for (int i = 0; i < STORE_TABLES; i++) {
        if (w->cursors[i])
            mdb_cursor_close(w->cursors[i]);
    }
    if (w->txn)
        mdb_txn_abort(w->txn);
    if (w->entered && !w->committed)
        env_trim(w->env);
    if (w->entered)
        env_leave(w->env);
    if (w->env)
        store_release(w->store, w->env);
    writer_unlock(w->lock_fd);
    free(w);
}

/* Room in the map for a transaction that writes so many bytes in rows: at most every page is copied
 * once (and noted as free), new ones are half full, and a large row begins a page of its own. */
static size_t room_needed(size_t bytes, size_t used)
{
    return bytes ? used + used / 64 + 4 * bytes + RESERVE_FIXED : 0;
}

/* The map is doubled where the last writer found it full, and until what is reserved fits. Under
 * writer.lock, so nobody else uses the room up. */
static int writer_grow(struct env *e, size_t reserve)
{
    MDB_envinfo info;
    mdb_env_info(e->mdb, &info);
    size_t used = (info.me_last_pgno + 1) * e->page_size;
    size_t needed = used + room_needed(reserve, used);
    size_t size = info.me_mapsize;
    if (atomic_load(&e->grow))
        size *= 2;
    while (size < needed)
        size *= 2;
    int err = size == info.me_mapsize ? 0 : env_resize(e, size);
    if (!err)
        atomic_store(&e->grow, false);
    return err;
}

int store_write_reserve(struct store *s, size_t bytes)
{
    if (bytes > RESERVE_MAX)
        return PTRD_ELIMIT;
    atomic_store(&s->reserve, bytes);
    return 0;
}

static int writer_begin_txn(struct store_writer *w)
{
    for (int i = 0;; i++) {
        int err = env_enter(w->env);
        if (err)
            return err;
        int rc = mdb_txn_begin(w->env->mdb, NULL, 0, &w->txn);
        if (rc == 0) {
            w->entered = true;
            return 0;
        }
        env_leave(w->env);
        if (rc != MDB_MAP_RESIZED || i > 0)
            return store_error(rc);
        err = env_resize(w->env, 0);
        if (err)
            return err;
    }
}

static int writer_read_meta(struct store_writer *w, struct store_meta *meta)
{
    struct span value;
    int found = store_writer_get(w, STORE_META, meta_key(), &value);
    if (found < 0)
        return found;
    int err = 0;
    if (found == PTRD_FOUND)
        err = store_read_meta(value, meta);
    else
        *meta = (struct store_meta){.format = STORE_FORMAT, .next_zone_id = 1, .next_key_id = 1};
    if (!err)
        w->meta = *meta;
    return err;
}

static int writer_begin(struct store_writer *w, unsigned wait_ms, struct store_meta *meta,
                        struct diag *diag)
{
    struct store *s = w->store;
    if (s->mode == STORE_OPEN_READ)
        return diag_set(diag, -EROFS, "%s was opened for reading only", s->paths.dir);
    w->lock_fd = writer_lock(&s->paths, wait_ms, diag);
    if (w->lock_fd < 0)
        return w->lock_fd;
    bool unfinished = writer_was_committing(w->lock_fd);
    int err = store_acquire(s, &w->env, diag);
    if (err)
        return err;
    if (w->env->read_only)
        return diag_set(diag, -EACCES, "%s may not be written by user %lu",
                        s->paths.file[FILE_DATA], (unsigned long)geteuid());
    if (unfinished && (err = env_extend(w->env, &s->paths)) < 0)
        return diag_set(diag, err, "%s: cannot extend it", s->paths.file[FILE_DATA]);
    env_trim(w->env); /* a writer before us may have been killed */
    err = writer_mark(w->lock_fd, false);
    if (!err)
        err = writer_grow(w->env, atomic_load(&s->reserve));
    int dead;
    if (!err)
        err = store_error(mdb_reader_check(w->env->mdb, &dead));
    if (!err)
        err = writer_begin_txn(w);
    if (!err)
        err = env_create_tables(w->env, w->txn, w->dbis);
    if (!err)
        err = writer_read_meta(w, meta);
    if (err == PTRD_EVERSION)
        return diag_set(diag, err,
                        "%s was written by a newer ptrd; this one writes format %u: use the newer "
                        "program, or load into an empty directory",
                        s->paths.dir, STORE_FORMAT);
    return err ? diag_set(diag, err, "%s: cannot begin writing: %s", s->paths.dir,
                          ptrd_strerror(err))
               : 0;
}

int store_write_begin(struct store *s, unsigned wait_ms, struct store_writer **out,
                      struct store_meta *meta, struct diag *diag)
{
    struct store_writer *w = calloc(1, sizeof *w);
    if (!w)
        return diag_set(diag, PTRD_ENOMEM, "no memory");
    w->store = s;
    w->lock_fd = -1;
    int err = writer_begin(w, wait_ms, meta, diag);
    if (err)
        writer_free(w);
    else
        *out = w;
    return err;
}

int writer_error(struct store_writer *w, int rc)
{
    if (rc == MDB_MAP_FULL)
        atomic_store(&w->env->grow, true);
    return store_error(rc);
}

int store_put(struct store_writer *w, enum store_table table, struct span key, struct span value)
{
    struct row_key k;
    MDB_val v = {value.len, (void *)(uintptr_t)value.bytes};
    w->changes++;
    int err = key.len ? row_key(table, key, &k) : PTRD_EINVAL; /* seeks begin at the empty key */
    return err ? err : writer_error(w, mdb_put(w->txn, w->dbis[table], &k.val, &v, 0));
}

int store_delete(struct store_writer *w, enum store_table table, struct span key)
{
    struct row_key k;
    int err = row_key(table, key, &k);
    if (err)
        return err;
    w->changes++;
    int rc = mdb_del(w->txn, w->dbis[table], &k.val, NULL);
    return rc == MDB_NOTFOUND ? PTRD_ABSENT : writer_error(w, rc);
}

int store_writer_get(struct store_writer *w, enum store_table table, struct span key,
                     struct span *value)
{
    struct row_key k;
    MDB_val v;
    int err = row_key(table, key, &k);
    if (err)
        return err;
    int rc = mdb_get(w->txn, w->dbis[table], &k.val, &v);
    if (rc)
        return rc == MDB_NOTFOUND ? PTRD_ABSENT : store_error(rc);
    *value = (struct span){v.mv_data, v.mv_size};
    return PTRD_FOUND;
}

static int writer_move(struct store_writer *w, enum store_table table, MDB_cursor_op op,
                       struct span from, struct span *key, struct span *value)
{
    int rc = 0;
    if (!w->cursors[table])
        rc = mdb_cursor_open(w->txn, w->dbis[table], &w->cursors[table]);
    if (rc)
        return store_error(rc);
    int found = row_move(w->cursors[table], table, op, from, key, value, &rc);
    return rc == 0 || rc == MDB_NOTFOUND ? found : store_error(rc);
}

int store_writer_seek(struct store_writer *w, enum store_table table, struct span from,
                      struct span *key, struct span *value)
{
    return writer_move(w, table, MDB_SET_RANGE, from, key, value);
}

int store_writer_next(struct store_writer *w, enum store_table table, struct span *key,
                      struct span *value)
{
    return writer_move(w, table, MDB_NEXT, (struct span){0}, key, value);
}

/* The directory still holds what we wrote into: else a commit would be lost unseen. */
static int writer_still_current(const struct store_writer *w, struct diag *diag)
{
    struct identity there;
    off_t size;
    int err = identity_read(&w->store->paths, &there, &size);
    if (!err && !identity_equal(&there, &w->env->identity))
        err = PTRD_ECONFLICT;
    return err ? diag_set(diag, err, "%s was replaced during the write; nothing was written",
                          w->store->paths.dir)
               : 0;
}

static int writer_put_meta(struct store_writer *w, const struct store_meta *meta)
{
    struct store_buf buf = {0};
    struct store_meta copy = *meta;
    copy.format = STORE_FORMAT;
    int err = store_write_meta(&copy, &buf);
    if (!err)
        err = store_put(w, STORE_META, meta_key(), (struct span){buf.bytes, buf.len});
    store_buf_done(&buf);
    return err;
}

static int writer_commit(struct store_writer *w, const struct store_meta *meta, struct diag *diag)
{
    int err = writer_still_current(w, diag);
    if (err)
        return err;
    err = writer_put_meta(w, meta);
    if (!err)
        err = writer_mark(w->lock_fd, true);
    for (int i = 0; i < STORE_TABLES; i++) {
        if (w->cursors[i])
            mdb_cursor_close(w->cursors[i]);
        w->cursors[i] = NULL;
    }
    if (!err) {
        MDB_txn *txn = w->txn;
        w->txn = NULL; /* freed by the commit, also when it fails */
        err = writer_error(w, mdb_txn_commit(txn));
    }
    if (err) /* LMDB says EIO of a write that ended early for want of room */
        return diag_set(diag, err, "%s: cannot commit: %s%s; the old data stay",
                        w->store->paths.dir, ptrd_strerror(err),
                        err == -EIO ? " (is the disk full?)" : "");
    if (!atomic_load(&w->env->tables_open))
        env_publish_tables(w->env, w->dbis);
    w->committed = true;
    /* what follows is tidying, and the next writer makes up for it */
    if (env_extend(w->env, &w->store->paths) >= 0)
        (void)!writer_mark(w->lock_fd, false);
    return 0;
}

int store_write_commit(struct store_writer *w, const struct store_meta *meta, struct diag *diag)
{
    int err = writer_commit(w, meta, diag);
    writer_free(w);
    return err;
}

void store_write_abort(struct store_writer *w)
{
    if (w)
        writer_free(w);
}
