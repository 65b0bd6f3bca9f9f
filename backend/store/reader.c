#include "writer_p.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Where a reader of a writer stands in a table: the writer's changes may move a cursor. */
struct mark {
    uint64_t changes; /* of the writer when the cursor was set */
    size_t len;
    uint8_t key[ROW_KEY_MAX];
};

struct store_reader {
    struct store *store;
    struct env *env; /* with a ref, or NULL */
    MDB_txn *txn;    /* reset between requests */
    const MDB_dbi *dbis;
    /* env, txn and dbis are the writer's then, and begun stays set */
    struct store_writer *writer;
    struct mark *marks; /* of a writer: STORE_TABLES of them */
    MDB_cursor *cursors[STORE_TABLES];
    bool cursor_fresh[STORE_TABLES]; /* renewed in this transaction */
    bool begun, tables;
    int64_t lag_ns;  /* 0: what lies at the path is looked at for each request */
    int64_t look_ns; /* when it is to be looked at next; size: of the data file at the last look */
    off_t size;
    size_t txn_id;          /* of the last transaction; what follows holds while it is the same: */
    struct store_meta meta; /* with meta_read */
    bool meta_read;
    uint32_t probed, empty; /* bits of tables: looked at, without rows */
};
_Static_assert(STORE_TABLES <= 32, "a bit a table");

int store_reader_new(struct store *s, struct store_reader **out)
{
    struct store_reader *r = calloc(1, sizeof *r);
    if (!r)
        return PTRD_ENOMEM;
    r->store = s;
    *out = r;
    return 0;
}

int store_reader_of_writer(struct store_writer *w, struct store_reader **out)
{
    struct store_reader *r = calloc(1, sizeof *r);
    struct mark *marks = calloc(STORE_TABLES, sizeof *marks);
    if (!r || !marks) {
        free(r);
        free(marks);
        return PTRD_ENOMEM;
    }
    *r = (struct store_reader){.store = w->store,
                               .env = w->env,
                               .txn = w->txn,
                               .dbis = w->dbis,
                               .writer = w,
                               .marks = marks,
                               .begun = true,
                               .tables = true};
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
    if (r->writer)
        return;
    if (r->txn)
        mdb_txn_abort(r->txn);
    r->txn = NULL;
    if (r->env)
        store_release(r->store, r->env);
    r->env = NULL;
    r->txn_id = 0; /* no transaction has this number */
}

void store_reader_free(struct store_reader *r)
{
    if (!r)
        return;
    store_read_end(r);
    reader_leave(r);
    free(r->marks);
    free(r);
}

void store_reader_lag(struct store_reader *r, unsigned lag_us)
{
    r->lag_ns = (int64_t)lag_us * 1000;
    r->look_ns = 0;
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Has a look within the lag found the environment in order? Else the time of the next is set. */
static bool reader_looked(struct store_reader *r)
{
    if (r->lag_ns == 0)
        return false;
    int64_t now = now_ns();
    if (r->env && now < r->look_ns && !atomic_load_explicit(&r->env->foreign, memory_order_relaxed))
        return true;
    r->look_ns = now + r->lag_ns;
    return false;
}

/* The environment at the path, the file long enough for its two meta pages. */
static int reader_settle(struct store_reader *r, off_t *size)
{
    struct identity there;
    *size = r->size;
    if (reader_looked(r))
        return 0;
    int err = identity_read(&r->store->paths, &there, size);
    if (err)
        return err;
    if (!r->env || !identity_equal(&r->env->identity, &there) ||
        atomic_load_explicit(&r->env->foreign, memory_order_relaxed)) {
        reader_leave(r);
        err = store_acquire(r->store, &r->env, NULL);
        if (err)
            return err;
    }
    r->size = *size;
    return *size < 2 * (off_t)r->env->page_size ? PTRD_ECORRUPT : 0;
}

static int reader_meta(struct store_reader *r, struct store_meta *meta)
{
    if (!r->tables) { /* opened for creating: nothing was ever loaded */
        *meta = (struct store_meta){.format = STORE_FORMAT, .next_zone_id = 1, .next_key_id = 1};
        return 0;
    }
    if (!r->meta_read) {
        struct span value;
        int found = store_get(r, STORE_META, meta_key(), &value);
        if (found != PTRD_FOUND)
            return found < 0 ? found : PTRD_ECORRUPT;
        int err = store_read_meta(value, &r->meta);
        if (err < 0)
            return err;
        r->meta_read = true;
    }
    *meta = r->meta;
    return 0;
}

/* What was learnt of another transaction is forgotten. */
static void reader_settle_txn(struct store_reader *r)
{
    size_t id = mdb_txn_id(r->txn);
    if (id == r->txn_id)
        return;
    r->txn_id = id;
    r->meta_read = false;
    r->probed = r->empty = 0;
}

/* What must hold before any page is read. */
static int reader_check(struct store_reader *r, off_t size)
{
    if (env_lock_is_foreign(r->env, r->txn)) {
        atomic_store(&r->env->foreign, true);
        return PTRD_ELOCKFILE;
    }
    if (env_check_size(r->env, &r->store->paths, size, NULL)) {
        r->look_ns = 0; /* `size` may be one of before the file grew */
        return env_settle_size(r->env, &r->store->paths, NULL);
    }
    return 0;
}

static int reader_begin(struct store_reader *r, struct store_meta *meta)
{
    off_t size;
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
    r->dbis = r->env->dbis;
    memset(r->cursor_fresh, 0, sizeof r->cursor_fresh);
    reader_settle_txn(r);
    err = reader_check(r, size);
    if (!err)
        err = reader_meta(r, meta);
    if (err)
        store_read_end(r);
    return err;
}

int store_read_begin(struct store_reader *r, struct store_meta *meta)
{
    if (r->writer) {
        *meta = r->writer->meta;
        return 0;
    }
    if (r->begun)
        return PTRD_EINVAL;
    int err = reader_begin(r, meta);
    if (err == PTRD_ELOCKFILE) /* the file is opened anew */
        err = reader_begin(r, meta);
    if (err)
        r->look_ns = 0;
    return err == PTRD_ELOCKFILE ? PTRD_ECORRUPT : err;
}

void store_read_end(struct store_reader *r)
{
    if (!r->begun || r->writer)
        return;
    mdb_txn_reset(r->txn);
    env_leave(r->env);
    r->begun = false;
}

static int reader_cursor(struct store_reader *r, enum store_table table, MDB_cursor **out)
{
    if (!r->begun)
        return PTRD_EINVAL;
    if (!r->tables)
        return PTRD_ABSENT;
    if (!r->cursor_fresh[table]) {
        int rc = r->cursors[table] ? mdb_cursor_renew(r->txn, r->cursors[table])
                                   : mdb_cursor_open(r->txn, r->dbis[table], &r->cursors[table]);
        if (rc)
            return store_error(rc);
        r->cursor_fresh[table] = true;
    }
    *out = r->cursors[table];
    return PTRD_FOUND;
}

static int reader_move(struct store_reader *r, enum store_table table, MDB_cursor_op op,
                       struct span from, struct span *key, struct span *value)
{
    MDB_cursor *c = NULL;
    int rc, err = reader_cursor(r, table, &c);
    if (err <= 0)
        return err;
    int found = row_move(c, table, op, from, key, value, &rc);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return store_error(rc);
    if (r->writer && found == PTRD_FOUND) {
        struct mark *mark = &r->marks[table];
        memcpy(mark->key, key->bytes, key->len);
        mark->len = key->len;
        mark->changes = r->writer->changes;
    }
    return found;
}

/* The row behind the mark, by its key: the writer changed rows since. */
static int reader_resume(struct store_reader *r, enum store_table table, struct span *key,
                         struct span *value)
{
    uint8_t bytes[ROW_KEY_MAX];
    size_t len = r->marks[table].len;
    memcpy(bytes, r->marks[table].key, len);
    int found = reader_move(r, table, MDB_SET_RANGE, (struct span){bytes, len}, key, value);
    if (found == PTRD_FOUND && key->len == len && memcmp(key->bytes, bytes, len) == 0)
        found = reader_move(r, table, MDB_NEXT, (struct span){0}, key, value);
    return found;
}

/* Most tables of most stores are empty: one look a transaction number is enough. A writer's may be
 * filled at any moment. */
static bool known_empty(struct store_reader *r, enum store_table table)
{
    uint32_t bit = (uint32_t)1 << table;
    struct span key, value;
    if (r->writer)
        return false;
    if (!(r->probed & bit)) {
        int found = reader_move(r, table, MDB_SET_RANGE, (struct span){0}, &key, &value);
        if (found < 0)
            return false;
        r->probed |= bit;
        r->empty |= found == PTRD_ABSENT ? bit : 0;
    }
    return r->empty & bit;
}

int store_get(struct store_reader *r, enum store_table table, struct span key, struct span *value)
{
    struct row_key k;
    MDB_val v;
    if (!r->begun)
        return PTRD_EINVAL;
    if (!r->tables || known_empty(r, table))
        return PTRD_ABSENT;
    int err = row_key(table, key, &k);
    if (err < 0)
        return err;
    int rc = mdb_get(r->txn, r->dbis[table], &k.val, &v);
    if (rc)
        return rc == MDB_NOTFOUND ? PTRD_ABSENT : store_error(rc);
    *value = (struct span){v.mv_data, v.mv_size};
    return PTRD_FOUND;
}

int store_seek(struct store_reader *r, enum store_table table, struct span from, struct span *key,
               struct span *value)
{
    if (r->begun && r->tables && known_empty(r, table))
        return PTRD_ABSENT;
    return reader_move(r, table, MDB_SET_RANGE, from, key, value);
}

int store_seek_back(struct store_reader *r, enum store_table table, struct span before,
                    struct span *key, struct span *value)
{
    if (r->begun && r->tables && known_empty(r, table))
        return PTRD_ABSENT;
    return reader_move(r, table, MDB_PREV, before, key, value);
}

int store_next(struct store_reader *r, enum store_table table, struct span *key, struct span *value)
{
    if (r->begun && r->tables && !r->cursor_fresh[table])
        return PTRD_EINVAL; /* no seek in this transaction */
    if (r->writer && r->marks[table].changes != r->writer->changes)
        return reader_resume(r, table, key, value);
    return reader_move(r, table, MDB_NEXT, (struct span){0}, key, value);
}

uint64_t store_reader_environment(const struct store_reader *r)
{
    return r->env ? r->env->number : 0;
}
