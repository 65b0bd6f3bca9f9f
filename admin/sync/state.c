#include "sync_p.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PTR_RELATION 0x80
#define KEY_MAX 32

struct key {
    uint8_t bytes[KEY_MAX];
    size_t len;
};

static struct span key_span(const struct key *k)
{
    return (struct span){k->bytes, k->len};
}

static void put_number(struct key *k, uint64_t value, unsigned octets)
{
    for (unsigned i = octets; i > 0; i--)
        k->bytes[k->len++] = (uint8_t)(value >> (8 * (i - 1)));
}

static struct key entry_key(char kind, const struct pg_entry *e)
{
    struct key k = {.bytes = {(uint8_t)kind, (uint8_t)e->relation}, .len = 2};
    put_number(&k, strtoull(e->id, NULL, 10), 8);
    return k;
}

static struct key addr_key(const struct addr *addr)
{
    struct key k = {.bytes = {'Q', PTR_RELATION, (uint8_t)addr->family}, .len = 3};
    put_number(&k, (uint64_t)(addr->num >> 64), 8);
    put_number(&k, (uint64_t)addr->num, 8);
    return k;
}

static const struct key cursor_key = {.bytes = {'C'}, .len = 1};

static struct span text_span(const char *text)
{
    return (struct span){(const uint8_t *)text, strlen(text)};
}

/* --- cursor ----------------------------------------------------------------------------------- */

int state_put_cursor(struct store_writer *w, const struct cursor *c)
{
    struct store_buf value = {0};
    int err = cursor_write(c, &value);
    if (!err)
        err =
            store_put(w, STORE_SYNC, key_span(&cursor_key), (struct span){value.bytes, value.len});
    store_buf_done(&value);
    return err;
}

int state_read_cursor(struct store *s, struct cursor *c)
{
    struct store_reader *r = NULL;
    struct store_meta meta;
    struct span value;
    cursor_done(c);
    int err = store_reader_new(s, &r);
    if (!err)
        err = store_read_begin(r, &meta);
    if (!err && meta.source == SOURCE_POSTGRES) {
        int found = store_get(r, STORE_SYNC, key_span(&cursor_key), &value);
        err = found == PTRD_FOUND ? cursor_read(value, c) : found;
    }
    store_reader_free(r);
    return err;
}

int state_check_cursor(struct sync *s, struct store_writer *w)
{
    struct cursor is = {.applied = NULL};
    struct span value;
    int found = store_writer_get(w, STORE_SYNC, key_span(&cursor_key), &value);
    int err = found == PTRD_FOUND ? cursor_read(value, &is) : found;
    bool same = found == PTRD_FOUND && !err && cursor_equal(&is, &s->cursor);
    cursor_done(&is);
    if (err < 0 || same)
        return err < 0 ? err : 0;
    s->follows = false;
    return PTRD_EBUSY;
}

/* --- forms ------------------------------------------------------------------------------------ */

static int read_form(struct store_reader *r, struct pg_entries *e, struct pg_entry *entry)
{
    struct key k = entry_key('F', entry);
    struct span value;
    int found = store_get(r, STORE_SYNC, key_span(&k), &value);
    if (found != PTRD_FOUND)
        return found;
    entry->valid = arena_strndup(&e->arena, (const char *)value.bytes, value.len);
    return entry->valid ? 0 : PTRD_ENOMEM;
}

int state_read_forms(struct store *s, struct pg_entries *e)
{
    struct store_reader *r = NULL;
    struct store_meta meta;
    int err = store_reader_new(s, &r);
    if (!err)
        err = store_read_begin(r, &meta);
    for (size_t i = 0; !err && meta.source == SOURCE_POSTGRES && i < e->count; i++)
        err = read_form(r, e, &e->items[i]);
    store_reader_free(r);
    return err;
}

/* --- quarantined overrides -------------------------------------------------------------------- */

int bad_ptrs_add(struct bad_ptrs *b, const struct pg_ptr *row, const char *reason)
{
    if (b->count == QUARANTINED_MAX) {
        b->more++;
        return 0;
    }
    if (b->count == b->capacity) {
        size_t capacity = b->capacity ? b->capacity * 2 : 16;
        struct bad_ptr *grown = realloc(b->items, capacity * sizeof *grown);
        if (!grown)
            return PTRD_ENOMEM;
        b->items = grown;
        b->capacity = capacity;
    }
    struct bad_ptr *p = &b->items[b->count];
    *p = (struct bad_ptr){.addr = row->addr,
                          .target = strndup((const char *)row->target.bytes, row->target.len),
                          .reason = strdup(reason)};
    b->count++;
    return p->target && p->reason ? 0 : PTRD_ENOMEM;
}

void bad_ptrs_done(struct bad_ptrs *b)
{
    for (size_t i = 0; i < b->count; i++) {
        free(b->items[i].target);
        free(b->items[i].reason);
    }
    free(b->items);
    *b = (struct bad_ptrs){.items = NULL};
}

static int by_address(const void *a, const void *b)
{
    const struct bad_ptr *x = a, *y = b;
    int order = addr_compare(&x->addr, &y->addr);
    return order ? order : strcmp(x->target, y->target);
}

static int bad_value(const struct bad_ptr *bad, struct store_buf *value)
{
    char addr[ADDR_TEXT_SIZE], *text;
    addr_print(&bad->addr, addr);
    if (asprintf(&text, "%s %s", addr, bad->target) < 0)
        return PTRD_ENOMEM;
    const struct span parts[3] = {text_span("ptr"), text_span(text), text_span(bad->reason)};
    int err = store_write_strings(parts, 3, value);
    free(text);
    return err;
}

/* --- the whole table -------------------------------------------------------------------------- */

struct rows {
    const struct cursor *cursor;
    const struct pg_entries *e;
    struct bad_ptrs *bad;
    unsigned part; /* cursor, forms, quarantined entries, quarantined overrides */
    size_t at;
    uint32_t same; /* overrides of this address before */
    struct key key;
    struct store_buf value;
};

static int form_row(struct rows *r, const struct pg_entry *e)
{
    const char *text = e->form == PG_AS_IS ? e->text : e->valid;
    if (!text)
        return PTRD_ABSENT;
    r->key = entry_key('F', e);
    r->value.len = 0;
    struct span content = text_span(text);
    /* the text itself: in the arena of the entries, like nothing else of these rows */
    store_buf_done(&r->value);
    r->value.bytes = malloc(content.len + 1);
    if (!r->value.bytes)
        return PTRD_ENOMEM;
    memcpy(r->value.bytes, content.bytes, content.len);
    r->value.len = content.len;
    r->value.capacity = content.len + 1;
    return PTRD_FOUND;
}

static int quarantine_row(struct rows *r, const struct pg_entry *e)
{
    if (!e->reason)
        return PTRD_ABSENT;
    const struct span parts[3] = {text_span(pg_relation_name(e->relation)), text_span(e->key),
                                  text_span(e->reason)};
    r->key = entry_key('Q', e);
    int err = store_write_strings(parts, 3, &r->value);
    return err ? err : PTRD_FOUND;
}

static int bad_row(struct rows *r)
{
    const struct bad_ptr *bad = &r->bad->items[r->at];
    bool again = r->at > 0 && addr_compare(&bad[-1].addr, &bad->addr) == 0;
    r->same = again ? r->same + 1 : 0;
    r->key = addr_key(&bad->addr);
    put_number(&r->key, r->same, 4);
    int err = bad_value(bad, &r->value);
    return err ? err : PTRD_FOUND;
}

static int row_of_part(struct rows *r)
{
    switch (r->part) {
    case 0:
        r->key = cursor_key;
        int err = cursor_write(r->cursor, &r->value);
        return err ? err : PTRD_FOUND;
    case 1:
        return form_row(r, &r->e->items[r->at]);
    case 2:
        return quarantine_row(r, &r->e->items[r->at]);
    default:
        return bad_row(r);
    }
}

static int next_row(void *ctx, struct span *key, struct span *value)
{
    struct rows *r = ctx;
    for (;;) {
        const size_t counts[] = {1, r->e->count, r->e->count, r->bad->count};
        if (r->part == 4)
            return PTRD_ABSENT;
        if (r->at == counts[r->part]) {
            r->part++;
            r->at = 0;
            continue;
        }
        int found = row_of_part(r);
        r->at++;
        if (found == PTRD_ABSENT)
            continue;
        *key = key_span(&r->key);
        *value = (struct span){r->value.bytes, r->value.len};
        return found;
    }
}

int state_write(struct store_writer *w, const struct cursor *c, const struct pg_entries *e,
                struct bad_ptrs *bad)
{
    struct rows rows = {.cursor = c, .e = e, .bad = bad};
    if (bad->count)
        qsort(bad->items, bad->count, sizeof *bad->items, by_address);
    int err =
        store_write_table(w, STORE_SYNC, &(struct store_stream){.next = next_row, .ctx = &rows});
    store_buf_done(&rows.value);
    return err;
}

/* As bad_value wrote it: address, blank, target; and the reason. */
static int read_bad(struct span key, struct span value, struct bad_ptrs *b)
{
    struct pg_ptr row = {.addr = {.family = (enum family)key.bytes[2]}};
    struct span parts[3];
    size_t at = 0;
    for (unsigned i = 0; i < 16; i++)
        row.addr.num = row.addr.num << 8 | key.bytes[3 + i];
    for (unsigned i = 0; i < 3; i++)
        if (store_next_string(value, &at, &parts[i]) != PTRD_FOUND)
            return PTRD_ECORRUPT;
    const uint8_t *blank = memchr(parts[1].bytes, ' ', parts[1].len);
    char *reason = strndup((const char *)parts[2].bytes, parts[2].len);
    if (!blank || !reason) {
        free(reason);
        return blank ? PTRD_ENOMEM : PTRD_ECORRUPT;
    }
    row.target = (struct span){blank + 1, (size_t)(parts[1].bytes + parts[1].len - blank - 1)};
    int err = bad_ptrs_add(b, &row, reason);
    free(reason);
    return err;
}

int state_read_bad(struct store_writer *w, struct bad_ptrs *b)
{
    static const uint8_t first[] = {'Q', PTR_RELATION};
    struct span key, value;
    int found = store_writer_seek(w, STORE_SYNC, (struct span){first, 2}, &key, &value);
    while (found == PTRD_FOUND && key.len == 3 + 16 + 4 && memcmp(key.bytes, first, 2) == 0) {
        int err = read_bad(key, value, b);
        if (err)
            return err;
        found = store_writer_next(w, STORE_SYNC, &key, &value);
    }
    return found < 0 ? found : 0;
}

/* --- one address ------------------------------------------------------------------------------ */

static int delete_bad(struct store_writer *w, const struct key *prefix, bool *changed)
{
    struct span key, value;
    for (;;) {
        int found = store_writer_seek(w, STORE_SYNC, key_span(prefix), &key, &value);
        if (found != PTRD_FOUND || key.len != prefix->len + 4 ||
            memcmp(key.bytes, prefix->bytes, prefix->len) != 0)
            return found < 0 ? found : 0;
        struct key own = {.len = key.len};
        memcpy(own.bytes, key.bytes, key.len);
        *changed = true;
        int err = store_delete(w, STORE_SYNC, key_span(&own));
        if (err < 0)
            return err;
    }
}

int state_put_bad(struct store_writer *w, const struct addr *addr, const struct bad_ptr *bad,
                  size_t count, bool *changed)
{
    const struct key prefix = addr_key(addr);
    struct store_buf value = {0};
    int err = delete_bad(w, &prefix, changed);
    for (size_t i = 0; !err && i < count; i++) {
        struct key key = prefix;
        put_number(&key, i, 4);
        *changed = true;
        err = bad_value(&bad[i], &value);
        if (!err)
            err = store_put(w, STORE_SYNC, key_span(&key), (struct span){value.bytes, value.len});
    }
    store_buf_done(&value);
    return err;
}

/* --- for the database ------------------------------------------------------------------------- */

static int read_quarantined(struct span value, struct arena *a, struct pg_quarantined *out)
{
    const char **const parts[3] = {&out->relation, &out->key, &out->reason};
    struct span item;
    size_t at = 0;
    for (unsigned i = 0; i < 3; i++) {
        int found = store_next_string(value, &at, &item);
        if (found != PTRD_FOUND)
            return found < 0 ? found : PTRD_ECORRUPT;
        *parts[i] = arena_strndup(a, (const char *)item.bytes, item.len);
        if (!*parts[i])
            return PTRD_ENOMEM;
    }
    return 0;
}

static int read_all(struct store_reader *r, struct arena *a, struct pg_quarantined **out,
                    size_t *count)
{
    static const uint8_t first[] = {'Q'};
    struct span key, value;
    size_t capacity = 0;
    int found = store_seek(r, STORE_SYNC, (struct span){first, 1}, &key, &value);
    for (; found == PTRD_FOUND && key.len > 1 && key.bytes[0] == 'Q';
         found = store_next(r, STORE_SYNC, &key, &value)) {
        if (*count == capacity) {
            capacity = capacity ? capacity * 2 : 64;
            struct pg_quarantined *grown = realloc(*out, capacity * sizeof *grown);
            if (!grown)
                return PTRD_ENOMEM;
            *out = grown;
        }
        int err = read_quarantined(value, a, &(*out)[*count]);
        if (err)
            return err;
        ++*count;
    }
    return found < 0 ? found : 0;
}

int state_report(struct store *store, struct pg *pg, const char *node, struct diag *diag)
{
    struct store_reader *r = NULL;
    struct store_meta meta;
    struct arena arena = {NULL};
    struct pg_quarantined *rows = NULL;
    size_t count = 0;
    int err = store_reader_new(store, &r);
    if (!err)
        err = store_read_begin(r, &meta);
    if (!err)
        err = read_all(r, &arena, &rows, &count);
    store_reader_free(r);
    if (err)
        (void)diag_set(diag, err, "cannot read the quarantine: %s", ptrd_strerror(err));
    else
        err = pg_report_quarantine(pg, node, rows, count, diag);
    free(rows);
    arena_free(&arena);
    return err;
}
