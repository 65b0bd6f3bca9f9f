#include "edit_p.h"
#include "ptrd/resolve/metadata.h"

#include <stdlib.h>
#include <string.h>

/* What a transaction may write without running out of map: a zone of some 100,000 records fed. A
 * larger one is refused when the map is full; the map grows then, so the next try goes further. */
#define RESERVE ((size_t)16 << 20)

/* --- begin and end ---------------------------------------------------------------------------- */

/* Ends everything but the writer. */
static void let_go(struct edit *e)
{
    if (e->snapshot.engine)
        snapshot_done(&e->snapshot);
    store_reader_free(e->reader);
    if (e->committed)
        store_read_end(e->committed);
    store_reader_free(e->committed);
    table_free(e->rebuilt);
    free(e->zones);
    free(e->touched);
    arena_free(&e->arena);
    arena_free(&e->scratch);
    store_buf_done(&e->key);
    store_buf_done(&e->value);
    free(e);
}

void edit_abort(struct edit *e)
{
    if (!e)
        return;
    struct store_writer *w = e->w;
    let_go(e);
    store_write_abort(w);
}

/* The state before, read beside the writer: nobody else can commit while it holds its lock. */
static int open_committed(struct edit *e, struct store *s)
{
    struct store_meta meta;
    int err = store_reader_new(s, &e->committed);
    if (err == 0)
        err = store_read_begin(e->committed, &meta);
    if (err == 0 && (meta.data != e->meta.data ||
                     store_reader_environment(e->committed) != store_reader_environment(e->reader)))
        err = PTRD_EBUSY; /* the store was exchanged at this moment */
    return err;
}

static int open_views(struct edit *e, struct engine *engine)
{
    int err = store_reader_of_writer(e->w, &e->reader);
    if (err == 0)
        err = open_committed(e, engine_store(engine));
    if (err == 0)
        err = snapshot_init_writer(&e->snapshot, engine, e->reader);
    if (err < 0)
        return err;
    e->before = e->after = e->snapshot.table;
    e->zones = calloc(e->before->zone_count + 1u, 1);
    return e->zones ? 0 : PTRD_ENOMEM;
}

int edit_begin(struct engine *engine, unsigned wait_ms, struct edit **out, struct diag *diag)
{
    struct edit *e = calloc(1, sizeof *e);
    if (!e)
        return diag_set(diag, PTRD_ENOMEM, "%s", ptrd_strerror(PTRD_ENOMEM));
    struct store *s = engine_store(engine);
    int err = store_write_reserve(s, RESERVE);
    if (err == 0)
        err = store_write_begin(s, wait_ms, &e->w, &e->meta, diag);
    if (err < 0) {
        free(e);
        return err;
    }
    err = open_views(e, engine);
    if (err < 0) {
        edit_abort(e);
        return diag_set(diag, err, "cannot begin an edit: %s", ptrd_strerror(err));
    }
    *out = e;
    return 0;
}

struct snapshot *edit_snapshot(struct edit *e)
{
    return &e->snapshot;
}

int edit_enter(struct edit *e, struct diag *diag)
{
    diag->message[0] = '\0';
    if (!e->refused)
        return 0;
    *diag = e->why;
    return e->refused;
}

int edit_end(struct edit *e, int err, struct diag *diag)
{
    arena_free(&e->scratch);
    if (err >= 0)
        return err;
    if (err == PTRD_ESPACE)
        (void)diag_set(diag, err,
                       "the store has no room for so large a change; it grows, try again");
    else if (!diag->message[0])
        (void)diag_set(diag, err, "cannot write the change: %s", ptrd_strerror(err));
    if (!e->refused) {
        e->refused = err;
        e->why = *diag;
    }
    return err;
}

/* --- commit ----------------------------------------------------------------------------------- */

static int touch_target(void *ctx, const struct name *target)
{
    return touch_name(ctx, target);
}

/* A row of keys, or of metadata that answers depend on: PTRD_FOUND with its zone's id. */
static int row_zone_id(const struct touched *row, uint32_t *zone_id)
{
    struct span kind;
    uint32_t key_id;
    int err;
    if (row->table == STORE_KEYS) {
        err = store_read_key_key(touched_key(row), zone_id, &key_id);
        return err < 0 ? err : PTRD_FOUND;
    }
    if (row->table != STORE_LOCAL_METADATA)
        return PTRD_ABSENT;
    err = store_read_key_metadata(touched_key(row), zone_id, &kind);
    return err < 0 ? err : resolve_metadata_answers(kind) ? PTRD_FOUND : PTRD_ABSENT;
}

static int touch_zones(struct edit *e, struct touch *touch)
{
    for (size_t i = 0; i < e->touched_count; i++) {
        uint32_t zone_id;
        int err = row_zone_id(e->touched[i], &zone_id);
        const struct zone *zone = err == PTRD_FOUND ? table_zone_by_id(e->before, zone_id) : NULL;
        if (zone)
            err = touch_zone(touch, zone);
        if (err < 0)
            return err;
    }
    return 0;
}

static int touch_rows(struct edit *e, struct touch *touch)
{
    for (size_t i = 0; i < e->touched_count; i++) {
        struct place_kept p;
        enum store_table table = e->touched[i]->table;
        if (table != STORE_LOCAL_RECORDS && table != STORE_LOCAL_PTRS && table != STORE_LOCAL_ABOVE)
            continue;
        if (touched_same_name(e, i))
            continue;
        int err = place_of_key(e->before, table, touched_key(e->touched[i]), &p);
        if (err == 0)
            err = touch_name(touch, &p.owner);
        if (err < 0)
            return err;
    }
    return 0;
}

static int touch_all(struct edit *e, bool cuts_changed)
{
    struct touch *touch;
    int err = touch_begin(e, &touch);
    if (err < 0)
        return err;
    err = touch_rows(e, touch);
    if (err == 0)
        err = touch_zones(e, touch);
    if (err == 0)
        err = settle_targets(e, touch_target, touch);
    if (err == 0 && cuts_changed)
        err = touch_generated(touch);
    touch_end(touch);
    return err;
}

/* PTRD_FOUND: there is something to commit, with e->meta. */
static int settle(struct edit *e, int64_t now_s, struct diag *diag)
{
    bool cuts_changed = false;
    touched_sort(e);
    int err = check_cnames(e, diag);
    if (err == 0)
        err = settle_rows(e);
    if (err == 0)
        err = settle_cuts(e, &cuts_changed);
    if (err == 0)
        err = settle_occluded(e);
    if (err == 0)
        err = touched_changed(e);
    if (err == 0)
        err = settle_derived(e);
    if (err == 0)
        err = check_names(e, diag);
    if (err < 0 || e->touched_count == 0)
        return err < 0 ? err : PTRD_ABSENT;
    err = touch_all(e, cuts_changed);
    if (err == 0)
        err = serials_raise(e, now_s);
    if (err < 0)
        return err;
    e->meta.structure += cuts_changed;
    e->meta.data++;
    e->meta.changed_s = now_s;
    return PTRD_FOUND;
}

int edit_commit(struct edit *e, int64_t now_s, struct diag *diag)
{
    int found = edit_enter(e, diag);
    if (found == 0)
        found = settle(e, now_s, diag);
    found = edit_end(e, found, diag);
    if (found != PTRD_FOUND) {
        edit_abort(e);
        return found;
    }
    struct store_writer *w = e->w;
    struct store_meta meta = e->meta;
    let_go(e);
    return store_write_commit(w, &meta, diag);
}
