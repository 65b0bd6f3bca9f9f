/* Everything is read: the structure first, row by row and then as a whole, until what is left of it
 * can be taken; then the overrides, each by itself. */
#include "sync_p.h"

#include "ptrd/check/model.h"
#include "ptrd/core/rrtype.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOAD_MEMORY ((size_t)128 << 20) /* to sort overrides, then derived names */

struct full {
    struct sync *s;
    struct pg_entries entries;
    struct table *table;
    struct reverse_map reverse;
    struct model *m;
    struct bad_ptrs bad;
    struct addr *aliases; /* addresses at whose names CNAMEs stand, ascending */
    size_t alias_count;
    struct cursor cursor;
    size_t blamed; /* rows, by the last try */
    int blame_err;
};

static void full_done(struct full *f)
{
    pg_entries_done(&f->entries);
    table_free(f->table);
    reverse_done(&f->reverse);
    model_free(f->m);
    bad_ptrs_done(&f->bad);
    free(f->aliases);
    cursor_done(&f->cursor);
}

/* --- structure -------------------------------------------------------------------------------- */

static void blame(void *ctx, const struct diag *why)
{
    struct full *f = ctx;
    int found = pg_blame(&f->entries, why);
    f->blame_err = found < 0 ? found : f->blame_err;
    f->blamed += found == PTRD_FOUND;
}

static int try_structure(struct full *f, struct diag *diag)
{
    int err = pg_model(&f->entries, NULL, 0, &f->m, diag);
    if (!err)
        err = model_sort(f->m, diag);
    return err ? err : check_model_each(f->m, &f->table, blame, f, diag);
}

/* Each refusal costs a row its form, so this ends. */
static int settle_structure(struct full *f, struct diag *diag)
{
    for (;;) {
        f->blamed = 0;
        int err = try_structure(f, diag);
        if (!err || err == PTRD_ENOMEM)
            return err;
        if (!f->blamed)
            blame(f, diag);
        if (f->blame_err || !f->blamed)
            return f->blame_err ? f->blame_err : err;
        model_free(f->m);
        f->m = NULL;
    }
}

static void log_quarantined(struct full *f)
{
    static const char *const instead[] = {[PG_LAST_VALID] = "its last valid form stays in force",
                                          [PG_NONE] = "its addresses answer as a block `none`",
                                          [PG_OUT] = "it is left out"};
    for (size_t i = 0; i < f->entries.count; i++) {
        const struct pg_entry *e = &f->entries.items[i];
        if (e->reason)
            sync_log(f->s, "quarantined: %s %s: %s; %s", pg_relation_name(e->relation), e->key,
                     e->reason, e->form == PG_AS_IS ? "" : instead[e->form]);
    }
}

/* --- overrides -------------------------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
    return addr_compare(a, b);
}

static int find_aliases(struct full *f)
{
    const struct model *m = f->m;
    f->aliases = calloc((size_t)m->record_count + 1, sizeof *f->aliases);
    if (!f->aliases)
        return PTRD_ENOMEM;
    for (uint32_t i = 0; i < m->record_count; i++) {
        const struct zone *z = table_zone_for(f->table, &m->records[i].owner);
        struct arpa arpa;
        if (m->records[i].type != RRTYPE_CNAME || !z || !z->reverse)
            continue;
        table_reverse_parse(f->table, z, &m->records[i].owner, &arpa);
        struct addr addr = {.num = arpa.prefix.num, .family = arpa.prefix.family};
        if (arpa.kind == ARPA_FULL && table_home(f->table, &addr) == z)
            f->aliases[f->alias_count++] = addr;
    }
    if (f->alias_count)
        qsort(f->aliases, f->alias_count, sizeof *f->aliases, by_address);
    return 0;
}

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
    return zone == TABLE_NONE ? NULL : &f->table->zones[zone];
}

static int take_ptr(void *ctx, const struct pg_ptr *row)
{
    struct full *f = ctx;
    struct name target;
    struct diag diag = {.file = NULL};
    const char *why = filter_address(f->table, home_of(f, &row->addr), &row->addr);
    if (!why && f->alias_count &&
        bsearch(&row->addr, f->aliases, f->alias_count, sizeof *f->aliases, by_address))
        why = FILTER_CNAME;
    if (!why && pg_ptr_target(row, &target, &diag) < 0)
        why = diag.message;
    return why ? bad_ptrs_add(&f->bad, row, why)
               : model_add_ptr(f->m, &row->addr, &target, row->ttl_s, row->forward, 0, 0);
}

static int read_ptrs(struct full *f, struct diag *diag)
{
    model_free(f->m);
    f->m = NULL;
    int err = pg_model(&f->entries, f->s->config.db, LOAD_MEMORY, &f->m, diag);
    if (!err)
        err = pg_read_ptrs(f->s->pg, take_ptr, f, diag);
    if (!err)
        err = model_sort(f->m, diag);
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
        err = pg_read_entries(f->s->pg, &f->entries, diag);
    if (!err)
        err = state_read_forms(f->s->store, &f->entries);
    if (!err)
        err = settle_structure(f, diag);
    if (!err)
        err = reverse_build(f->table, &f->reverse);
    if (!err)
        err = find_aliases(f);
    return err ? err : read_ptrs(f, diag);
}

static int write_state(void *ctx, struct store_writer *w)
{
    struct full *f = ctx;
    return state_write(w, &f->cursor, &f->entries, &f->bad);
}

static int write_all(struct full *f, struct diag *diag)
{
    struct sync *s = f->s;
    struct load_report report;
    const struct load_wishes wishes = {
        .purges = s->config.flusher ? s->purges : NULL, .also = write_state, .also_ctx = f};
    *diag = (struct diag){.file = NULL};
    int err = load_model_wishing(s->store, &wishes, f->m, f->table, (int64_t)time(NULL),
                                 SYNC_WAIT_MS, NULL, NULL, &report, diag);
    if (err)
        return err;
    s->quarantine_changed = true;
    sync_log(s,
             "read %u zones, %u blocks, %u PTRs, %u records: %" PRIu64 " rows added, %" PRIu64
             " changed, %" PRIu64 " removed",
             f->m->zone_count, f->m->block_count, f->m->ptr_count, f->m->record_count,
             report.inserted, report.changed, report.deleted);
    log_quarantined(f);
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
