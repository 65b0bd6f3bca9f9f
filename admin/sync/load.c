#include "load_p.h"

#include <stdlib.h>
#include <string.h>

#define GROW_MAX 24 /* doublings of a map that was too small */

/* --- ids and serials --- */

static int zone_known(struct loader *l, uint32_t i)
{
    struct load_zone *z = &l->zones[i];
    struct span value;
    int found = store_key_name(&l->m->zones[i].apex, &l->key);
    if (found == 0)
        found = store_writer_get(l->w, STORE_ZONES, span_of(&l->key), &value);
    if (found < 0)
        return found;
    z->present = found == PTRD_FOUND;
    found = store_writer_get(l->w, STORE_ZONE_IDS, span_of(&l->key), &value);
    z->known = found == PTRD_FOUND;
    return z->known ? store_read_zone_id(value, &z->row) : found;
}

static int ids_give(struct loader *l, struct store_meta *meta)
{
    for (uint32_t i = 0; i < l->m->zone_count; i++) {
        int err = zone_known(l, i);
        if (err < 0)
            return err;
        if (l->zones[i].known)
            continue;
        if (meta->next_zone_id == 0 || meta->next_zone_id > INT32_MAX)
            return PTRD_ELIMIT;
        l->zones[i].row.id = meta->next_zone_id++;
    }
    return 0;
}

/* A secondary zone's serial is its primary's: 0 until the first transfer. */
static uint32_t zone_serial(const struct load_zone *z, const struct model_zone *m, int64_t now_s)
{
    bool secondary = m->settings.kind == ZONE_SECONDARY;
    if (z->known)
        return secondary ? z->row.serial : store_serial_after(z->row.serial, now_s);
    if (m->has_serial)
        return m->serial;
    return secondary ? 0 : store_serial_after(0, now_s);
}

/* The database counts changes. A digest that a follower left says nothing:
 * where the count is that of the store, so are the answers. */
static uint32_t database_serial(const struct load_zone *z, const struct model_zone *m, bool same,
                                int64_t now_s)
{
    static const uint8_t unknown[32];
    if (m->settings.kind == ZONE_SECONDARY || !m->has_serial)
        return same ? z->row.serial : zone_serial(z, m, now_s);
    if (!z->known || (int32_t)(m->serial - z->row.serial) > 0) /* RFC 1982 */
        return m->serial;
    bool counted = m->serial == z->row.serial && memcmp(z->row.digest, unknown, 32) == 0;
    return same || (counted && z->present && !z->differs)
               ? z->row.serial
               : store_serial_after(z->row.serial, now_s);
}

/* Where nobody knows the whole of what a zone answers, the database's count alone decides. */
static uint32_t kept_serial(struct load_zone *z, const struct model_zone *m, int64_t now_s)
{
    bool counts = m->settings.kind != ZONE_SECONDARY && m->has_serial;
    uint32_t serial = z->row.serial;
    if (counts && (int32_t)(m->serial - serial) > 0) /* RFC 1982 */
        serial = m->serial;
    else if (counts && z->differs)
        serial = store_serial_after(serial, now_s);
    return serial;
}

static int kept_id_write(struct loader *l, uint32_t i, int64_t now_s)
{
    struct load_zone *z = &l->zones[i];
    uint32_t serial = kept_serial(z, &l->m->zones[i], now_s);
    if (serial == z->row.serial)
        return PTRD_ABSENT;
    z->row.serial = serial;
    memset(z->row.digest, 0, sizeof z->row.digest);
    return PTRD_FOUND;
}

static int zone_id_put(struct loader *l, uint32_t i, bool bumped)
{
    l->report->zones_bumped += l->zones[i].known && bumped;
    int err = store_key_name(&l->m->zones[i].apex, &l->key);
    if (!err)
        err = store_write_zone_id(&l->zones[i].row, &l->value);
    if (!err)
        err = store_put(l->w, STORE_ZONE_IDS, span_of(&l->key), span_of(&l->value));
    if (bumped)
        purges_row(l, STORE_ZONE_IDS, span_of(&l->key), span_of(&l->value), span_of(&l->value));
    return err;
}

static int zone_id_write(struct loader *l, uint32_t i, int64_t now_s)
{
    struct load_zone *z = &l->zones[i];
    uint8_t digest[32];
    if (l->wishes->ptrs) {
        int found = kept_id_write(l, i, now_s);
        int failed = found == PTRD_FOUND ? zone_id_put(l, i, true) : 0;
        return failed ? failed : found;
    }
    digest_end(&l->digests, i, digest);
    bool same =
        z->known && z->present && !z->differs && memcmp(digest, z->row.digest, sizeof digest) == 0;
    uint32_t old = z->row.serial;
    z->row.serial = l->m->source == SOURCE_POSTGRES
                        ? database_serial(z, &l->m->zones[i], same, now_s)
                        : zone_serial(z, &l->m->zones[i], now_s);
    if (same && (l->m->source != SOURCE_POSTGRES || z->row.serial == old))
        return 0;
    bool bumped = z->row.serial != old;
    memcpy(z->row.digest, digest, sizeof digest);
    int err = zone_id_put(l, i, bumped);
    return err ? err : !z->known || bumped ? PTRD_FOUND : PTRD_ABSENT;
}

/* PTRD_FOUND when some serial changed. */
static int serials_write(struct loader *l, int64_t now_s)
{
    int any = PTRD_ABSENT;
    for (uint32_t i = 0; i < l->m->zone_count; i++) {
        int err = zone_id_write(l, i, now_s);
        if (err < 0)
            return err;
        any = err == PTRD_FOUND ? PTRD_FOUND : any;
    }
    return any;
}

/* --- one load --- */

static int loader_init(struct loader *l)
{
    if (sodium_init() < 0)
        return PTRD_ENOMEM;
    l->zones = calloc((size_t)l->m->zone_count + 1, sizeof *l->zones);
    if (!l->zones)
        return PTRD_ENOMEM;
    int err = reverse_build(l->t, &l->reverse);
    if (!err)
        err = digest_begin(l->m, l->t, &l->digests);
    if (!err)
        err = glue_collect(&l->glue, l->m, l->t);
    return err ? err : local_read(l);
}

static void loader_done(struct loader *l)
{
    free(l->zones);
    reverse_done(&l->reverse);
    digest_done(&l->digests);
    sorter_free(l->derived);
    store_buf_done(&l->derived_key);
    glue_done(&l->glue);
    free(l->local_ptrs.addrs);
    cuts_done(&l->local_cuts);
    store_buf_done(&l->key);
    store_buf_done(&l->value);
    store_buf_done(&l->parts);
}

/* In the order of the tables' places in the store: a first load appends. */
static int tables_write(struct loader *l, bool *changed)
{
    static const struct {
        int (*write)(struct loader *l);
        bool structure; /* part of the zone table */
    } steps[] = {
        {rows_delegations, true}, {rows_cuts, true},   {rows_above, false},
        {rows_zones, true},       {rows_blocks, true}, {rows_metadata, false},
        {rows_records, false},    {rows_ptrs, false},  {rows_derived, false},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (l->wishes->ptrs && steps[i].write == rows_derived)
            continue;
        int err = l->wishes->ptrs && steps[i].write == rows_ptrs ? rows_kept(l) : steps[i].write(l);
        if (err)
            return err;
        *changed |= l->changed;
        l->report->structure_changed |= steps[i].structure && l->changed;
    }
    return 0;
}

static int no_rows(void *ctx, struct span *key, struct span *value)
{
    (void)ctx;
    (void)key;
    (void)value;
    return PTRD_ABSENT;
}

/* A store that a file was loaded into is where no change log leads on from. */
static int forget_cursor(struct loader *l)
{
    struct span key, value;
    int found = store_writer_seek(l->w, STORE_SYNC, (struct span){0}, &key, &value);
    if (found != PTRD_FOUND)
        return found;
    return store_write_table(l->w, STORE_SYNC, &(struct store_stream){.next = no_rows});
}

static int load_write(struct loader *l, struct store_meta *meta, int64_t now_s)
{
    bool changed = false;
    int err = loader_init(l);
    if (!err)
        err = ids_give(l, meta);
    if (!err)
        err = tables_write(l, &changed);
    if (!err && !l->wishes->ptrs)
        err = digest_blocks(&l->digests, &l->reverse);
    if (!err)
        glue_digest_generated(&l->glue, &l->digests);
    if (!err && changed)
        err = effects_find(l);
    if (err)
        return err;
    int bumped = serials_write(l, now_s);
    if (bumped < 0)
        return bumped;
    purges_end(l);
    err = l->wishes->also ? l->wishes->also(l->wishes->ctx, l->w) : forget_cursor(l);
    if (err)
        return err;
    changed |= bumped == PTRD_FOUND || meta->source != l->m->source;
    meta->source = (uint8_t)l->m->source;
    meta->contact_s = now_s;
    if (changed) {
        meta->data++;
        meta->changed_s = now_s;
    }
    meta->structure += l->report->structure_changed;
    return 0;
}

static int load_once(struct loader *l, int64_t now_s, unsigned wait_ms, struct diag *diag)
{
    struct store_meta meta;
    int err = store_write_begin(l->store, wait_ms, &l->w, &meta, diag);
    if (err)
        return err;
    diag->message[0] = '\0';
    err = keep_rows(l, &meta, diag);
    purges_begin(l, &meta);
    if (!err)
        err = load_write(l, &meta, now_s);
    purges_done(l);
    if (err) {
        store_write_abort(l->w);
        if (diag->message[0])
            return err;
        return diag_set(diag, err, "cannot write the store: %s; the old data stay",
                        ptrd_strerror(err));
    }
    return store_write_commit(l->w, &meta, diag);
}

/* check_model made the table of this model: one zone each, in the same order. */
static bool belong_together(const struct model *m, const struct table *t)
{
    if (m->zone_count != t->zone_count)
        return false;
    for (uint32_t i = 0; i < m->zone_count; i++) {
        if (!name_equal(&m->zones[i].apex, &t->zones[i].apex))
            return false;
    }
    return true;
}

int load_model(struct store *s, const struct model *m, const struct table *table, int64_t now_s,
               unsigned wait_ms, load_progress_fn *progress, void *progress_ctx,
               struct load_report *out, struct diag *diag)
{
    return load_model_keeping(s, NULL, m, table, now_s, wait_ms, progress, progress_ctx, out, diag);
}

int load_model_keeping(struct store *s, struct store *old, const struct model *m,
                       const struct table *table, int64_t now_s, unsigned wait_ms,
                       load_progress_fn *progress, void *progress_ctx, struct load_report *out,
                       struct diag *diag)
{
    const struct load_wishes wishes = {.keep = old};
    return load_model_wishing(s, &wishes, m, table, now_s, wait_ms, progress, progress_ctx, out,
                              diag);
}

int load_model_wishing(struct store *s, const struct load_wishes *wishes, const struct model *m,
                       const struct table *table, int64_t now_s, unsigned wait_ms,
                       load_progress_fn *progress, void *progress_ctx, struct load_report *out,
                       struct diag *diag)
{
    if (!belong_together(m, table))
        return diag_set(diag, PTRD_EINVAL, "the zone table is not that of the model");
    for (int i = 0;; i++) {
        struct load_report report = {0};
        struct loader l = {.store = s,
                           .keep = wishes->keep,
                           .purges = wishes->purges,
                           .wishes = wishes,
                           .m = m,
                           .t = table,
                           .report = &report,
                           .progress = progress,
                           .progress_ctx = progress_ctx};
        int err = load_once(&l, now_s, wait_ms, diag);
        loader_done(&l);
        /* the map was full: nothing was written, and the next transaction has a larger one */
        if (err == PTRD_ESPACE && i < GROW_MAX)
            continue;
        if (!err)
            *out = report;
        return err;
    }
}
