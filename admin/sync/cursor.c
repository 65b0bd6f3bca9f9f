#include "ptrd/sync/cursor.h"

#include <stdlib.h>
#include <string.h>

void cursor_done(struct cursor *c)
{
    free(c->applied);
    *c = (struct cursor){.applied = NULL};
}

int cursor_copy(const struct cursor *from, struct cursor *to)
{
    struct xid_range *applied = malloc((from->count + 1) * sizeof *applied);
    *to = (struct cursor){.applied = NULL};
    if (!applied)
        return PTRD_ENOMEM;
    if (from->count)
        memcpy(applied, from->applied, from->count * sizeof *applied);
    *to = *from;
    to->applied = applied;
    to->capacity = from->count;
    return 0;
}

/* Appends a run behind the others; adjacent and overlapping ones become one. */
static int add_run(struct cursor *c, uint64_t first, uint64_t last)
{
    if (first < c->xmin)
        first = c->xmin;
    if (first > last)
        return 0;
    if (c->count && first <= c->applied[c->count - 1].last + 1) {
        if (last > c->applied[c->count - 1].last)
            c->applied[c->count - 1].last = last;
        return 0;
    }
    if (c->count == c->capacity) {
        size_t capacity = c->capacity ? c->capacity * 2 : 16;
        struct xid_range *grown = realloc(c->applied, capacity * sizeof *grown);
        if (!grown)
            return PTRD_ENOMEM;
        c->applied = grown;
        c->capacity = capacity;
    }
    c->applied[c->count++] = (struct xid_range){first, last};
    return 0;
}

/* All that is seen in the state: what is below xmax and not running. */
static int add_seen(struct cursor *c, const struct pg_state *s)
{
    uint64_t from = c->xmin;
    for (size_t i = 0; i < s->running_count; i++) {
        uint64_t running = s->running[i];
        int err = running > from ? add_run(c, from, running - 1) : 0;
        if (err)
            return err;
        from = running >= from ? running + 1 : from;
    }
    return s->xmax > from ? add_run(c, from, s->xmax - 1) : 0;
}

/* Runs from before, and single transactions, merged in ascending order. */
static int add_known(struct cursor *c, const struct cursor *before, const uint64_t *xids,
                     size_t count)
{
    size_t i = 0, k = 0;
    int err = 0;
    while (!err && (i < before->count || k < count)) {
        if (k == count || (i < before->count && before->applied[i].first <= xids[k])) {
            err = add_run(c, before->applied[i].first, before->applied[i].last);
            i++;
        } else {
            err = add_run(c, xids[k], xids[k]);
            k++;
        }
    }
    return err;
}

static void take_history(struct cursor *c, const struct pg_state *s)
{
    c->system_id = s->system_id;
    c->timeline = s->timeline;
    c->database = s->database;
}

int cursor_start(struct cursor *c, const struct pg_state *state, const uint64_t *xids, size_t count)
{
    static const struct cursor nothing = {.applied = NULL};
    cursor_done(c);
    take_history(c, state);
    c->xmin = state->xmin;
    int err = state->standby ? add_known(c, &nothing, xids, count) : add_seen(c, state);
    if (err)
        cursor_done(c);
    return err;
}

bool cursor_follows(const struct cursor *c, const struct pg_state *state)
{
    return c->xmin > 0 && c->system_id == state->system_id && c->timeline == state->timeline &&
           c->database == state->database && c->xmin >= state->kept;
}

int cursor_missing(const struct cursor *c, struct xid_range **out, size_t *count)
{
    struct xid_range *missing = calloc(c->count + 1, sizeof *missing);
    uint64_t from = c->xmin;
    size_t n = 0;
    if (!missing)
        return PTRD_ENOMEM;
    for (size_t i = 0; i < c->count; i++) {
        if (c->applied[i].first > from)
            missing[n++] = (struct xid_range){from, c->applied[i].first - 1};
        from = c->applied[i].last + 1;
    }
    missing[n++] = (struct xid_range){from, UINT64_MAX};
    *out = missing;
    *count = n;
    return 0;
}

int cursor_advance(const struct cursor *c, const struct pg_state *state, const uint64_t *xids,
                   size_t count, struct cursor *next)
{
    take_history(next, state);
    /* A standby behind the server that was read before knows less: what had ended stays so. */
    bool behind = state->xmin < c->xmin;
    next->xmin = behind ? c->xmin : state->xmin;
    int err = state->standby || behind ? add_known(next, c, xids, count) : add_seen(next, state);
    if (err)
        cursor_done(next);
    return err;
}

bool cursor_equal(const struct cursor *a, const struct cursor *b)
{
    return a->system_id == b->system_id && a->timeline == b->timeline &&
           a->database == b->database && a->xmin == b->xmin && a->count == b->count &&
           (a->count == 0 || memcmp(a->applied, b->applied, a->count * sizeof *a->applied) == 0);
}

/* --- in the store: numbers of eight octets, big endian --- */

#define CURSOR_VERSION 1
#define HEAD 5 /* numbers before the runs */

static int reserve(struct store_buf *b, size_t len)
{
    if (b->capacity < len) {
        uint8_t *grown = realloc(b->bytes, len);
        if (!grown)
            return PTRD_ENOMEM;
        b->bytes = grown;
        b->capacity = len;
    }
    b->len = len;
    return 0;
}

static void put(uint8_t *at, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        at[i] = (uint8_t)(value >> (56 - 8 * i));
}

static uint64_t get(const uint8_t *at)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++)
        value = value << 8 | at[i];
    return value;
}

int cursor_write(const struct cursor *c, struct store_buf *out)
{
    const uint64_t head[HEAD] = {CURSOR_VERSION, c->system_id, c->timeline, c->database, c->xmin};
    int err = reserve(out, (HEAD + 2 * c->count) * 8);
    if (err)
        return err;
    for (size_t i = 0; i < HEAD; i++)
        put(out->bytes + 8 * i, head[i]);
    for (size_t i = 0; i < c->count; i++) {
        put(out->bytes + 8 * (HEAD + 2 * i), c->applied[i].first);
        put(out->bytes + 8 * (HEAD + 2 * i + 1), c->applied[i].last);
    }
    return 0;
}

int cursor_read(struct span value, struct cursor *out)
{
    cursor_done(out);
    if (value.len < HEAD * 8 || (value.len / 8 - HEAD) % 2 || value.len % 8 ||
        get(value.bytes) != CURSOR_VERSION)
        return PTRD_ECORRUPT;
    out->system_id = get(value.bytes + 8);
    out->timeline = (uint32_t)get(value.bytes + 16);
    out->database = (uint32_t)get(value.bytes + 24);
    out->xmin = get(value.bytes + 32);
    int err = 0;
    uint64_t least = out->xmin; /* behind the run before, with a gap */
    for (size_t at = HEAD * 8; !err && at < value.len; at += 16) {
        uint64_t first = get(value.bytes + at), last = get(value.bytes + at + 8);
        err = first < least || last < first || last >= UINT64_MAX - 1 ? PTRD_ECORRUPT
                                                                      : add_run(out, first, last);
        least = last + 2;
    }
    if (err)
        cursor_done(out);
    return err;
}
