#include "edit_p.h"

#include <string.h>

/* --- listing ---------------------------------------------------------------------------------- */

struct listing {
    struct snapshot *s;
    edit_local_fn *fn;
    void *ctx;
    struct arena scratch;
};

/* Rows of records and of what is kept above are walked side by side, by key: in canonical order. */
static const enum store_table named[] = {STORE_LOCAL_RECORDS, STORE_LOCAL_ABOVE};

#define KEY_SIZE 512
struct row_at {
    int found; /* PTRD_FOUND, PTRD_ABSENT, or an error */
    size_t len;
    uint8_t key[KEY_SIZE + 1];
};

static void row_seek(struct store_reader *r, enum store_table table, struct row_at *at)
{
    struct span key, value;
    at->found = store_seek(r, table, (struct span){at->key, at->len}, &key, &value);
    if (at->found == PTRD_FOUND && key.len > KEY_SIZE)
        at->found = PTRD_ECORRUPT;
    if (at->found != PTRD_FOUND)
        return;
    memcpy(at->key, key.bytes, key.len);
    at->len = key.len;
}

/* Behind the row: its key and an octet more. */
static void row_after(struct store_reader *r, enum store_table table, struct row_at *at)
{
    at->key[at->len++] = 0;
    row_seek(r, table, at);
}

static struct span row_key(const struct row_at *at)
{
    return (struct span){at->key, at->len};
}

static int names_to_text(struct listing *l, struct set *set)
{
    for (unsigned i = 0; i < set->count; i++) {
        struct name name;
        char text[NAME_TEXT_SIZE + 1];
        int err = name_from_wire(set->items[i].bytes, set->items[i].len, &name);
        if (err < 0)
            return err;
        size_t len = name_print(&name, text);
        if (name.len > 1)
            text[len++] = '.';
        const char *copy = arena_strndup(&l->scratch, text, len);
        if (!copy)
            return PTRD_ENOMEM;
        set->items[i] = (struct span){(const uint8_t *)copy, len};
    }
    return 0;
}

static int list_row(struct listing *l, enum store_table table, struct span key)
{
    struct store_reader *r = l->s->reader;
    struct place_kept p;
    struct set set;
    struct span value;
    int err = place_of_key(l->s->table, table, key, &p);
    if (err < 0)
        return err;
    int found = set_read(&l->scratch, table, r, key, &set);
    int hides = found < 0 ? found : store_get(r, p.source, key, &value);
    if (hides < 0)
        return hides;
    bool soa = table == STORE_LOCAL_RECORDS && p.type == RRTYPE_SOA;
    if (table == STORE_LOCAL_PTRS)
        err = names_to_text(l, &set);
    else if (soa && set.count && p.zone)
        err = soa_with_serial(&l->scratch, r, &p.owner, &set.items[0]);
    if (err < 0)
        return err;
    struct edit_local local = {.owner = p.owner,
                               .type = p.type,
                               .ttl_s = set.ttl_s,
                               .tombstone = set.count == 0,
                               .above = table == STORE_LOCAL_ABOVE,
                               .hides = hides == PTRD_FOUND || (soa && p.zone),
                               .contents = set.items,
                               .count = set.count};
    return l->fn(l->ctx, &local);
}

static int list_step(struct listing *l, enum store_table table, struct row_at *at)
{
    int err = list_row(l, table, row_key(at));
    arena_free(&l->scratch);
    row_after(l->s->reader, table, at);
    return err;
}

static int compare_rows(const struct row_at *a, const struct row_at *b)
{
    int order = memcmp(a->key, b->key, a->len < b->len ? a->len : b->len);
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

int edit_list_local(struct snapshot *s, edit_local_fn *fn, void *ctx)
{
    struct listing l = {.s = s, .fn = fn, .ctx = ctx};
    struct row_at at[2] = {{.len = 0}, {.len = 0}}, ptr = {.len = 0};
    int err = 0;
    for (unsigned i = 0; i < 2; i++)
        row_seek(s->reader, named[i], &at[i]);
    while (err == 0 && at[0].found >= 0 && at[1].found >= 0 && (at[0].found || at[1].found)) {
        unsigned i = !at[0].found || (at[1].found && compare_rows(&at[1], &at[0]) < 0);
        err = list_step(&l, named[i], &at[i]);
    }
    if (err == 0)
        err = at[0].found < 0 ? at[0].found : at[1].found;
    if (err < 0)
        return err;
    row_seek(s->reader, STORE_LOCAL_PTRS, &ptr);
    for (err = 0; err == 0 && ptr.found == PTRD_FOUND;)
        err = list_step(&l, STORE_LOCAL_PTRS, &ptr);
    return err < 0 ? err : ptr.found;
}

/* --- taking back ------------------------------------------------------------------------------ */

struct drop {
    struct edit *e;
    enum store_table table;
    uint16_t type; /* RRTYPE_ANY: all */
    int count;
};

static int drop_row(void *ctx, struct span key, struct span value)
{
    struct drop *d = ctx;
    struct place_kept p;
    (void)value;
    int err = place_of_key(d->e->before, d->table, key, &p);
    if (err < 0 || (d->type != RRTYPE_ANY && d->type != p.type))
        return err;
    d->count++;
    return row_delete(d->e, d->table, key);
}

static int drop_table(struct drop *d, enum store_table table, struct span prefix)
{
    d->table = table;
    return rows_each(d->e->reader, table, prefix, drop_row, d);
}

static int drop_all(struct drop *d)
{
    static const enum store_table tables[] = {STORE_LOCAL_RECORDS, STORE_LOCAL_ABOVE,
                                              STORE_LOCAL_PTRS};
    int err = 0;
    for (unsigned i = 0; err == 0 && i < 3; i++)
        err = drop_table(d, tables[i], (struct span){(const uint8_t *)"", 0});
    return err;
}

static int drop_name(struct drop *d, const struct name *owner)
{
    const struct table *t = d->e->before;
    struct store_buf key = {0};
    struct addr addr;
    int err = store_key_rrset(owner, 0, &key);
    struct span prefix = {key.bytes, key.len - 2}; /* without the type */
    for (unsigned i = 0; err == 0 && i < 2; i++)
        err = drop_table(d, named[i], prefix);
    if (err == 0 && place_is_ptr(t, table_zone_for(t, owner), owner, &addr)) {
        err = store_key_addr(&addr, &key);
        if (err == 0)
            err = drop_table(d, STORE_LOCAL_PTRS, buf_span(&key));
    }
    store_buf_done(&key);
    return err;
}

int edit_drop_local(struct edit *e, const struct name *owner, uint16_t type, struct diag *diag)
{
    struct drop d = {.e = e, .type = owner ? type : RRTYPE_ANY};
    int err = edit_enter(e, diag);
    if (err == 0)
        err = owner ? drop_name(&d, owner) : drop_all(&d);
    err = edit_end(e, err, diag);
    return err < 0 ? err : d.count;
}
