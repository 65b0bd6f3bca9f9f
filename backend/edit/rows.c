#include "edit_p.h"

#include <stdlib.h>
#include <string.h>

#define KEY_MAX 511 /* LMDB's */

/* --- what was touched ------------------------------------------------------------------------- */

static int compare(const struct touched *a, const struct touched *b)
{
    if (a->table != b->table)
        return a->table < b->table ? -1 : 1;
    int order = memcmp(a->key, b->key, a->len < b->len ? a->len : b->len);
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int touch(struct edit *e, enum store_table table, struct span key)
{
    struct touched *last = e->touched_count ? e->touched[e->touched_count - 1] : NULL;
    if (last && last->table == table && span_equal(touched_key(last), key))
        return 0;
    if (key.len > KEY_MAX)
        return PTRD_ELIMIT;
    if (e->touched_count == e->touched_capacity) {
        size_t capacity = e->touched_capacity ? e->touched_capacity * 2 : 64;
        struct touched **bigger = realloc(e->touched, capacity * sizeof *bigger);
        if (!bigger)
            return PTRD_ENOMEM;
        e->touched = bigger;
        e->touched_capacity = capacity;
    }
    struct touched *t = arena_alloc(&e->arena, sizeof *t + key.len);
    if (!t)
        return PTRD_ENOMEM;
    *t = (struct touched){.table = (uint8_t)table, .len = (uint16_t)key.len};
    memcpy(t->key, key.bytes, key.len);
    e->touched[e->touched_count++] = t;
    return 0;
}

static int by_key(const void *a, const void *b)
{
    return compare(*(struct touched *const *)a, *(struct touched *const *)b);
}

void touched_sort(struct edit *e)
{
    size_t kept = 0;
    if (e->touched_count)
        qsort(e->touched, e->touched_count, sizeof *e->touched, by_key);
    for (size_t i = 0; i < e->touched_count; i++)
        if (kept == 0 || compare(e->touched[kept - 1], e->touched[i]) != 0)
            e->touched[kept++] = e->touched[i];
    e->touched_count = kept;
}

bool touched_same_name(const struct edit *e, size_t i)
{
    const struct touched *a = i ? e->touched[i - 1] : NULL, *b = e->touched[i];
    if (!a || a->table != b->table || a->len != b->len)
        return false;
    size_t len = b->table == STORE_LOCAL_RECORDS || b->table == STORE_LOCAL_ABOVE
                     ? (size_t)b->len - 2 /* without the type */
                     : b->len;
    return memcmp(a->key, b->key, len) == 0;
}

/* PTRD_FOUND: another value than before. */
static int is_changed(struct edit *e, const struct touched *t)
{
    struct span old, now;
    int was = store_get(e->committed, t->table, touched_key(t), &old);
    int is = was < 0 ? was : store_get(e->reader, t->table, touched_key(t), &now);
    if (is < 0)
        return is;
    return was == is && (is == PTRD_ABSENT || span_equal(old, now)) ? PTRD_ABSENT : PTRD_FOUND;
}

int touched_changed(struct edit *e)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->touched_count; i++) {
        int changed = is_changed(e, e->touched[i]);
        if (changed < 0)
            return changed;
        if (changed == PTRD_FOUND)
            e->touched[kept++] = e->touched[i];
    }
    e->touched_count = kept;
    return 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

int row_put(struct edit *e, enum store_table table, struct span key, struct span value)
{
    int err = touch(e, table, key);
    return err < 0 ? err : store_put(e->w, table, key, value);
}

int row_delete(struct edit *e, enum store_table table, struct span key)
{
    int err = touch(e, table, key);
    if (err == 0)
        err = store_delete(e->w, table, key);
    return err < 0 ? err : 0;
}

/* --- walking ---------------------------------------------------------------------------------- */

/* Gives fn a copy of the row's key; the value it may read until it writes. Then on behind that key,
 * found anew: whatever fn read or wrote may have moved the cursor. */
static int each(struct store_reader *r, enum store_table table, struct span from,
                bool (*ends)(const void *limit, struct span key), const void *limit, row_fn *fn,
                void *ctx)
{
    uint8_t copy[KEY_MAX + 1];
    struct span key, value;
    int found = store_seek(r, table, from, &key, &value);
    while (found == PTRD_FOUND && !ends(limit, key)) {
        if (key.len > KEY_MAX)
            return PTRD_ECORRUPT;
        struct span own = {copy, key.len};
        memcpy(copy, key.bytes, key.len);
        int err = fn(ctx, own, value);
        if (err != 0)
            return err;
        copy[own.len] = 0; /* the least key behind it */
        found = store_seek(r, table, (struct span){copy, own.len + 1}, &key, &value);
    }
    return found < 0 ? found : 0;
}

static bool prefix_ends(const void *limit, struct span key)
{
    const struct span *prefix = limit;
    return key.len < prefix->len ||
           (prefix->len && memcmp(key.bytes, prefix->bytes, prefix->len) != 0);
}

int rows_each(struct store_reader *r, enum store_table table, struct span prefix, row_fn *fn,
              void *ctx)
{
    return each(r, table, prefix, prefix_ends, &prefix, fn, ctx);
}

static bool range_ends(const void *limit, struct span key)
{
    struct addr addr;
    /* a key that is none ends the walk with the row: fn refuses it */
    return store_read_key_addr(key, &addr) == 0 && !range_contains(limit, &addr);
}

int rows_each_ptr(struct store_reader *r, enum store_table table, const struct range *range,
                  row_fn *fn, void *ctx)
{
    struct store_buf key = {0};
    struct addr first = {.num = range->first, .family = range->family};
    int err = store_key_addr(&first, &key);
    if (err == 0)
        err = each(r, table, buf_span(&key), range_ends, range, fn, ctx);
    store_buf_done(&key);
    return err;
}
