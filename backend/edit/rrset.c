#include "edit_p.h"
#include "ptrd/rdata/rdata.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TTL_MAX_S 0x7fffffffu /* RFC 2181 8 */

/* --- sets ------------------------------------------------------------------------------------- */

static int set_append(struct arena *scratch, struct set *set, const void *bytes, size_t len)
{
    if (set->count == set->capacity) {
        unsigned capacity = set->capacity ? set->capacity * 2 : 8;
        struct span *bigger = arena_alloc(scratch, capacity * sizeof *bigger);
        if (!bigger)
            return PTRD_ENOMEM;
        if (set->count)
            memcpy(bigger, set->items, set->count * sizeof *bigger);
        set->items = bigger;
        set->capacity = capacity;
    }
    if (set->count == UINT16_MAX)
        return PTRD_ELIMIT;
    const char *copy = arena_strndup(scratch, bytes, len);
    if (!copy)
        return PTRD_ENOMEM;
    set->items[set->count++] = (struct span){(const uint8_t *)copy, len};
    return 0;
}

static bool is_ptrs(enum store_table table)
{
    return table == STORE_PTRS || table == STORE_LOCAL_PTRS;
}

static int read_names(struct arena *scratch, struct span value, struct set *out)
{
    struct store_ptr ptr;
    struct span name;
    size_t at = 0;
    int err = store_read_ptr(value, &ptr);
    out->ttl_s = err < 0 ? 0 : ptr.ttl_s;
    while (err == 0 && store_next_name(ptr.names, &at, &name) == PTRD_FOUND)
        err = set_append(scratch, out, name.bytes, name.len);
    return err;
}

static int read_contents(struct arena *scratch, struct span value, struct set *out)
{
    struct store_rrset rrset;
    struct span text;
    size_t at = 0;
    int err = store_read_rrset(value, &rrset);
    out->ttl_s = err < 0 ? 0 : rrset.ttl_s;
    while (err == 0 && store_next_content(rrset.contents, &at, &text) == PTRD_FOUND)
        err = set_append(scratch, out, text.bytes, text.len);
    return err;
}

int set_read(struct arena *scratch, enum store_table table, struct store_reader *r, struct span key,
             struct set *out)
{
    struct span value;
    struct name owner;
    uint16_t type = 0;
    *out = (struct set){.ttl_s = 0};
    int found = store_get(r, table, key, &value);
    if (found == PTRD_FOUND && !is_ptrs(table) && store_read_key_rrset(key, &owner, &type) < 0)
        return PTRD_ECORRUPT;
    if (found != PTRD_FOUND)
        return found;
    out->caseless = rdata_is_names(type);
    int err = is_ptrs(table) ? read_names(scratch, value, out) : read_contents(scratch, value, out);
    return err < 0 ? err : PTRD_FOUND;
}

static int by_bytes(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    int order = memcmp(x->bytes, y->bytes, x->len < y->len ? x->len : y->len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

static int by_text(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    size_t len = x->len < y->len ? x->len : y->len;
    int order = strncasecmp((const char *)x->bytes, (const char *)y->bytes, len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

typedef int item_order(const void *a, const void *b);

static item_order *order_of(const struct set *set)
{
    return set->caseless ? by_text : by_bytes;
}

/* Puts the last item, behind others that are sorted, where it belongs. */
static void insert_last(struct set *set)
{
    struct span last = set->items[set->count - 1];
    unsigned low = 0, high = set->count - 1;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (order_of(set)(&set->items[middle], &last) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    memmove(&set->items[low + 1], &set->items[low], (set->count - 1 - low) * sizeof *set->items);
    set->items[low] = last;
}

/* Sorted, each once. A large set that is fed record by record is sorted already but for the last.
 */
static void set_sort(struct set *set)
{
    unsigned kept = 0, sorted = set->count > 0;
    item_order *order = order_of(set);
    while (sorted < set->count && order(&set->items[sorted - 1], &set->items[sorted]) < 0)
        sorted++;
    if (sorted == set->count)
        return;
    if (sorted == set->count - 1)
        insert_last(set);
    else
        qsort(set->items, set->count, sizeof *set->items, order);
    for (unsigned i = 0; i < set->count; i++)
        if (kept == 0 || order(&set->items[kept - 1], &set->items[i]) != 0)
            set->items[kept++] = set->items[i];
    set->count = kept;
}

bool set_equal(struct set *a, struct set *b)
{
    set_sort(a);
    set_sort(b);
    if (a->ttl_s != b->ttl_s || a->count != b->count)
        return false;
    for (unsigned i = 0; i < a->count; i++)
        if (order_of(a)(&a->items[i], &b->items[i]) != 0)
            return false;
    return true;
}

static int encode_names(struct edit *e, const struct set *set, struct store_buf *parts)
{
    struct store_ptr row = {.ttl_s = set->ttl_s, .forward = FORWARD_UNSAID};
    int err = 0;
    for (unsigned i = 0; err == 0 && i < set->count; i++) {
        struct name name;
        err = name_from_wire(set->items[i].bytes, set->items[i].len, &name);
        if (err == 0)
            err = store_append_name(&name, parts);
    }
    row.count = (uint16_t)set->count;
    row.names = buf_span(parts);
    return err < 0 ? err : store_write_ptr(&row, &e->value);
}

static int encode_contents(struct edit *e, uint16_t type, const struct set *set,
                           struct store_buf *parts)
{
    struct store_rrset row = {.type = type, .ttl_s = set->ttl_s, .count = (uint16_t)set->count};
    int err = 0;
    for (unsigned i = 0; err == 0 && i < set->count; i++)
        err = store_append_content((const char *)set->items[i].bytes, set->items[i].len, parts);
    row.contents = buf_span(parts);
    return err < 0 ? err : store_write_rrset(&row, &e->value);
}

int set_write(struct edit *e, const struct place_kept *p, struct set *set)
{
    struct store_buf parts = {0};
    set_sort(set);
    int err =
        is_ptrs(p->local) ? encode_names(e, set, &parts) : encode_contents(e, p->type, set, &parts);
    store_buf_done(&parts);
    if (err == 0)
        err = place_key(p, &e->key);
    return err < 0 ? err : row_put(e, p->local, buf_span(&e->key), buf_span(&e->value));
}

/* --- records in ------------------------------------------------------------------------------- */

static int take_content(struct edit *e, const struct place_kept *p, const struct rdata *data,
                        struct set *set)
{
    struct name target;
    if (!is_ptrs(p->local))
        return set_append(&e->scratch, set, data->text, data->len);
    int found = rdata_target(RRTYPE_PTR, data->text, data->len, &target);
    if (found != PTRD_FOUND)
        return found < 0 ? found : PTRD_EINVAL;
    return set_append(&e->scratch, set, target.wire, target.len);
}

static int take_record(struct edit *e, const struct place_kept *p, const struct edit_record *r,
                       struct set *set, struct diag *diag)
{
    char subject[SUBJECT_SIZE];
    struct rdata data;
    print_subject(&r->owner, r->type, subject);
    if (!name_equal(&r->owner, &p->owner) || r->type != p->type)
        return diag_set(diag, PTRD_EINVAL, "%s: a record of another RRset is among those given",
                        subject);
    if (r->ttl_s > TTL_MAX_S)
        return diag_set(diag, PTRD_EINVAL, "%s: TTL %u is above 2147483647 (RFC 2181 8)", subject,
                        r->ttl_s);
    int err = rdata_parse(&r->owner, NULL, r->type, r->content, r->content_len, &data, diag);
    if (err < 0)
        return err;
    err = take_content(e, p, &data, set);
    rdata_done(&data);
    return err == PTRD_ELIMIT
               ? diag_set(diag, err, "%s: an RRset of more than %u records", subject, UINT16_MAX)
               : err;
}

/* --- generated values ------------------------------------------------------------------------- */

/* Is an item of the set the value of a generated row? */
static bool is_value(const struct place_kept *p, struct span item, const struct row *row)
{
    char text[ADDR_TEXT_SIZE];
    if (row->kind == ROW_NAME)
        return is_ptrs(p->local) && span_equal(item, row->bytes);
    if (row->kind != ROW_ADDR)
        return false;
    size_t len = addr_print(&row->addr, text);
    return span_equal(item, (struct span){(const uint8_t *)text, len});
}

static void leave_out(const struct place_kept *p, const struct row *row, struct set *set)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < set->count; i++)
        if (!is_value(p, set->items[i], row))
            set->items[kept++] = set->items[i];
    set->count = kept;
}

/* PowerDNS's tools add a value to an RRset by replacing what they looked up and the value: what was
 * generated comes along and is left out. Given alone it is meant: PTRD_FOUND. */
static int leave_out_generated(struct snapshot *s, const struct place_kept *p, struct set *set)
{
    struct question q = {.name = p->owner, .type = p->type, .zone_id = p->zone->id};
    struct answer a;
    set_sort(set);
    unsigned given = set->count;
    if (given == 0 || p->local == STORE_LOCAL_ABOVE)
        return PTRD_ABSENT;
    answer_init(&a);
    int err = resolve(s, &q, &a);
    for (uint32_t i = 0; err == 0 && i < a.count; i++)
        if (a.rows[i].source == ANSWER_GENERATED && a.rows[i].type == p->type)
            leave_out(p, &a.rows[i], set);
    answer_done(&a);
    if (err < 0 || set->count > 0)
        return err;
    set->count = given;
    return PTRD_FOUND;
}

/* DNSUPDATE adds in two steps where the TTL changes: it replaces what it looked up with the same in
 * the new TTL, then adds the value. The generated value, alone in the first step, was not meant. */
static int leave_out_restated(struct edit *e, const struct place_kept *p, struct set *set)
{
    struct snapshot was = e->snapshot;
    was.reader = e->committed;
    if (!name_equal(&e->restated, &p->owner) || e->restated_type != p->type)
        return 0;
    int found = leave_out_generated(&was, p, set);
    return found < 0 ? found : 0;
}

/* --- replace and add -------------------------------------------------------------------------- */

static int replace_set(struct edit *e, const struct place_kept *p,
                       const struct edit_record *records, size_t count, struct diag *diag)
{
    struct set set = {.ttl_s = count ? UINT32_MAX : 0,
                      .caseless = !is_ptrs(p->local) && rdata_is_names(p->type)};
    for (size_t i = 0; i < count; i++) {
        int err = take_record(e, p, &records[i], &set, diag);
        if (err < 0)
            return err;
        set.ttl_s = records[i].ttl_s < set.ttl_s ? records[i].ttl_s : set.ttl_s;
    }
    int alone = leave_out_generated(&e->snapshot, p, &set);
    if (alone == PTRD_FOUND) {
        e->restated = p->owner;
        e->restated_type = p->type;
    }
    return alone < 0 ? alone : set_write(e, p, &set);
}

struct delete_all {
    struct edit *e;
    const struct place_kept *like; /* owner and tables */
};

static int delete_one(void *ctx, struct span key, struct span value)
{
    struct delete_all *d = ctx;
    struct place_kept p = *d->like;
    struct set none = {.ttl_s = 0};
    (void)value;
    int err = store_read_key_rrset(key, &p.owner, &p.type);
    return err < 0 ? err : set_write(d->e, &p, &none);
}

/* All RRsets of a name: those of both origins become tombstones; those of nothing settle later. */
static int delete_all(struct edit *e, struct place_kept *p)
{
    struct store_buf from = {0};
    struct delete_all d = {.e = e, .like = p};
    struct set none = {.ttl_s = 0};
    struct addr addr;
    int err = store_key_rrset(&p->owner, 0, &from);
    struct span prefix = {from.bytes, from.len - 2}; /* without the type */
    if (err == 0)
        err = rows_each(e->reader, p->local, prefix, delete_one, &d);
    if (err == 0)
        err = rows_each(e->reader, p->source, prefix, delete_one, &d);
    store_buf_done(&from);
    if (err < 0 || p->local == STORE_LOCAL_ABOVE)
        return err;
    if (name_equal(&p->owner, &p->zone->apex))
        *zone_marks(e, p->zone) |= ZONE_SOA_GONE;
    if (!place_is_ptr(e->before, p->zone, &p->owner, &addr))
        return 0;
    struct place_kept ptr = *p;
    ptr.local = STORE_LOCAL_PTRS;
    ptr.addr = addr;
    return set_write(e, &ptr, &none);
}

static int replace(struct edit *e, int64_t zone_id, const struct name *owner, uint16_t type,
                   const struct edit_record *records, size_t count, struct diag *diag)
{
    struct place_kept p;
    char subject[SUBJECT_SIZE];
    print_subject(owner, type, subject);
    if (type == RRTYPE_ANY && count)
        return diag_set(diag, PTRD_EINVAL, "%s: ANY stands for all types and can only be deleted",
                        subject);
    int found = place_find(e, zone_id, owner, type, count == 0, &p, diag);
    if (found != PTRD_FOUND)
        return found;
    if (type == RRTYPE_ANY)
        return delete_all(e, &p);
    if (type != RRTYPE_SOA)
        return replace_set(e, &p, records, count, diag);
    if (count > 1)
        return diag_set(diag, PTRD_EINVAL, "%s: a zone has one SOA, not %zu", subject, count);
    if (count == 0) {
        *zone_marks(e, p.zone) |= ZONE_SOA_GONE;
        return 0;
    }
    return soa_set(e, p.zone, &records[0], diag);
}

/* What the RRset holds now: the local row, a tombstone too, else the source's. */
static int read_current(struct edit *e, const struct place_kept *p, struct set *out)
{
    int err = place_key(p, &e->key);
    int found = err < 0 ? err : set_read(&e->scratch, p->local, e->reader, buf_span(&e->key), out);
    if (found == PTRD_ABSENT)
        found = set_read(&e->scratch, p->source, e->reader, buf_span(&e->key), out);
    return found < 0 ? found : 0;
}

static int add(struct edit *e, int64_t zone_id, const struct edit_record *r, struct diag *diag)
{
    struct place_kept p;
    struct set set;
    int found = place_find(e, zone_id, &r->owner, r->type, false, &p, diag);
    if (found != PTRD_FOUND)
        return found;
    if (r->type == RRTYPE_SOA)
        return soa_set(e, p.zone, r, diag);
    int err = read_current(e, &p, &set);
    if (err == 0)
        err = take_record(e, &p, r, &set, diag);
    set.ttl_s = r->ttl_s;
    set.caseless = !is_ptrs(p.local) && rdata_is_names(p.type);
    if (err == 0)
        err = leave_out_restated(e, &p, &set);
    return err < 0 ? err : set_write(e, &p, &set);
}

int edit_replace(struct edit *e, int64_t zone_id, const struct name *owner, uint16_t type,
                 const struct edit_record *records, size_t count, struct diag *diag)
{
    int err = edit_enter(e, diag);
    e->restated.len = 0;
    if (err == 0)
        err = replace(e, zone_id, owner, type, records, count, diag);
    return edit_end(e, err, diag);
}

int edit_add(struct edit *e, int64_t zone_id, const struct edit_record *record, struct diag *diag)
{
    int err = edit_enter(e, diag);
    if (err == 0)
        err = add(e, zone_id, record, diag);
    return edit_end(e, err, diag);
}
