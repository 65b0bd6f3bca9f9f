#include "store_p.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct store_reader {
    struct store *store;
    struct env *env; /* with a ref, or NULL */
    MDB_txn *txn;    /* reset between requests */
    MDB_cursor *cursors[STORE_TABLES];
    bool cursor_fresh[STORE_TABLES]; /* renewed in this transaction */
    bool begun, tables;
};

int store_reader_new(struct store *s, struct store_reader **out)
{
    struct store_reader *r = calloc(1, sizeof *r);
    if (!r)
        return PTRD_ENOMEM;
    r->store = s;
    *out = r;
    return 0;
}

/* Gives up everything that belongs to the environment. */
static void reader_leave(struct store_reader *r)
{
    for (int i = 0; i < STORE_TABLES; i++) {
        if (r->cursors[i])
            mdb_cursor_close(r->cursors[i]);
        r->cursors[i] = NULL;
    }
    if (r->txn)
        mdb_txn_abort(r->txn);
    r->txn = NULL;
    if (r->env)
        store_release(r->store, r->env);
    r->env = NULL;
}

void store_reader_free(struct store_reader *r)
{
    if (!r)
        return;
    store_read_end(r);
    reader_leave(r);
    free(r);
}

/* The environment at the path, the file long enough for its two meta pages. */
static int reader_settle(struct store_reader *r, off_t *size)
{
    struct identity there;
    int err = identity_read(&r->store->paths, &there, size);
    if (err)
        return err;
    if (!r->env || !identity_equal(&r->env->identity, &there)) {
        reader_leave(r);
        err = store_acquire(r->store, &r->env, NULL);
        if (err)
            return err;
    }
    return *size < 2 * (off_t)r->env->page_size ? PTRD_ECORRUPT : 0;
}

static int reader_meta(struct store_reader *r, struct store_meta *meta)
{
    if (!r->tables) { /* opened for creating: nothing was ever loaded */
        *meta = (struct store_meta){.format = STORE_FORMAT, .next_zone_id = 1};
        return 0;
    }
    MDB_val key = meta_key(), value;
    int rc = mdb_get(r->txn, r->env->dbis[STORE_META], &key, &value);
    if (rc)
        return rc == MDB_NOTFOUND ? PTRD_ECORRUPT : store_error(rc);
    return store_read_meta((struct span){value.mv_data, value.mv_size}, meta);
}

int store_read_begin(struct store_reader *r, struct store_meta *meta)
{
    off_t size;
    if (r->begun)
        return PTRD_EINVAL;
    int err = reader_settle(r, &size);
    if (err)
        return err;
    if (!atomic_load_explicit(&r->env->tables_open, memory_order_acquire)) {
        err = store_open_tables(r->store, r->env);
        if (err < 0)
            return err;
    }
    /* handles published later are unknown to this transaction */
    r->tables = atomic_load_explicit(&r->env->tables_open, memory_order_acquire);
    err = env_begin_read(r->env, &r->txn);
    if (err)
        return err;
    r->begun = true;
    memset(r->cursor_fresh, 0, sizeof r->cursor_fresh);
    /* before any page is read */
    if (env_check_size(r->env, &r->store->paths, size, NULL))
        err = store_recheck(r->store, r->env);
    if (!err)
        err = reader_meta(r, meta);
    if (err)
        store_read_end(r);
    return err;
}

void store_read_end(struct store_reader *r)
{
    if (!r->begun)
        return;
    mdb_txn_reset(r->txn);
    env_leave(r->env);
    r->begun = false;
}

int store_get(struct store_reader *r, enum store_table table, struct span key, struct span *value)
{
    if (!r->begun)
        return PTRD_EINVAL;
    if (!r->tables)
        return PTRD_ABSENT;
    MDB_val k = {key.len, (void *)(uintptr_t)key.bytes}, v;
    int rc = mdb_get(r->txn, r->env->dbis[table], &k, &v);
    if (rc)
        return rc == MDB_NOTFOUND ? PTRD_ABSENT : store_error(rc);
    *value = (struct span){v.mv_data, v.mv_size};
    return PTRD_FOUND;
}

static int reader_cursor(struct store_reader *r, enum store_table table, MDB_cursor **out)
{
    if (!r->begun)
        return PTRD_EINVAL;
    if (!r->tables)
        return PTRD_ABSENT;
    if (!r->cursor_fresh[table]) {
        int rc = r->cursors[table]
                     ? mdb_cursor_renew(r->txn, r->cursors[table])
                     : mdb_cursor_open(r->txn, r->env->dbis[table], &r->cursors[table]);
        if (rc)
            return store_error(rc);
        r->cursor_fresh[table] = true;
    }
    *out = r->cursors[table];
    return PTRD_FOUND;
}

static int cursor_move(MDB_cursor *c, MDB_cursor_op op, struct span from, struct span *key,
                       struct span *value)
{
    MDB_val k = {from.len, (void *)(uintptr_t)from.bytes}, v;
    int rc = mdb_cursor_get(c, &k, &v, op);
    if (rc)
        return rc == MDB_NOTFOUND ? PTRD_ABSENT : store_error(rc);
    *key = (struct span){k.mv_data, k.mv_size};
    *value = (struct span){v.mv_data, v.mv_size};
    return PTRD_FOUND;
}

int store_seek(struct store_reader *r, enum store_table table, struct span from, struct span *key,
               struct span *value)
{
    MDB_cursor *c;
    int err = reader_cursor(r, table, &c);
    /* LMDB refuses an empty key: it stands before all */
    return err <= 0 ? err : cursor_move(c, from.len ? MDB_SET_RANGE : MDB_FIRST, from, key, value);
}

int store_next(struct store_reader *r, enum store_table table, struct span *key, struct span *value)
{
    MDB_cursor *c;
    if (r->begun && r->tables && !r->cursor_fresh[table])
        return PTRD_EINVAL; /* no seek in this transaction */
    int err = reader_cursor(r, table, &c);
    return err <= 0 ? err : cursor_move(c, MDB_NEXT, (struct span){0}, key, value);
}

int store_count(struct store_reader *r, enum store_table table, uint64_t *out)
{
    if (!r->begun)
        return PTRD_EINVAL;
    MDB_stat st = {0};
    if (r->tables) {
        int rc = mdb_stat(r->txn, r->env->dbis[table], &st);
        if (rc)
            return store_error(rc);
    }
    *out = st.ms_entries;
    return 0;
}

uint64_t store_reader_environment(const struct store_reader *r)
{
    return r->env ? r->env->number : 0;
}
