/* Everything is read: the structure first, then the overrides, each by itself. */
#include "sync_p.h"

#include <inttypes.h>
#include <time.h>

#define LOAD_MEMORY ((size_t)128 << 20) /* to sort overrides, then derived names */

struct full {
    struct sync *s;
    struct structure of;
    struct reverse_map reverse;
    struct bad_ptrs bad;
    struct cursor cursor;
};

static void full_done(struct full *f)
{
    structure_done(&f->of);
    reverse_done(&f->reverse);
    bad_ptrs_done(&f->bad);
    cursor_done(&f->cursor);
}

/* --- overrides -------------------------------------------------------------------------------- */

static const struct zone *home_of(struct full *f, const struct addr *addr)
{
    const struct reverse_set *set = reverse_of(&f->reverse, addr->family);
    uint32_t low = 0, high = set->count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (set->segments[middle].first <= addr->num)
            low = middle;
        else
            high = middle;
    }
    uint32_t zone = set->segments[low].zone;
    return zone == TABLE_NONE ? NULL : &f->of.table->zones[zone];
}

static int take_ptr(void *ctx, const struct pg_ptr *row)
{
    struct full *f = ctx;
    struct name target;
    struct diag diag = {.file = NULL};
    const char *why = filter_address(f->of.table, home_of(f, &row->addr), &row->addr);
    if (!why && addr_find(f->of.aliases, f->of.alias_count, &row->addr))
        why = FILTER_CNAME;
    if (!why && pg_ptr_target(row, &target, &diag) < 0)
        why = diag.message;
    return why ? bad_ptrs_add(&f->bad, row, why)
               : model_add_ptr(f->of.m, &row->addr, &target, row->ttl_s, row->forward, 0, 0);
}

static int read_ptrs(struct full *f, struct diag *diag)
{
    model_free(f->of.m);
    f->of.m = NULL;
    int err = pg_model(&f->of.entries, f->s->config.db, LOAD_MEMORY, &f->of.m, diag);
    if (!err)
        err = pg_read_ptrs(f->s->pg, take_ptr, f, diag);
    if (!err)
        err = model_sort(f->of.m, diag);
    return err;
}

/* --- one load --------------------------------------------------------------------------------- */

/* What a standby's log says in this state: it does not name what is running. */
static int start_cursor(struct full *f, struct diag *diag)
{
    struct sync *s = f->s;
    const struct xid_range from = {s->state.xmin, UINT64_MAX};
    struct pg_changes changes = {.rows = 0};
    int err = s->state.standby ? pg_read_changes(s->pg, &from, 1, &changes, diag) : 0;
    if (!err && cursor_start(&f->cursor, &s->state, changes.xids, changes.xid_count))
        err = diag_set(diag, PTRD_ENOMEM, "no memory");
    pg_changes_done(&changes);
    return err;
}

static int read_all(struct full *f, struct diag *diag)
{
    int err = start_cursor(f, diag);
    if (!err)
        err = structure_read(&f->of, f->s, diag);
    if (!err)
        err = reverse_build(f->of.table, &f->reverse);
    return err ? err : read_ptrs(f, diag);
}

static int write_state(void *ctx, struct store_writer *w)
{
    struct full *f = ctx;
    return state_write(w, &f->cursor, &f->of.entries, &f->bad);
}

static int write_all(struct full *f, struct diag *diag)
{
    struct sync *s = f->s;
    struct load_report report;
    const struct load_wishes wishes = {
        .purges = s->config.flusher ? s->purges : NULL, .also = write_state, .ctx = f};
    *diag = (struct diag){.file = NULL};
    int err = load_model_wishing(s->store, &wishes, f->of.m, f->of.table, (int64_t)time(NULL),
                                 SYNC_WAIT_MS, NULL, NULL, &report, diag);
    if (err)
        return err;
    s->quarantine_changed = true;
    sync_log(s,
             "read %u zones, %u blocks, %u PTRs, %u records: %" PRIu64 " rows added, %" PRIu64
             " changed, %" PRIu64 " removed",
             f->of.m->zone_count, f->of.m->block_count, f->of.m->ptr_count, f->of.m->record_count,
             report.inserted, report.changed, report.deleted);
    structure_log(&f->of);
    if (f->bad.count)
        sync_log(s, "quarantined: %" PRIu64 " PTRs, the first: %s: %s",
                 (uint64_t)f->bad.count + f->bad.more, f->bad.items[0].target,
                 f->bad.items[0].reason);
    return 0;
}

int full_load(struct sync *s, struct diag *diag)
{
    struct full f = {.s = s};
    *diag = (struct diag){.file = NULL};
    int err = read_all(&f, diag);
    pg_end(s->pg);
    if (err && !diag->message[0])
        (void)diag_set(diag, err, "cannot read the database: %s", ptrd_strerror(err));
    if (!err)
        err = write_all(&f, diag);
    diag->file = NULL; /* it may be the model's */
    if (!err)
        sync_advanced(s, &f.cursor, 0);
    full_done(&f);
    return err;
}
