#include "ptrd/resolve/snapshot.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A table and the generation that it was built from; freed when the last holder lets go. */
struct held {
    atomic_uint holders;
    struct table *table;
    uint64_t environment, structure;
};

struct engine {
    struct store *store;
    pthread_mutex_t lock; /* guards current and the building of tables */
    struct held *current;
};

static void let_go(struct held *h)
{
    if (h && atomic_fetch_sub(&h->holders, 1) == 1) {
        table_free(h->table);
        free(h);
    }
}

/* --- building a table from the store ---------------------------------------------------------- */

static int read_zone(struct store_reader *r, struct table_builder *b, struct span key,
                     struct span value)
{
    struct store_zone zone;
    struct store_zone_id id;
    struct name apex;
    struct span id_value;
    int err = name_from_key(key.bytes, key.len, &apex);
    if (err == 0)
        err = store_read_zone(value, &zone);
    if (err < 0)
        return err;
    int found = store_get(r, STORE_ZONE_IDS, key, &id_value);
    if (found != PTRD_FOUND)
        return found < 0 ? found : PTRD_ECORRUPT;
    err = store_read_zone_id(id_value, &id);
    return err < 0 ? err : table_add_zone(b, &apex, id.id, zone.forward_auto, 0);
}

/* Texts in the store are not terminated. */
struct block_text {
    char text[TEMPLATE_TEXT_MAX + 1];
    char vars[2 * STORE_VARS_MAX][256];
    struct template_var list[STORE_VARS_MAX];
};

static int copy_text(struct span from, char *to, size_t size)
{
    if (from.len >= size || memchr(from.bytes, '\0', from.len))
        return PTRD_ECORRUPT;
    memcpy(to, from.bytes, from.len);
    to[from.len] = '\0';
    return 0;
}

static int read_block(struct table_builder *b, struct span key, struct span value)
{
    struct store_block block;
    struct block_text t;
    int err = store_read_block(key, value, &block);
    if (err == 0)
        err = copy_text(block.text, t.text, sizeof t.text);
    for (unsigned i = 0; err == 0 && i < block.var_count; i++) {
        err = copy_text(block.vars[i].name, t.vars[2 * i], sizeof t.vars[0]);
        if (err == 0)
            err = copy_text(block.vars[i].value, t.vars[2 * i + 1], sizeof t.vars[0]);
        t.list[i] = (struct template_var){.name = t.vars[2 * i], .value = t.vars[2 * i + 1]};
    }
    if (err < 0)
        return err;
    return table_add_block(b, &block.range, block.text.len ? t.text : NULL, t.list, block.var_count,
                           block.ttl_s, block.flags, 0, NULL);
}

static int read_all(struct store_reader *r, struct table_builder *b)
{
    struct span key = {.bytes = (const uint8_t *)"", .len = 0}, value;
    int found = store_seek(r, STORE_ZONES, key, &key, &value);
    while (found == PTRD_FOUND) {
        int err = read_zone(r, b, key, value);
        if (err < 0)
            return err;
        found = store_next(r, STORE_ZONES, &key, &value);
    }
    if (found < 0)
        return found;
    key = (struct span){.bytes = (const uint8_t *)"", .len = 0};
    found = store_seek(r, STORE_BLOCKS, key, &key, &value);
    while (found == PTRD_FOUND) {
        int err = read_block(b, key, value);
        if (err < 0)
            return err;
        found = store_next(r, STORE_BLOCKS, &key, &value);
    }
    return found;
}

static int build(struct store_reader *r, struct held **out)
{
    struct table_builder *b = NULL;
    struct held *h = calloc(1, sizeof *h);
    int err = h ? table_builder_new(&b) : PTRD_ENOMEM;
    if (err == 0)
        err = read_all(r, b);
    if (err == 0)
        err = table_finish(b, &h->table, NULL, NULL);
    table_builder_free(b);
    if (err < 0) {
        free(h);
        return err;
    }
    *out = h;
    return 0;
}

/* --- the engine ------------------------------------------------------------------------------- */

int engine_open(const char *dir, struct engine **out, struct diag *diag)
{
    struct engine *e = calloc(1, sizeof *e);
    struct snapshot first;
    if (!e)
        return diag_set(diag, PTRD_ENOMEM, "out of memory");
    pthread_mutex_init(&e->lock, NULL);
    int err = store_open(dir, STORE_OPEN_READ, &e->store, diag);
    if (err < 0) {
        pthread_mutex_destroy(&e->lock);
        free(e);
        return err;
    }
    err = snapshot_init(&first, e);
    if (err == 0) {
        err = snapshot_begin(&first);
        if (err == 0)
            snapshot_end(&first);
        snapshot_done(&first);
    }
    if (err < 0) {
        engine_close(e);
        return diag_set(diag, err, "%s: %s", dir, ptrd_strerror(err));
    }
    *out = e;
    return 0;
}

void engine_close(struct engine *e)
{
    if (!e)
        return;
    let_go(e->current);
    store_close(e->store);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

struct store *engine_store(struct engine *e)
{
    return e->store;
}

/* --- snapshots -------------------------------------------------------------------------------- */

int snapshot_init(struct snapshot *s, struct engine *e)
{
    *s = (struct snapshot){.engine = e};
    return store_reader_new(e->store, &s->reader);
}

void snapshot_done(struct snapshot *s)
{
    let_go(s->held);
    store_reader_free(s->reader);
    *s = (struct snapshot){.engine = NULL};
}

static bool fits(const struct held *h, const struct snapshot *s)
{
    return h && h->structure == s->meta.structure &&
           h->environment == store_reader_environment(s->reader);
}

/* Makes s->held the table of s's transaction: the current one, or one built now. */
static int hold_table(struct snapshot *s)
{
    struct engine *e = s->engine;
    int err = 0;
    pthread_mutex_lock(&e->lock);
    if (!fits(e->current, s)) {
        struct held *fresh = NULL;
        err = build(s->reader, &fresh);
        if (err == 0) {
            fresh->holders = 1;
            fresh->structure = s->meta.structure;
            fresh->environment = store_reader_environment(s->reader);
            let_go(e->current);
            e->current = fresh;
        }
    }
    if (err == 0) {
        let_go(s->held);
        s->held = e->current;
        atomic_fetch_add(&e->current->holders, 1);
    }
    pthread_mutex_unlock(&e->lock);
    return err;
}

int snapshot_begin(struct snapshot *s)
{
    int err = store_read_begin(s->reader, &s->meta);
    if (err < 0)
        return err;
    if (!fits(s->held, s)) {
        err = hold_table(s);
        if (err < 0) {
            store_read_end(s->reader);
            return err;
        }
    }
    s->table = ((const struct held *)s->held)->table;
    return 0;
}

void snapshot_end(struct snapshot *s)
{
    store_read_end(s->reader);
    s->table = NULL;
}
