/* Some overrides changed: each address is made what the database holds for it now. What stands in
 * the log is only which addresses to look at, so applying something twice does nothing. */
#include "sync_p.h"

#include "ptrd/core/rrtype.h"
#include "ptrd/resolve/resolve.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GROW_MAX 24

struct apply {
    struct sync *s;
    struct store_writer *w;
    const struct table *t;
    load_row_fn *told;
    void *told_ctx;
    struct store_buf key, value, names, old, derived_key, derived_value;
    struct name ttl_apex; /* whose TTL was asked last */
    uint32_t ttl_s;
};

static struct span span_of(const struct store_buf *buf)
{
    return (struct span){buf->bytes, buf->len};
}

/* --- rows of the database --------------------------------------------------------------------- */

static int keep_row(void *ctx, const struct pg_ptr *row)
{
    struct ptr_rows *r = ctx;
    struct ptr_row own = {.addr = row->addr, .ttl_s = row->ttl_s, .forward = row->forward};
    struct diag why = {.file = NULL};
    if (pg_ptr_target(row, &own.target, &why) < 0)
        return bad_ptrs_add(&r->bad, row, why.message);
    if (r->count == r->capacity) {
        size_t capacity = r->capacity ? r->capacity * 2 : 64;
        struct ptr_row *grown = realloc(r->items, capacity * sizeof *grown);
        if (!grown)
            return PTRD_ENOMEM;
        r->items = grown;
        r->capacity = capacity;
    }
    r->items[r->count++] = own;
    return 0;
}

static int by_address(const void *a, const void *b)
{
    const struct ptr_row *x = a, *y = b;
    int order = addr_compare(&x->addr, &y->addr);
    return order ? order : name_compare(&x->target, &y->target);
}

/* --- what is in the store --------------------------------------------------------------------- */

static int put_row(struct apply *a, enum store_table table, struct span key, struct span old,
                   struct span value)
{
    int err = a->told(a->told_ctx, table, key, old, value);
    if (err)
        return err;
    err = value.bytes ? store_put(a->w, table, key, value) : store_delete(a->w, table, key);
    return err < 0 ? err : 0;
}

/* A copy of the value, in a->old: writing moves what the store gives. PTRD_FOUND or PTRD_ABSENT. */
static int get_old(struct apply *a, enum store_table table, struct span key)
{
    struct span value;
    int found = store_writer_get(a->w, table, key, &value);
    if (found != PTRD_FOUND)
        return found;
    if (a->old.capacity < value.len) {
        uint8_t *grown = realloc(a->old.bytes, value.len + 512);
        if (!grown)
            return PTRD_ENOMEM;
        a->old.bytes = grown;
        a->old.capacity = value.len + 512;
    }
    memcpy(a->old.bytes, value.bytes, value.len);
    a->old.len = value.len;
    return PTRD_FOUND;
}

/* Is there a CNAME? A local one may be a tombstone. */
static int has_cname(struct apply *a, enum store_table table, const struct name *owner)
{
    struct store_rrset set;
    struct span value;
    int found = store_key_rrset(owner, RRTYPE_CNAME, &a->derived_key);
    if (!found)
        found = store_writer_get(a->w, table, span_of(&a->derived_key), &value);
    if (found != PTRD_FOUND)
        return found;
    int err = store_read_rrset(value, &set);
    return err ? err : set.count ? PTRD_FOUND : PTRD_ABSENT;
}

/* Something local stands in front of what the source says of the address. */
static int is_hidden(struct apply *a, const struct name *owner)
{
    struct span value;
    int found = store_writer_get(a->w, STORE_LOCAL_PTRS, span_of(&a->key), &value);
    return found == PTRD_ABSENT ? has_cname(a, STORE_LOCAL_RECORDS, owner) : found;
}

static int zone_ttl(struct apply *a, const struct zone *z, uint32_t *out)
{
    struct store_zone settings;
    struct span value;
    int err = 0;
    if (!name_equal(&a->ttl_apex, &z->apex)) {
        int found = store_key_name(&z->apex, &a->derived_key);
        if (!found)
            found = store_writer_get(a->w, STORE_ZONES, span_of(&a->derived_key), &value);
        err = found == PTRD_FOUND ? store_read_zone(value, &settings)
              : found             ? found
                                  : PTRD_ECORRUPT;
        if (!err) {
            a->ttl_apex = z->apex;
            a->ttl_s = settings.ttl_s;
        }
    }
    *out = a->ttl_s;
    return err;
}

/* --- derived names ---------------------------------------------------------------------------- */

static int derive_one(struct apply *a, const struct addr *addr, const struct name *target,
                      const uint32_t *ttl_s)
{
    struct span old, value = {NULL, 0};
    int err = store_key_derived(target, addr, &a->derived_key);
    if (!err && ttl_s) {
        /* an RRset without contents is its TTL alone */
        err = store_write_rrset(&(struct store_rrset){.ttl_s = *ttl_s}, &a->derived_value);
        value = span_of(&a->derived_value);
    }
    if (err)
        return err;
    int found = store_writer_get(a->w, STORE_DERIVED, span_of(&a->derived_key), &old);
    if (found < 0 || (found == PTRD_ABSENT && !ttl_s))
        return found;
    if (found == PTRD_ABSENT)
        old = (struct span){NULL, 0};
    return put_row(a, STORE_DERIVED, span_of(&a->derived_key), old, value);
}

/* Of the names in a row of PTRs, those that give their address. */
static int derive_names(struct apply *a, const struct addr *addr, struct span row, bool put)
{
    struct store_ptr ptr;
    struct span wire;
    struct name target;
    size_t at = 0;
    int err = store_read_ptr(row, &ptr);
    while (!err && store_next_name(ptr.names, &at, &wire) == PTRD_FOUND) {
        err = name_from_wire(wire.bytes, wire.len, &target);
        if (!err && resolve_derives(a->t, (enum ptr_forward)ptr.forward, &target))
            err = derive_one(a, addr, &target, put ? &ptr.ttl_s : NULL);
    }
    return err;
}

/* --- one address ------------------------------------------------------------------------------ */

/* As model_sort and the loader make one row of several PTRs: the least TTL, the first `forward`. */
static int gather(struct apply *a, const struct zone *home, const struct ptr_row *rows,
                  size_t count)
{
    struct store_ptr row = {.ttl_s = UINT32_MAX, .forward = FORWARD_UNSAID};
    uint32_t zone_s;
    int err = zone_ttl(a, home, &zone_s);
    a->names.len = 0;
    if (count > UINT16_MAX)
        return PTRD_ELIMIT;
    for (size_t i = 0; !err && i < count; i++) {
        uint32_t ttl_s = rows[i].ttl_s == MODEL_TTL_UNSAID ? zone_s : rows[i].ttl_s;
        row.ttl_s = ttl_s < row.ttl_s ? ttl_s : row.ttl_s;
        if (row.forward == FORWARD_UNSAID)
            row.forward = (uint8_t)rows[i].forward;
        err = store_append_name(&rows[i].target, &a->names);
        row.count++;
    }
    row.names = span_of(&a->names);
    return err ? err : store_write_ptr(&row, &a->value);
}

static int replace_row(struct apply *a, const struct addr *addr, const struct name *owner,
                       bool wanted)
{
    struct span old = {NULL, 0}, value = wanted ? span_of(&a->value) : old;
    int found = get_old(a, STORE_PTRS, span_of(&a->key));
    if (found < 0 || (found == PTRD_ABSENT && !wanted))
        return found;
    if (found == PTRD_FOUND)
        old = span_of(&a->old);
    if (wanted && old.bytes && old.len == value.len && memcmp(old.bytes, value.bytes, old.len) == 0)
        return 0;
    int err = put_row(a, STORE_PTRS, span_of(&a->key), old, value);
    int hidden = err ? err : is_hidden(a, owner);
    if (hidden != PTRD_ABSENT)
        return hidden < 0 ? hidden : 0;
    if (old.bytes)
        err = derive_names(a, addr, old, false);
    return err || !wanted ? err : derive_names(a, addr, value, true);
}

/* Quarantined: rows whose values are none, and all where the address can have no PTR. */
static int put_bad(struct apply *a, const struct ptr_rows *r, const struct addr *addr,
                   const struct ptr_row *rows, size_t count, const char *why)
{
    struct bad_ptrs bad = {.items = NULL};
    int err = 0;
    for (size_t i = 0; !err && i < r->bad.count; i++) {
        const struct bad_ptr *b = &r->bad.items[i];
        struct pg_ptr row = {.addr = b->addr,
                             .target = {(const uint8_t *)b->target, strlen(b->target)}};
        if (addr_compare(&b->addr, addr) == 0)
            err = bad_ptrs_add(&bad, &row, b->reason);
    }
    for (size_t i = 0; !err && why && i < count; i++) {
        char text[NAME_TEXT_SIZE];
        size_t len = name_print(&rows[i].target, text);
        struct pg_ptr row = {.addr = *addr, .target = {(const uint8_t *)text, len}};
        err = bad_ptrs_add(&bad, &row, why);
    }
    bool changed = false;
    if (!err)
        err = state_put_bad(a->w, addr, bad.items, bad.count, &changed);
    a->s->quarantine_changed |= changed;
    if (!err && bad.count)
        sync_log(a->s, "quarantined: PTR to %s: %s", bad.items[0].target, bad.items[0].reason);
    bad_ptrs_done(&bad);
    return err;
}

static int apply_address(struct apply *a, const struct ptr_rows *r, const struct addr *addr,
                         const struct ptr_row *rows, size_t count)
{
    const struct zone *home = table_home(a->t, addr);
    const char *why = filter_address(a->t, home, addr);
    struct name owner;
    table_reverse_name(a->t, addr, &owner);
    int found = has_cname(a, STORE_RECORDS, &owner);
    if (found < 0)
        return found;
    if (!why && found == PTRD_FOUND)
        why = FILTER_CNAME;
    int err = put_bad(a, r, addr, rows, count, why);
    bool wanted = count > 0 && !why;
    if (!err && wanted)
        err = gather(a, home, rows, count);
    if (!err)
        err = store_key_addr(addr, &a->key);
    return err ? err : replace_row(a, addr, &owner, wanted);
}

static int apply_addresses(struct apply *a, const struct addr *addrs, size_t count,
                           const struct ptr_rows *r)
{
    size_t at = 0;
    int err = 0;
    for (size_t i = 0; !err && i < count; i++) {
        size_t end = at;
        while (end < r->count && addr_compare(&r->items[end].addr, &addrs[i]) == 0)
            end++;
        err = apply_address(a, r, &addrs[i], r->items ? &r->items[at] : NULL, end - at);
        at = end;
    }
    return err;
}

static void apply_done(struct apply *a)
{
    store_buf_done(&a->key);
    store_buf_done(&a->value);
    store_buf_done(&a->names);
    store_buf_done(&a->old);
    store_buf_done(&a->derived_key);
    store_buf_done(&a->derived_value);
}

int ptr_rows_apply(struct sync *s, struct store_writer *w, const struct table *t,
                   const struct addr *addrs, size_t count, const struct ptr_rows *r,
                   load_row_fn *changed, void *ctx)
{
    struct apply a = {.s = s, .w = w, .t = t, .told = changed, .told_ctx = ctx};
    int err = apply_addresses(&a, addrs, count, r);
    apply_done(&a);
    return err;
}

int ptr_rows_read(struct sync *s, const struct addr *addrs, size_t count, struct ptr_rows *out,
                  struct diag *diag)
{
    *out = (struct ptr_rows){.items = NULL};
    int err = pg_read_ptrs_of(s->pg, addrs, count, keep_row, out, diag);
    if (out->count)
        qsort(out->items, out->count, sizeof *out->items, by_address);
    return err;
}

void ptr_rows_done(struct ptr_rows *r)
{
    bad_ptrs_done(&r->bad);
    free(r->items);
}

/* --- one batch -------------------------------------------------------------------------------- */

struct batch {
    struct sync *s;
    struct store_writer *w;
    struct store_reader *reader, *committed;
    const struct table *t;
    struct purge_find *find;
    struct store_buf key, value;
    bool changed;
};

static int batch_row(void *ctx, enum store_table table, struct span key, struct span old,
                     struct span value)
{
    struct batch *b = ctx;
    b->changed = true;
    return b->find ? purge_find_row(b->find, table, key, old, value) : 0;
}

/* As the view zone_serial counts: 1 to 2^32 - 1. */
static uint32_t serial_behind(uint32_t serial, uint32_t count)
{
    uint64_t next = (uint64_t)serial + count;
    return (uint32_t)((next - 1) % UINT32_MAX + 1);
}

static int raise_serial(struct batch *a, const struct pg_raise *raise)
{
    struct store_zone settings;
    struct store_zone_id row;
    struct span value;
    int found = store_key_name(&raise->zone, &a->key);
    if (!found)
        found = store_writer_get(a->w, STORE_ZONES, span_of(&a->key), &value);
    if (found != PTRD_FOUND)
        return found; /* not taken into the store */
    int err = store_read_zone(value, &settings);
    if (err || settings.kind == ZONE_SECONDARY)
        return err;
    found = store_writer_get(a->w, STORE_ZONE_IDS, span_of(&a->key), &value);
    err = found == PTRD_FOUND ? store_read_zone_id(value, &row) : found < 0 ? found : PTRD_ECORRUPT;
    if (err)
        return err;
    row.serial = serial_behind(row.serial, raise->count);
    memset(row.digest, 0, sizeof row.digest); /* of what it answers now nobody knows */
    err = store_write_zone_id(&row, &a->value);
    if (!err) /* as the loader tells it: what it was does not matter */
        err =
            batch_row(a, STORE_ZONE_IDS, span_of(&a->key), span_of(&a->value), span_of(&a->value));
    return err ? err : store_put(a->w, STORE_ZONE_IDS, span_of(&a->key), span_of(&a->value));
}

static int open_states(struct batch *a, const struct store_meta *meta)
{
    struct store_meta was;
    int err = store_reader_of_writer(a->w, &a->reader);
    if (!err)
        err = store_reader_new(a->s->store, &a->committed);
    if (!err)
        err = store_read_begin(a->committed, &was);
    if (!err)
        err = sync_table(a->s, a->reader, meta);
    a->t = a->s->table;
    return err || !a->s->config.flusher ? err : purge_find_new(a->t, &a->find);
}

/* Overrides alter none of them: they are read again when somebody else wrote. */
static int find_aliases(struct batch *a, const struct store_meta *meta)
{
    struct sync *s = a->s;
    int err = 0;
    if (!s->aliases || s->aliases_data != meta->data) {
        purge_aliases_free(s->aliases);
        s->aliases = NULL;
        err = purge_aliases_read(a->reader, &s->aliases);
    }
    return err ? err : purge_aliases_add(s->aliases, a->t, s->purges);
}

/* What cannot be found out is all purged: a failure of this is none of the change. */
static void find_purges(struct batch *a, const struct store_meta *meta)
{
    struct differ d = {.was = {.reader = a->committed, .table = a->t},
                       .is = {.reader = a->reader, .table = a->t}};
    if (!a->find)
        return;
    answer_init(&d.before);
    answer_init(&d.after);
    if (purge_find_end(a->find, &d, a->s->purges) < 0 || find_aliases(a, meta) < 0)
        purge_add_all(a->s->purges);
    answer_done(&d.before);
    answer_done(&d.after);
}

static int apply_in(struct batch *a, const struct pg_changes *c, const struct ptr_rows *r,
                    const struct cursor *next, struct store_meta *meta)
{
    int err = state_check_cursor(a->s, a->w);
    if (!err)
        err = open_states(a, meta);
    if (!err)
        err = ptr_rows_apply(a->s, a->w, a->t, c->addrs, c->addr_count, r, batch_row, a);
    for (size_t i = 0; !err && i < c->raise_count; i++)
        err = raise_serial(a, &c->raises[i]);
    if (!err)
        err = state_put_cursor(a->w, next);
    if (err)
        return err;
    find_purges(a, meta);
    meta->contact_s = (int64_t)time(NULL);
    if (a->changed) {
        meta->data++;
        meta->changed_s = meta->contact_s;
    }
    return 0;
}

static void batch_done(struct batch *a)
{
    purge_find_free(a->find);
    store_reader_free(a->reader);
    store_reader_free(a->committed);
    store_buf_done(&a->key);
    store_buf_done(&a->value);
}

static int apply_once(struct sync *s, const struct pg_changes *c, const struct ptr_rows *r,
                      const struct cursor *next, uint64_t *generation, struct diag *diag)
{
    struct batch a = {.s = s};
    struct store_meta meta;
    int err = store_write_begin(s->store, SYNC_WAIT_MS, &a.w, &meta, diag);
    if (err)
        return err;
    err = apply_in(&a, c, r, next, &meta);
    batch_done(&a);
    if (err) {
        store_write_abort(a.w);
        return diag_set(diag, err, "cannot write the store: %s", ptrd_strerror(err));
    }
    *generation = meta.data;
    return store_write_commit(a.w, &meta, diag);
}

int apply_ptrs(struct sync *s, const struct pg_changes *changes, struct cursor *next,
               struct diag *diag)
{
    struct ptr_rows rows;
    uint64_t generation = 0;
    int err = ptr_rows_read(s, changes->addrs, changes->addr_count, &rows, diag);
    pg_end(s->pg);
    for (int i = 0; !err; i++) {
        err = apply_once(s, changes, &rows, next, &generation, diag);
        /* the map was full: nothing was written, and the next transaction has a larger one */
        if (err != PTRD_ESPACE || i == GROW_MAX)
            break;
        err = 0;
    }
    ptr_rows_done(&rows);
    if (!err) {
        s->aliases_data = generation;
        sync_advanced(s, next, generation);
    }
    return err;
}
