/* store_write_table: a sorted stream against a table, both walked once. */
#include "writer_p.h"

#include <string.h>

#define KEY_MAX 511 /* of LMDB */

struct merge {
    struct store_writer *w;
    const struct store_stream *stream;
    MDB_cursor *cursor;
    MDB_val old_key, old_value; /* valid while old_there */
    bool old_there;
    struct span key, value; /* valid while new_there */
    bool new_there;
    uint8_t last[KEY_MAX]; /* the stream's last key, to see that it ascends */
    size_t last_len;
};

static int bytes_compare(const void *a, size_t a_len, const void *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int merge_old(struct merge *m, MDB_cursor_op op)
{
    int rc = mdb_cursor_get(m->cursor, &m->old_key, &m->old_value, op);
    m->old_there = rc == 0;
    return rc == MDB_NOTFOUND ? 0 : store_error(rc);
}

static int merge_new(struct merge *m)
{
    int found = m->stream->next(m->stream->ctx, &m->key, &m->value);
    if (found < 0)
        return found;
    m->new_there = found == PTRD_FOUND;
    if (!m->new_there)
        return 0;
    if (m->key.len == 0 || m->key.len > KEY_MAX)
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

static int merge_put(struct merge *m, unsigned flags)
{
    MDB_val k = {m->key.len, (void *)(uintptr_t)m->key.bytes};
    MDB_val v = {m->value.len, (void *)(uintptr_t)m->value.bytes};
    return writer_error(m->w, mdb_cursor_put(m->cursor, &k, &v, flags));
}

static struct span span_of(const MDB_val *v)
{
    static const uint8_t empty; /* a value that is there has bytes, even when it has none */
    return (struct span){v->mv_data ? v->mv_data : &empty, v->mv_size};
}

static int merge_insert(struct merge *m)
{
    int err = merge_tell(m, m->key, (struct span){0}, m->value);
    /* at the end of the table the rest is appended: full pages, no search */
    if (!err)
        err = merge_put(m, m->old_there ? 0 : MDB_APPEND);
    if (!err && m->old_there)
        err = merge_old(m, MDB_NEXT); /* the put moved and may have split: back to the old entry */
    return err ? err : merge_new(m);
}

static int merge_delete(struct merge *m)
{
    uint8_t bytes[KEY_MAX];
    struct span key = span_of(&m->old_key);
    int err = merge_tell(m, key, span_of(&m->old_value), (struct span){0});
    if (err)
        return err;
    if (key.len > KEY_MAX)
        return PTRD_ECORRUPT;
    memcpy(bytes, key.bytes, key.len);
    err = writer_error(m->w, mdb_cursor_del(m->cursor, 0));
    if (err)
        return err;
    m->old_key = (MDB_val){key.len, bytes};
    err = merge_old(m, MDB_SET_RANGE);
    return err;
}

static int merge_same(struct merge *m)
{
    struct span old = span_of(&m->old_value);
    int err = 0;
    if (old.len != m->value.len ||
        (old.len != 0 && memcmp(old.bytes, m->value.bytes, old.len) != 0)) {
        err = merge_tell(m, m->key, old, m->value);
        if (!err)
            err = merge_put(m, 0);
    }
    if (!err)
        err = merge_old(m, MDB_NEXT);
    return err ? err : merge_new(m);
}

static int merge_step(struct merge *m)
{
    if (!m->old_there)
        return merge_insert(m);
    if (!m->new_there)
        return merge_delete(m);
    int order = bytes_compare(m->old_key.mv_data, m->old_key.mv_size, m->key.bytes, m->key.len);
    if (order < 0)
        return merge_delete(m);
    return order > 0 ? merge_insert(m) : merge_same(m);
}

int store_write_table(struct store_writer *w, enum store_table table,
                      const struct store_stream *stream)
{
    struct merge m = {.w = w, .stream = stream};
    int rc = mdb_cursor_open(w->txn, w->dbis[table], &m.cursor);
    if (rc)
        return store_error(rc);
    int err = merge_old(&m, MDB_FIRST);
    if (!err)
        err = merge_new(&m);
    while (!err && (m.old_there || m.new_there))
        err = merge_step(&m);
    mdb_cursor_close(m.cursor);
    return err;
}
