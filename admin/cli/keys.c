/* DNSSEC keys, where they matter to other commands. */
#include "cli.h"
#include "ptrd/core/rrtype.h"

#include <stdio.h>
#include <string.h>

int cli_keys_count(struct store *s, uint64_t *count, struct diag *diag)
{
    struct store_reader *r = NULL;
    struct store_meta meta;
    struct span key, value;
    uint64_t n = 0;
    int found = store_reader_new(s, &r);
    if (found == 0)
        found = store_read_begin(r, &meta);
    if (found == 0)
        found = store_seek(r, STORE_KEYS, (struct span){0}, &key, &value);
    for (; found == PTRD_FOUND; n++)
        found = store_next(r, STORE_KEYS, &key, &value);
    store_reader_free(r);
    if (found < 0)
        return diag_set(diag, found, "keys of the store: %s", ptrd_strerror(found));
    *count = n;
    return 0;
}

/* --- DS sets that differ ---------------------------------------------------------------------- */

struct comparison {
    struct snapshot s;
    struct answer shown, of_keys;
    uint64_t warnings;
};

static bool contains(const struct answer *a, const struct row *wanted)
{
    for (uint32_t i = 0; i < a->count; i++) {
        const struct span *b = &a->rows[i].bytes;
        if (b->len == wanted->bytes.len && memcmp(b->bytes, wanted->bytes.bytes, b->len) == 0)
            return true;
    }
    return false;
}

static bool same_set(const struct answer *a, const struct answer *b)
{
    bool same = a->count == b->count;
    for (uint32_t i = 0; same && i < a->count; i++)
        same = contains(b, &a->rows[i]);
    return same;
}

/* Where nothing explicit stands the two are the same. */
static int compare(struct comparison *c, const struct zone *zone)
{
    char apex[NAME_TEXT_SIZE], above[NAME_TEXT_SIZE];
    const struct zone *parent = &c->s.table->zones[zone->parent];
    struct question q = {.name = zone->apex, .type = RRTYPE_DS, .zone_id = parent->id};
    c->of_keys.count = 0;
    int err = resolve(&c->s, &q, &c->shown);
    int found = err < 0 ? err : resolve_key_ds(&c->s, zone, 0, &c->of_keys);
    if (found != PTRD_FOUND || c->shown.count == 0 || same_set(&c->shown, &c->of_keys))
        return found < 0 ? found : 0;
    name_print(&zone->apex, apex);
    name_print(&parent->apex, above);
    printf("warning: %s: the explicit DS records above it, in %s, are not those of its keys, which "
           "would stand there without them\n",
           apex, above);
    c->warnings++;
    return 0;
}

static int compare_all(struct comparison *c)
{
    int err = snapshot_begin(&c->s);
    if (err < 0)
        return err;
    for (uint32_t i = 0; err == 0 && i < c->s.table->zone_count; i++)
        if (c->s.table->zones[i].parent != TABLE_NONE)
            err = compare(c, &c->s.table->zones[i]);
    snapshot_end(&c->s);
    return err;
}

int cli_keys_report(const char *db, uint64_t *warnings, struct diag *diag)
{
    struct comparison c = {.warnings = 0};
    struct engine *e;
    int err = engine_open(db, &e, diag);
    if (err < 0)
        return err;
    answer_init(&c.shown);
    answer_init(&c.of_keys);
    err = snapshot_init(&c.s, e);
    if (err == 0) {
        err = compare_all(&c);
        snapshot_done(&c.s);
    }
    answer_done(&c.shown);
    answer_done(&c.of_keys);
    engine_close(e);
    *warnings += c.warnings;
    return err < 0 ? diag_set(diag, err, "keys of %s: %s", db, ptrd_strerror(err)) : 0;
}
