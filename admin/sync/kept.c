/* Something changed beside overrides, but not what they depend on: the rest is read again, and of
 * them only those that the log names and those whose names CNAMEs came to or left. */
#include "load_p.h"
#include "sync_p.h"

#include "ptrd/core/rrtype.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ADDRESSES_MAX 1000000 /* more are read faster with all the others */

struct kept {
    struct sync *s;
    struct structure of;
    const struct cursor *next;
    struct addr *addrs; /* ascending: whose overrides to look at */
    size_t count, capacity;
    struct ptr_rows rows;
    bool told; /* rows is to be freed */
};

static void kept_done(struct kept *k)
{
    structure_done(&k->of);
    free(k->addrs);
    if (k->told)
        ptr_rows_done(&k->rows);
}

/* --- which overrides -------------------------------------------------------------------------- */

static int add_address(struct kept *k, const struct addr *addr)
{
    if (k->count == ADDRESSES_MAX)
        return PTRD_ECONFLICT;
    if (k->count == k->capacity) {
        size_t capacity = k->capacity ? k->capacity * 2 : 64;
        struct addr *grown = realloc(k->addrs, capacity * sizeof *grown);
        if (!grown)
            return PTRD_ENOMEM;
        k->addrs = grown;
        k->capacity = capacity;
    }
    k->addrs[k->count++] = *addr;
    return 0;
}

/* One CNAME of the store: seen says which of the database's are there as well. */
static int compare_alias(struct kept *k, struct span key, bool *seen)
{
    const struct structure *f = &k->of;
    struct name owner;
    struct addr addr;
    uint16_t type;
    int err = store_read_key_rrset(key, &owner, &type);
    if (err || type != RRTYPE_CNAME || !load_address_of(f->table, &owner, &addr))
        return err;
    const struct addr *is = addr_find(f->aliases, f->alias_count, &addr);
    if (!is)
        return add_address(k, &addr);
    seen[is - f->aliases] = true;
    return 0;
}

static int compare_aliases(struct kept *k, struct store_reader *r)
{
    struct span key, value;
    bool *seen = calloc(k->of.alias_count + 1, sizeof *seen);
    int err = seen ? 0 : PTRD_ENOMEM;
    int found = err ? err : store_seek(r, STORE_RECORDS, (struct span){0}, &key, &value);
    while (found == PTRD_FOUND) {
        err = compare_alias(k, key, seen);
        found = err ? err : store_next(r, STORE_RECORDS, &key, &value);
    }
    for (size_t i = 0; !found && i < k->of.alias_count; i++)
        if (!seen[i])
            found = add_address(k, &k->of.aliases[i]);
    free(seen);
    return found;
}

static int find_addresses(struct kept *k, const struct pg_changes *changes)
{
    struct store_reader *r = NULL;
    struct store_meta meta;
    int err = store_reader_new(k->s->store, &r);
    if (!err)
        err = store_read_begin(r, &meta);
    if (!err)
        err = meta.source == SOURCE_POSTGRES ? compare_aliases(k, r) : PTRD_ECONFLICT;
    store_reader_free(r);
    for (size_t i = 0; !err && i < changes->addr_count; i++)
        err = add_address(k, &changes->addrs[i]);
    k->count = addr_sort(k->addrs, k->count);
    return err;
}

/* --- writing ---------------------------------------------------------------------------------- */

static int write_ptrs(void *ctx, struct store_writer *w, load_row_fn *changed, void *changed_ctx)
{
    struct kept *k = ctx;
    int err = state_check_cursor(k->s, w);
    return err ? err
               : ptr_rows_apply(k->s, w, k->of.table, k->addrs, k->count, &k->rows, changed,
                                changed_ctx);
}

static int write_state(void *ctx, struct store_writer *w)
{
    struct kept *k = ctx;
    struct bad_ptrs bad = {.items = NULL};
    int err = state_read_bad(w, &bad);
    if (!err)
        err = state_write(w, k->next, &k->of.entries, &bad);
    bad_ptrs_done(&bad);
    return err;
}

static int write_structure(struct kept *k, struct diag *diag)
{
    struct sync *s = k->s;
    struct load_report report;
    const struct load_wishes wishes = {.purges = s->config.flusher ? s->purges : NULL,
                                       .also = write_state,
                                       .ptrs = write_ptrs,
                                       .ctx = k};
    *diag = (struct diag){.file = NULL};
    int err = load_model_wishing(s->store, &wishes, k->of.m, k->of.table, (int64_t)time(NULL),
                                 SYNC_WAIT_MS, NULL, NULL, &report, diag);
    if (err)
        return err;
    s->quarantine_changed = true;
    sync_log(s,
             "followed a change of more than PTRs: %" PRIu64 " rows added, %" PRIu64
             " changed, %" PRIu64 " removed",
             report.inserted, report.changed, report.deleted);
    structure_log(&k->of);
    return 0;
}

int apply_structure(struct sync *s, const struct pg_changes *changes, struct cursor *next,
                    struct diag *diag)
{
    struct kept k = {.s = s, .next = next};
    *diag = (struct diag){.file = NULL};
    int err = changes->all ? PTRD_ECONFLICT : structure_read(&k.of, s, diag);
    if (!err)
        err = find_addresses(&k, changes);
    if (!err) {
        k.told = true;
        err = ptr_rows_read(s, k.addrs, k.count, &k.rows, diag);
    }
    if (err && !diag->message[0])
        (void)diag_set(diag, err, "cannot read the database: %s", ptrd_strerror(err));
    if (!err)
        err = write_structure(&k, diag);
    if (err != PTRD_ECONFLICT)
        pg_end(s->pg);
    diag->file = NULL; /* it may be the model's */
    if (!err)
        sync_advanced(s, next, 0);
    kept_done(&k);
    return err;
}
