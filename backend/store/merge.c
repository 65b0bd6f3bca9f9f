/* store_write_table: a sorted stream against a table, both walked once.
 *
 * A transaction keeps each page that it changes in memory until 131,071 of them (512 MB) wait, and
 * only then writes some to the file (they are free pages of it, which nobody reads before the
 * commit). LMDB has no setting for that number, but it makes room before each put, for as many
 * pages as the value needs; so merge_relieve asks for a very large value where none can be put, at
 * the key of a named database: LMDB writes the pages that wait and then answers MDB_INCOMPATIBLE.
 */
#include "writer_p.h"

#include <string.h>

#define VALUE_LARGE ((size_t)1 << 30)

struct merge {
    struct store_writer *w;
    const struct store_stream *stream;
    enum store_table table;
    MDB_cursor *cursor;
    struct span old_key, old_value; /* valid while old_there */
    bool old_there;
    bool at_end;            /* no other table's rows follow: rows may be appended */
    struct span key, value; /* valid while new_there */
    bool new_there;
    uint8_t last[ROW_KEY_MAX]; /* the stream's last key, to see that it ascends */
    size_t last_len;
    size_t waiting;         /* octets of changed pages since merge_relieve, about */
    const uint8_t *touched; /* page changed last */
};

static int bytes_compare(const void *a, size_t a_len, const void *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

/* The table's entry at or behind a key (MDB_SET_RANGE), or the next one. */
static int merge_old(struct merge *m, MDB_cursor_op op, struct span from)
{
    int rc;
    int found = row_move(m->cursor, m->table, op, from, &m->old_key, &m->old_value, &rc);
    m->old_there = found == PTRD_FOUND;
    return rc == 0 || rc == MDB_NOTFOUND ? (found < 0 ? found : 0) : store_error(rc);
}

/* Does the table end where the database ends? */
static int merge_look_behind(struct merge *m)
{
    struct place_code next = place_code(m->table);
    if (next.len)
        next.bytes[next.len - 1]++;
    MDB_val key = {next.len, next.bytes}, value;
    int rc = next.len ? mdb_cursor_get(m->cursor, &key, &value, MDB_SET_RANGE) : MDB_NOTFOUND;
    m->at_end = rc == MDB_NOTFOUND;
    return m->at_end ? 0 : store_error(rc);
}

static int merge_new(struct merge *m)
{
    int found = m->stream->next(m->stream->ctx, &m->key, &m->value);
    if (found < 0)
        return found;
    m->new_there = found == PTRD_FOUND;
    if (!m->new_there)
        return 0;
    if (m->key.len == 0 || m->key.len > ROW_KEY_MAX)
        return PTRD_ELIMIT;
    if (m->last_len && bytes_compare(m->last, m->last_len, m->key.bytes, m->key.len) >= 0)
        return PTRD_EINVAL;
    memcpy(m->last, m->key.bytes, m->key.len);
    m->last_len = m->key.len;
    return 0;
}

static int merge_tell(const struct merge *m, struct span key, struct span old_value,
                      struct span new_value)
{
    if (!m->stream->changed)
        return 0;
    return m->stream->changed(m->stream->ctx, key, old_value, new_value);
}

/* Lets the pages that wait in memory be written. */
static int merge_relieve(struct merge *m)
{
    const char *name = place_name(STORE_DERIVED);
    MDB_val key = {strlen(name), (void *)(uintptr_t)name};
    MDB_val value = {VALUE_LARGE, (void *)(uintptr_t)name}; /* its octets are not looked at */
    int rc = mdb_put(m->w->txn, m->w->dbis[STORE_META], &key, &value, 0);
    m->waiting = 0;
    m->touched = NULL;
    return rc == MDB_INCOMPATIBLE ? 0 : rc ? writer_error(m->w, rc) : PTRD_ESTORE;
}

/* Notes what the put or deletion at the cursor has added to the pages that wait. */
static int merge_note(struct merge *m)
{
    MDB_val key, value;
    if (mdb_cursor_get(m->cursor, &key, &value, MDB_GET_CURRENT) == 0) {
        uintptr_t page = (uintptr_t)key.mv_data / m->w->env->page_size * m->w->env->page_size;
        if ((const uint8_t *)page != m->touched)
            m->waiting += m->w->env->page_size;
        m->touched = (const uint8_t *)page;
    }
    return m->waiting < m->w->store->waiting_most ? 0 : merge_relieve(m);
}

static int merge_put(struct merge *m, unsigned flags)
{
    struct row_key k;
    MDB_val v = {m->value.len, (void *)(uintptr_t)m->value.bytes};
    int err = row_key(m->table, m->key, &k);
    if (!err)
        err = writer_error(m->w, mdb_cursor_put(m->cursor, &k.val, &v, flags));
    return err ? err : merge_note(m);
}

/* A value that is there has bytes, even when it has none. */
static struct span old_value(const struct merge *m)
{
    static const uint8_t empty;
    return (struct span){m->old_value.bytes ? m->old_value.bytes : &empty, m->old_value.len};
}

static int merge_insert(struct merge *m)
{
    int err = merge_tell(m, m->key, (struct span){0}, m->value);
    /* at the end of the database the rest is appended: full pages, no search */
    if (!err)
        err = merge_put(m, m->at_end && !m->old_there ? MDB_APPEND : 0);
    if (!err && m->old_there) /* the put moved and may have split: back to the old entry */
        err = merge_old(m, MDB_NEXT, (struct span){0});
    return err ? err : merge_new(m);
}

static int merge_delete(struct merge *m)
{
    uint8_t bytes[ROW_KEY_MAX];
    struct span key = m->old_key;
    int err = merge_tell(m, key, old_value(m), (struct span){0});
    if (err)
        return err;
    if (key.len > ROW_KEY_MAX)
        return PTRD_ECORRUPT;
    memcpy(bytes, key.bytes, key.len);
    err = writer_error(m->w, mdb_cursor_del(m->cursor, 0));
    if (err)
        return err;
    return merge_old(m, MDB_SET_RANGE, (struct span){bytes, key.len});
}

static int merge_same(struct merge *m)
{
    struct span old = old_value(m);
    int err = 0;
    if (old.len != m->value.len ||
        (old.len != 0 && memcmp(old.bytes, m->value.bytes, old.len) != 0)) {
        err = merge_tell(m, m->key, old, m->value);
        if (!err)
            err = merge_put(m, 0);
    }
    if (!err)
        err = merge_old(m, MDB_NEXT, (struct span){0});
    return err ? err : merge_new(m);
}

static int merge_step(struct merge *m)
{
    if (!m->old_there)
        return merge_insert(m);
    if (!m->new_there)
        return merge_delete(m);
    int order = bytes_compare(m->old_key.bytes, m->old_key.len, m->key.bytes, m->key.len);
    if (order < 0)
        return merge_delete(m);
    return order > 0 ? merge_insert(m) : merge_same(m);
}

int store_write_table(struct store_writer *w, enum store_table table,
                      const struct store_stream *stream)
{
    struct merge m = {.w = w, .stream = stream, .table = table};
    w->changes++;
    int rc = mdb_cursor_open(w->txn, w->dbis[table], &m.cursor);
    if (rc)
        return store_error(rc);
    int err = merge_look_behind(&m);
    if (!err)
        err = merge_old(&m, MDB_SET_RANGE, (struct span){0});
    if (!err)
        err = merge_new(&m);
    while (!err && (m.old_there || m.new_there))
        err = merge_step(&m);
    mdb_cursor_close(m.cursor);
    return err;
}
