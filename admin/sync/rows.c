#include "load_p.h"
#include "ptrd/core/rrtype.h"
#include "ptrd/resolve/metadata.h"

#include <stdlib.h>
#include <string.h>

#define PROGRESS_EVERY 65536

/* Local PTRs derive names too, which are in no digest. */
static int derived_changed(struct loader *l, struct span key)
{
    struct name target;
    struct addr addr;
    int err = store_read_key_derived(key, &target, &addr);
    const struct zone *z = err ? NULL : table_zone_for(l->t, &target);
    if (z)
        l->zones[zone_index(l->t, z)].differs = true;
    return err;
}

int rows_changed(void *ctx, enum store_table table, struct span key, struct span old_value,
                 struct span new_value)
{
    struct loader *l = ctx;
    l->changed = true;
    if (!old_value.bytes)
        l->report->inserted++;
    else if (!new_value.bytes)
        l->report->deleted++;
    else
        l->report->changed++;
    if (table == STORE_ZONES) {
        l->report->zones_added += !old_value.bytes;
        l->report->zones_removed += !new_value.bytes;
    }
    purges_row(l, table, key, old_value, new_value);
    return table == STORE_DERIVED && l->has_local ? derived_changed(l, key) : 0;
}

static int row_changed(void *ctx, struct span key, struct span old_value, struct span new_value)
{
    struct loader *l = ctx;
    int err = l->wishes->ptrs ? kept_row(l, key, old_value, new_value) : 0;
    return err ? err : rows_changed(l, l->table, key, old_value, new_value);
}

static void rows_progress(struct loader *l)
{
    if (l->progress && l->total > 0 && (l->done % PROGRESS_EVERY == 0 || l->done == l->total))
        l->progress(l->progress_ctx, l->phase, l->done, l->total);
}

int rows_write(struct loader *l, enum store_table table, const char *phase, uint64_t total,
               int (*next)(void *, struct span *, struct span *))
{
    struct store_stream stream = {.next = next, .changed = row_changed, .ctx = l};
    l->table = table;
    l->phase = phase;
    l->at = l->done = 0;
    l->at_local = 0;
    l->total = total;
    l->changed = false;
    return store_write_table(l->w, table, &stream);
}

int row_ready(struct loader *l, int err, uint64_t used, struct span *key, struct span *value)
{
    if (err)
        return err;
    *key = span_of(&l->key);
    *value = span_of(&l->value);
    for (; used > 0; used--) {
        l->done++;
        rows_progress(l);
    }
    return PTRD_FOUND;
}

static int zone_next(void *ctx, struct span *key, struct span *value)
{
    struct loader *l = ctx;
    if (l->at == l->m->zone_count)
        return PTRD_ABSENT;
    const struct model_zone *z = &l->m->zones[l->at++];
    int err = store_key_name(&z->apex, &l->key);
    if (!err)
        err = store_write_zone(&z->settings, &l->value);
    return row_ready(l, err, 1, key, value);
}

int rows_zones(struct loader *l)
{
    return rows_write(l, STORE_ZONES, "zones", l->m->zone_count, zone_next);
}

static struct span text_span(const char *text)
{
    return (struct span){(const uint8_t *)(text ? text : ""), text ? strlen(text) : 0};
}

static int block_next(void *ctx, struct span *key, struct span *value)
{
    struct loader *l = ctx;
    if (l->at == l->m->block_count)
        return PTRD_ABSENT;
    const struct model_block *b = &l->m->blocks[l->at++];
    struct store_block row = {.range = b->range,
                              .text = text_span(b->text),
                              .ttl_s = b->ttl_s,
                              .flags = b->flags,
                              .kind = b->kind};
    if (b->var_count > STORE_VARS_MAX)
        return PTRD_ELIMIT;
    row.var_count = (uint8_t)b->var_count;
    for (unsigned i = 0; i < b->var_count; i++) {
        row.vars[i].name = text_span(b->vars[i].name);
        row.vars[i].value = text_span(b->vars[i].value);
    }
    int err = store_key_block(&row.range, &l->key);
    if (!err)
        err = store_write_block(&row, &l->value);
    return row_ready(l, err, 1, key, value);
}

int rows_blocks(struct loader *l)
{
    return rows_write(l, STORE_BLOCKS, "blocks", l->m->block_count, block_next);
}

/* --- PTRs --- */

static uint32_t ptr_ttl(const struct loader *l, const struct model_ptr *p, uint32_t zone)
{
    return p->ttl_s != MODEL_TTL_UNSAID ? p->ttl_s : l->m->zones[zone].settings.ttl_s;
}

/* The PTRs of one address -> l->parts, *row; returns how many or an error. */
static int ptr_gather(struct loader *l, uint32_t zone, struct store_ptr *row)
{
    const struct model *m = l->m;
    const struct model_ptr *first = &m->ptrs[l->at];
    uint64_t end = l->at;
    int err = 0;
    l->parts.len = 0;
    *row = (struct store_ptr){.ttl_s = UINT32_MAX, .forward = FORWARD_UNSAID};
    for (; !err && end < m->ptr_count; end++) {
        const struct model_ptr *p = &m->ptrs[end];
        if (p->num != first->num || p->family != first->family)
            break;
        uint32_t ttl_s = ptr_ttl(l, p, zone);
        struct span wire = model_target(m, p);
        row->ttl_s = ttl_s < row->ttl_s ? ttl_s : row->ttl_s;
        row->forward = row->forward == FORWARD_UNSAID ? p->forward : row->forward;
        err = octets_append(&l->parts, wire.bytes, wire.len);
        if (!err && ++row->count == UINT16_MAX)
            err = PTRD_ELIMIT;
    }
    row->names = span_of(&l->parts);
    return err ? err : row->count;
}

static int ptr_next(void *ctx, struct span *key, struct span *value)
{
    struct loader *l = ctx;
    if (l->at == l->m->ptr_count)
        return PTRD_ABSENT;
    const struct model_ptr *p = &l->m->ptrs[l->at];
    bool v4 = p->family == FAMILY_IPV4;
    struct addr addr = {.num = p->num, .family = v4 ? FAMILY_IPV4 : FAMILY_IPV6};
    uint32_t zone =
        reverse_next(reverse_of(&l->reverse, addr.family), addr.num, v4 ? &l->at_v4 : &l->at_v6);
    if (zone == TABLE_NONE)
        return PTRD_EINVAL; /* check_model refuses PTRs outside our zones */
    struct store_ptr row;
    int count = ptr_gather(l, zone, &row);
    if (count < 0)
        return count;
    l->at += (unsigned)count;
    uint8_t flags = local_hides(&l->local_ptrs, &addr) ? 0 : DERIVED_IN_FORCE;
    int err = derived_add(l, &addr, &row, DERIVED_SOURCE | flags);
    if (!err)
        err = store_key_addr(&addr, &l->key);
    if (!err)
        err = store_write_ptr(&row, &l->value);
    if (!err) /* without the first octet: `forward:` changes no answer of the reverse zone */
        digest_row(&l->digests, zone, DIGEST_PTR, span_of(&l->key),
                   (struct span){l->value.bytes + 1, l->value.len - 1});
    return row_ready(l, err, (unsigned)count, key, value);
}

int rows_ptrs(struct loader *l)
{
    l->at_v4 = l->at_v6 = 0;
    return rows_write(l, STORE_PTRS, "ptrs", l->m->ptr_count, ptr_next);
}

/* The names that servers of ours may have are few: their addresses are glue elsewhere. */
static int derived_glue(struct loader *l, const struct derived_row *row)
{
    struct name target;
    struct addr addr;
    if (!l->glue.count)
        return 0;
    int err = store_read_key_derived(row->key, &target, &addr);
    if (!err)
        glue_digest(&l->glue, &l->digests, &target, row->key, span_of(&l->value));
    return err;
}

static int derived_next_row(void *ctx, struct span *key, struct span *value)
{
    struct loader *l = ctx;
    struct derived_row row = {.flags = 0};
    uint64_t used = 0;
    int err = 0;
    while (!err && !(row.flags & DERIVED_IN_FORCE)) {
        int found = derived_get(l, &row);
        if (found != PTRD_FOUND)
            return found;
        used++;
        /* an RRset without contents is its TTL alone */
        err = store_write_rrset(&(struct store_rrset){.ttl_s = row.ttl_s}, &l->value);
        if (!err && row.flags & DERIVED_SOURCE) {
            digest_row(&l->digests, row.zone, DIGEST_DERIVED, row.key, span_of(&l->value));
            err = derived_glue(l, &row);
        }
    }
    err = row_ready(l, err, used, key, value);
    *key = row.key;
    return err;
}

int rows_derived(struct loader *l)
{
    int err = l->derived ? sorter_finish(l->derived) : 0;
    uint64_t count = l->derived ? sorter_count(l->derived) : 0;
    if (!err)
        err = rows_write(l, STORE_DERIVED, "derived names", count, derived_next_row);
    sorter_free(l->derived);
    l->derived = NULL;
    return err;
}

/* --- records --- */

static bool is_address(uint16_t type)
{
    return type == RRTYPE_A || type == RRTYPE_AAAA;
}

static void record_digest(struct loader *l, const struct model_record *r)
{
    const struct zone *z = table_zone_for(l->t, &r->owner);
    if (!z)
        return;
    digest_row(&l->digests, zone_index(l->t, z), DIGEST_RECORD, span_of(&l->key),
               span_of(&l->value));
    /* the parent answers with the NS of its child's apex, and with the addresses of the servers */
    if (r->type == RRTYPE_NS && z->parent != TABLE_NONE && name_equal(&z->apex, &r->owner))
        digest_row(&l->digests, z->parent, DIGEST_CHILD, span_of(&l->key), span_of(&l->value));
    if (is_address(r->type))
        glue_digest(&l->glue, &l->digests, &r->owner, span_of(&l->key), span_of(&l->value));
}

/* Held by a zone above the owner's own: the one next above shows NS and DS, any of them may show
 * an address as glue. */
static void above_digest(struct loader *l, const struct model_record *r)
{
    const struct zone *z = table_zone_for(l->t, &r->owner);
    uint32_t zone = z ? z->parent : TABLE_NONE;
    for (; zone != TABLE_NONE; zone = l->t->zones[zone].parent) {
        digest_row(&l->digests, zone, DIGEST_ABOVE, span_of(&l->key), span_of(&l->value));
        if (!is_address(r->type))
            return;
    }
}

/* The RRset that begins at l->at -> l->key, l->value; returns how many records, or an error. */
static int rrset_gather(struct loader *l, const struct model_record *records, uint32_t count)
{
    const struct model_record *first = &records[l->at];
    struct store_rrset row = {.type = first->type, .ttl_s = first->ttl_s};
    int err = 0;
    l->parts.len = 0;
    while (!err && l->at < count) {
        const struct model_record *r = &records[l->at];
        if (r->type != first->type || !name_equal(&r->owner, &first->owner))
            break;
        row.ttl_s = r->ttl_s < row.ttl_s ? r->ttl_s : row.ttl_s;
        err = store_append_content(r->content, r->content_len, &l->parts);
        if (!err && ++row.count == UINT16_MAX)
            err = PTRD_ELIMIT;
        l->at++;
    }
    row.contents = span_of(&l->parts);
    if (!err)
        err = store_key_rrset(&first->owner, first->type, &l->key);
    if (!err)
        err = store_write_rrset(&row, &l->value);
    return err ? err : row.count;
}

static int record_next(void *ctx, struct span *key, struct span *value)
{
    struct loader *l = ctx;
    if (l->at == l->m->record_count)
        return PTRD_ABSENT;
    const struct model_record *first = &l->m->records[l->at];
    int count = rrset_gather(l, l->m->records, l->m->record_count);
    if (count < 0)
        return count;
    record_digest(l, first);
    return row_ready(l, 0, (unsigned)count, key, value);
}

int rows_records(struct loader *l)
{
    return rows_write(l, STORE_RECORDS, "records", l->m->record_count, record_next);
}

static int above_next(void *ctx, struct span *key, struct span *value)
{
    struct loader *l = ctx;
    if (l->at == l->m->above_count)
        return PTRD_ABSENT;
    const struct model_record *first = &l->m->above[l->at];
    int count = rrset_gather(l, l->m->above, l->m->above_count);
    if (count < 0)
        return count;
    above_digest(l, first);
    return row_ready(l, 0, (unsigned)count, key, value);
}

int rows_above(struct loader *l)
{
    return rows_write(l, STORE_ABOVE, "records", l->m->above_count, above_next);
}

/* --- delegations, as written: the records that they stand for are among the model's records --- */

static int delegation_next(void *ctx, struct span *key, struct span *value)
{
    struct loader *l = ctx;
    if (l->at == l->m->delegation_count)
        return PTRD_ABSENT;
    const struct model_delegation *d = &l->m->delegations[l->at++];
    struct store_delegation row = {.child = d->child, .ttl_s = d->ttl_s};
    struct store_buf ds = {0};
    int err = 0;
    l->parts.len = 0;
    for (unsigned i = 0; !err && i < d->ns_count; i++)
        err = store_append_name(&d->ns[i], &l->parts);
    for (unsigned i = 0; !err && i < d->ds_count; i++)
        err = store_append_content(d->ds[i], strlen(d->ds[i]), &ds);
    row.ns = span_of(&l->parts);
    row.ds = span_of(&ds);
    if (!err)
        err = store_key_delegation(&d->prefix, &l->key);
    if (!err)
        err = store_write_delegation(&row, &l->value);
    store_buf_done(&ds);
    return row_ready(l, err, 1, key, value);
}

int rows_delegations(struct loader *l)
{
    return rows_write(l, STORE_DELEGATIONS, "delegations", l->m->delegation_count, delegation_next);
}

/* --- metadata: by zone id, which is not the order of zones --- */

struct metadata_ref {
    uint32_t id, zone;
    const struct model_metadata *item;
};

static int metadata_compare(const void *a, const void *b)
{
    const struct metadata_ref *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return strcmp(x->item->kind, y->item->kind);
}

static int metadata_next(void *ctx, struct span *key, struct span *value)
{
    struct loader *l = ctx;
    if (l->at == l->metadata_count)
        return PTRD_ABSENT;
    const struct metadata_ref *ref = &l->metadata[l->at++];
    l->value.len = 0;
    int err = store_key_metadata(ref->id, ref->item->kind, &l->key);
    for (unsigned i = 0; !err && i < ref->item->value_count; i++) {
        const char *text = ref->item->values[i];
        err = store_append_content(text, strlen(text), &l->value);
    }
    struct span kind = text_span(ref->item->kind);
    if (!err && resolve_metadata_answers(kind))
        digest_row(&l->digests, ref->zone, DIGEST_METADATA, kind, span_of(&l->value));
    return row_ready(l, err, 1, key, value);
}

int rows_metadata(struct loader *l)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < l->m->zone_count; i++)
        count += l->m->zones[i].metadata_count;
    l->metadata = calloc(count + 1, sizeof *l->metadata);
    if (!l->metadata)
        return PTRD_ENOMEM;
    l->metadata_count = 0;
    for (uint32_t i = 0; i < l->m->zone_count; i++) {
        for (unsigned j = 0; j < l->m->zones[i].metadata_count; j++)
            l->metadata[l->metadata_count++] = (struct metadata_ref){
                .id = l->zones[i].row.id, .zone = i, .item = &l->m->zones[i].metadata[j]};
    }
    qsort(l->metadata, l->metadata_count, sizeof *l->metadata, metadata_compare);
    int err = rows_write(l, STORE_METADATA, "metadata", count, metadata_next);
    free(l->metadata);
    l->metadata = NULL;
    return err;
}
