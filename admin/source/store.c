/* The store as a source: zones, blocks, delegations and what is in force of both origins. */
#include "ptrd/source/store.h"

#include "ptrd/core/rrtype.h"
#include "store_p.h"

#include <stdlib.h>
#include <string.h>

struct reading {
    struct store_reader *r;
    struct model *m;
    struct table *zones; /* the zones only; refs are indices of m->zones */
    struct store_buf key;
    bool cuts_pass; /* of records: NS and DNAMEs, or all others */
};

typedef int row_fn(struct reading *g, struct span key, struct span value);

static int each_row(struct reading *g, enum store_table table, row_fn *fn)
{
    struct span key = {.bytes = (const uint8_t *)"", .len = 0}, value;
    int found = store_seek(g->r, table, key, &key, &value);
    while (found == PTRD_FOUND) {
        int err = fn(g, key, value);
        if (err < 0)
            return err;
        found = store_next(g->r, table, &key, &value);
    }
    return found;
}

static struct span span_of(const struct store_buf *buf)
{
    return (struct span){buf->bytes, buf->len};
}

static const char *keep(struct model *m, struct span text)
{
    return model_strndup(m, (const char *)text.bytes, text.len);
}

/* --- zones ------------------------------------------------------------------------------------ */

static unsigned count_strings(struct span value)
{
    size_t at = 0;
    struct span item;
    unsigned count = 0;
    while (store_next_string(value, &at, &item) == PTRD_FOUND)
        count++;
    return count;
}

static int read_values(struct model *m, struct span value, struct model_metadata *out)
{
    size_t at = 0;
    struct span item;
    int found;
    out->values = model_alloc(m, (count_strings(value) + 1) * sizeof *out->values);
    if (!out->values)
        return PTRD_ENOMEM;
    while ((found = store_next_string(value, &at, &item)) == PTRD_FOUND) {
        const char *text = keep(m, item);
        if (!text)
            return PTRD_ENOMEM;
        out->values[out->value_count++] = text;
    }
    return found;
}

#define METADATA_KINDS_MAX 1024

struct metadata {
    struct model_metadata all[METADATA_KINDS_MAX];
    unsigned count;
};

/* One table's kinds of a zone; a local one stands in front of the source's, and says by an empty
 * list that there is none. */
static int read_kinds(struct reading *g, enum store_table table, uint32_t id, struct metadata *out)
{
    struct span key, value, kind, local;
    uint32_t owner;
    int err = store_key_zone_id(id, &g->key);
    int found = err < 0 ? err : store_seek(g->r, table, span_of(&g->key), &key, &value);
    for (; found == PTRD_FOUND; found = store_next(g->r, table, &key, &value)) {
        err = store_read_key_metadata(key, &owner, &kind);
        if (err < 0 || owner != id)
            return err;
        int hidden = table == STORE_LOCAL_METADATA
                         ? value.len == 0
                         : store_get(g->r, STORE_LOCAL_METADATA, key, &local);
        if (hidden < 0)
            return hidden;
        if (hidden)
            continue;
        if (out->count == METADATA_KINDS_MAX)
            return PTRD_ELIMIT;
        struct model_metadata *d = &out->all[out->count++];
        *d = (struct model_metadata){.kind = keep(g->m, kind)};
        err = d->kind ? read_values(g->m, value, d) : PTRD_ENOMEM;
        if (err < 0)
            return err;
    }
    return found;
}

static int compare_kinds(const void *a, const void *b)
{
    return strcmp(((const struct model_metadata *)a)->kind,
                  ((const struct model_metadata *)b)->kind);
}

static int read_metadata(struct reading *g, struct model_zone *z, uint32_t id)
{
    struct metadata *found = calloc(1, sizeof *found);
    if (!found)
        return PTRD_ENOMEM;
    int err = read_kinds(g, STORE_METADATA, id, found);
    if (err == 0)
        err = read_kinds(g, STORE_LOCAL_METADATA, id, found);
    if (err == 0) {
        qsort(found->all, found->count, sizeof *found->all, compare_kinds);
        z->metadata = model_alloc(g->m, (found->count + 1) * sizeof *found->all);
        err = z->metadata ? 0 : PTRD_ENOMEM;
    }
    if (err == 0) {
        memcpy(z->metadata, found->all, found->count * sizeof *found->all);
        z->metadata_count = found->count;
    }
    free(found);
    return err;
}

/* "MNAME RNAME SERIAL REFRESH RETRY EXPIRE MINIMUM" of a local SOA; the serial is elsewhere. */
static int read_soa_text(struct span text, struct store_soa *out)
{
    char fields[7][NAME_TEXT_SIZE + 1];
    size_t at = 0;
    for (unsigned i = 0; i < 7; i++) {
        size_t len = 0;
        while (at + len < text.len && text.bytes[at + len] != ' ')
            len++;
        if (len == 0 || len >= sizeof fields[i])
            return PTRD_ECORRUPT;
        memcpy(fields[i], text.bytes + at, len);
        fields[i][len] = '\0';
        at += len + 1;
    }
    if (at != text.len + 1 || name_parse(fields[0], strlen(fields[0]), &out->mname, NULL) ||
        name_parse(fields[1], strlen(fields[1]), &out->rname, NULL))
        return PTRD_ECORRUPT;
    uint32_t *const numbers[] = {&out->refresh_s, &out->retry_s, &out->expire_s, &out->minimum_s};
    for (unsigned i = 0; i < 4; i++) {
        char *end;
        unsigned long value = strtoul(fields[3 + i], &end, 10);
        if (*end || value > UINT32_MAX)
            return PTRD_ECORRUPT;
        *numbers[i] = (uint32_t)value;
    }
    return 0;
}

static int read_local_soa(struct reading *g, struct model_zone *z)
{
    struct span value, text;
    struct store_rrset set;
    size_t at = 0;
    int err = store_key_rrset(&z->apex, RRTYPE_SOA, &g->key);
    int found = err < 0 ? err : store_get(g->r, STORE_LOCAL_RECORDS, span_of(&g->key), &value);
    if (found != PTRD_FOUND)
        return found;
    err = store_read_rrset(value, &set);
    if (err < 0 || store_next_content(set.contents, &at, &text) != PTRD_FOUND)
        return err;
    z->settings.ttl_s = set.ttl_s;
    return read_soa_text(text, &z->settings.soa);
}

static int read_zone(struct reading *g, struct span key, struct span value)
{
    struct store_zone_id id;
    struct span id_value;
    struct model_zone *z = model_add_zone(g->m);
    if (!z)
        return PTRD_ENOMEM;
    int err = name_from_key(key.bytes, key.len, &z->apex);
    if (err == 0)
        err = store_read_zone(value, &z->settings);
    if (err < 0)
        return err;
    int found = store_get(g->r, STORE_ZONE_IDS, key, &id_value);
    if (found != PTRD_FOUND)
        return found < 0 ? found : PTRD_ECORRUPT;
    err = store_read_zone_id(id_value, &id);
    if (err < 0)
        return err;
    z->has_serial = true;
    z->serial = id.serial;
    err = read_local_soa(g, z);
    return err < 0 ? err : read_metadata(g, z, id.id);
}

/* --- blocks and delegations ------------------------------------------------------------------- */

static int read_block(struct reading *g, struct span key, struct span value)
{
    struct store_block s;
    struct model_block *b = model_add_block(g->m);
    if (!b)
        return PTRD_ENOMEM;
    int err = store_read_block(key, value, &s);
    if (err < 0)
        return err;
    *b = (struct model_block){.range = s.range,
                              .ttl_s = s.ttl_s,
                              .flags = s.flags,
                              .kind = s.kind,
                              .var_count = s.var_count};
    b->vars = model_alloc(g->m, (s.var_count + 1u) * sizeof *b->vars);
    if (s.text.len)
        b->text = keep(g->m, s.text);
    if (!b->vars || (s.text.len && !b->text))
        return PTRD_ENOMEM;
    for (unsigned i = 0; i < s.var_count; i++) {
        b->vars[i] = (struct template_var){.name = keep(g->m, s.vars[i].name),
                                           .value = keep(g->m, s.vars[i].value)};
        if (!b->vars[i].name || !b->vars[i].value)
            return PTRD_ENOMEM;
    }
    return 0;
}

static int read_delegation(struct reading *g, struct span key, struct span value)
{
    struct store_delegation s;
    struct span item;
    size_t at = 0;
    struct model_delegation *d = model_add_delegation(g->m);
    if (!d)
        return PTRD_ENOMEM;
    int err = store_read_delegation(key, value, &s);
    if (err < 0)
        return err;
    *d = (struct model_delegation){.prefix = s.prefix, .child = s.child, .ttl_s = s.ttl_s};
    d->ns = model_alloc(g->m, (s.ns_count + 1u) * sizeof *d->ns);
    d->ds = model_alloc(g->m, (s.ds_count + 1u) * sizeof *d->ds);
    if (!d->ns || !d->ds)
        return PTRD_ENOMEM;
    while (store_next_name(s.ns, &at, &item) == PTRD_FOUND)
        if (name_from_wire(item.bytes, item.len, &d->ns[d->ns_count++]))
            return PTRD_ECORRUPT;
    for (at = 0; store_next_content(s.ds, &at, &item) == PTRD_FOUND; d->ds_count++) {
        d->ds[d->ds_count] = keep(g->m, item);
        if (!d->ds[d->ds_count])
            return PTRD_ENOMEM;
    }
    return 0;
}

/* --- what stands in front of what ------------------------------------------------------------- */

/* A local RRset with contents of this owner and type. */
static int has_local(struct reading *g, enum store_table table, const struct name *owner,
                     uint16_t type)
{
    struct span value;
    struct store_rrset set;
    int err = store_key_rrset(owner, type, &g->key);
    int found = err < 0 ? err : store_get(g->r, table, span_of(&g->key), &value);
    if (found != PTRD_FOUND)
        return found;
    err = store_read_rrset(value, &set);
    return err < 0 ? err : set.count ? PTRD_FOUND : PTRD_ABSENT;
}

/* Local PTRs at a name: they are kept by address where it is the PTR name of one. */
static int has_local_ptrs(struct reading *g, const struct name *owner)
{
    struct arpa arpa;
    struct store_ptr p;
    struct span value;
    const struct zone *zone = table_zone_for(g->zones, owner);
    if (!zone || !zone->reverse)
        return PTRD_ABSENT;
    table_reverse_parse(g->zones, zone, owner, &arpa);
    struct addr addr = {.num = arpa.prefix.num, .family = arpa.prefix.family};
    if (arpa.kind != ARPA_FULL || table_home(g->zones, &addr) != zone)
        return PTRD_ABSENT;
    int err = store_key_addr(&addr, &g->key);
    int found = err < 0 ? err : store_get(g->r, STORE_LOCAL_PTRS, span_of(&g->key), &value);
    if (found != PTRD_FOUND)
        return found;
    err = store_read_ptr(value, &p);
    return err < 0 ? err : p.count ? PTRD_FOUND : PTRD_ABSENT;
}

/* Any local RRset with contents at a name. */
static int has_any_local(struct reading *g, enum store_table table, const struct name *owner)
{
    struct span key, value;
    struct store_rrset set;
    int err = store_key_rrset(owner, 0, &g->key);
    if (err < 0)
        return err;
    size_t len = g->key.len - 2; /* without the type: all of the owner begin so */
    int found = store_seek(g->r, table, span_of(&g->key), &key, &value);
    for (; found == PTRD_FOUND; found = store_next(g->r, table, &key, &value)) {
        if (key.len != len + 2 || memcmp(key.bytes, g->key.bytes, len) != 0)
            break;
        err = store_read_rrset(value, &set);
        if (err < 0 || set.count)
            return err < 0 ? err : PTRD_FOUND;
    }
    if (found < 0 || table != STORE_LOCAL_RECORDS)
        return found < 0 ? found : PTRD_ABSENT;
    return has_local_ptrs(g, owner);
}

/* Does something local stand in front of a row of the source? */
static int is_hidden(struct reading *g, enum store_table local, struct span key,
                     const struct name *owner, uint16_t type)
{
    struct span value;
    int found = store_get(g->r, local, key, &value);
    if (found == PTRD_ABSENT)
        found = has_local(g, local, owner, RRTYPE_CNAME);
    if (found == PTRD_ABSENT && type == RRTYPE_CNAME)
        found = has_any_local(g, local, owner);
    return found;
}

/* --- explicit PTRs ---------------------------------------------------------------------------- */

static int add_ptrs(struct reading *g, const struct addr *addr, struct span value)
{
    struct store_ptr p;
    struct span wire;
    size_t at = 0;
    int err = store_read_ptr(value, &p);
    while (err == 0 && store_next_name(p.names, &at, &wire) == PTRD_FOUND) {
        struct name target;
        err = name_from_wire(wire.bytes, wire.len, &target);
        if (err == 0)
            err = model_add_ptr(g->m, addr, &target, p.ttl_s, (enum ptr_forward)p.forward, 0, 0);
    }
    return err;
}

static int read_ptr(struct reading *g, struct span key, struct span value)
{
    struct addr addr;
    struct name name;
    struct span local;
    int err = store_read_key_addr(key, &addr);
    if (err < 0)
        return err;
    int found = store_get(g->r, STORE_LOCAL_PTRS, key, &local);
    if (found == PTRD_ABSENT) {
        table_reverse_name(g->zones, &addr, &name);
        found = has_local(g, STORE_LOCAL_RECORDS, &name, RRTYPE_CNAME);
    }
    return found == PTRD_ABSENT ? add_ptrs(g, &addr, value) : found < 0 ? found : 0;
}

/* Local rows outlive the zones that they were accepted for; those of no zone are not in force. */
static int read_local_ptr(struct reading *g, struct span key, struct span value)
{
    struct addr addr;
    int err = store_read_key_addr(key, &addr);
    return err < 0 || !table_home(g->zones, &addr) ? err : add_ptrs(g, &addr, value);
}

/* --- records ---------------------------------------------------------------------------------- */

typedef struct model_record *add_fn(struct model *m);

static int add_records(struct reading *g, add_fn *add, const struct model_record *common,
                       struct span value)
{
    struct store_rrset set;
    struct span text;
    size_t at = 0;
    int err = store_read_rrset(value, &set);
    while (err == 0 && store_next_content(set.contents, &at, &text) == PTRD_FOUND) {
        struct model_record *r = add(g->m);
        if (!r)
            return PTRD_ENOMEM;
        *r = *common;
        r->ttl_s = set.ttl_s;
        r->content = keep(g->m, text);
        r->content_len = text.len;
        if (!r->content)
            return PTRD_ENOMEM;
    }
    return err;
}

static int read_rrset(struct reading *g, struct span key, struct span value)
{
    struct model_record r = {.content = NULL};
    int err = store_read_key_rrset(key, &r.owner, &r.type);
    if (err < 0 || g->cuts_pass != (r.type == RRTYPE_NS || r.type == RRTYPE_DNAME))
        return err;
    int hidden = is_hidden(g, STORE_LOCAL_RECORDS, key, &r.owner, r.type);
    r.place.column = hidden == PTRD_FOUND ? MARK_HIDDEN : MARK_SOURCE;
    return hidden < 0 ? hidden : add_records(g, model_add_record, &r, value);
}

static int read_local_rrset(struct reading *g, struct span key, struct span value)
{
    struct model_record r = {.place = {.column = MARK_LOCAL}};
    int err = store_read_key_rrset(key, &r.owner, &r.type);
    if (err < 0 || r.type == RRTYPE_SOA || !table_zone_for(g->zones, &r.owner))
        return err;
    return add_records(g, model_add_record, &r, value);
}

/* The zone that holds what stands above the apex of the owner's zone. PTRD_ABSENT: no zone of ours
 * does. */
static int holder_above(const struct reading *g, struct model_record *r)
{
    const struct zone *own = table_zone_for(g->zones, &r->owner);
    if (!own || own->parent == TABLE_NONE)
        return PTRD_ABSENT;
    if ((r->type == RRTYPE_NS || r->type == RRTYPE_DS) && !name_equal(&own->apex, &r->owner))
        return PTRD_ABSENT;
    r->in = g->zones->zones[own->parent].apex;
    return PTRD_FOUND;
}

static int read_above(struct reading *g, struct span key, struct span value)
{
    struct model_record r = {.content = NULL};
    int err = store_read_key_rrset(key, &r.owner, &r.type);
    if (err < 0 || holder_above(g, &r) != PTRD_FOUND)
        return err;
    int hidden = is_hidden(g, STORE_LOCAL_ABOVE, key, &r.owner, r.type);
    r.place.column = hidden == PTRD_FOUND ? MARK_HIDDEN : MARK_SOURCE;
    return hidden < 0 ? hidden : add_records(g, model_add_above, &r, value);
}

static int read_local_above(struct reading *g, struct span key, struct span value)
{
    struct model_record r = {.place = {.column = MARK_LOCAL}};
    int err = store_read_key_rrset(key, &r.owner, &r.type);
    if (err < 0 || holder_above(g, &r) != PTRD_FOUND)
        return err;
    return add_records(g, model_add_above, &r, value);
}

/* --- all of it -------------------------------------------------------------------------------- */

static void find_listed_ns(struct reading *g)
{
    for (uint32_t i = 0; i < g->m->record_count; i++) {
        const struct model_record *r = &g->m->records[i];
        if (r->type != RRTYPE_NS || r->place.column == MARK_HIDDEN)
            continue;
        const struct zone *zone = table_zone_for(g->zones, &r->owner);
        if (!zone || !name_equal(&zone->apex, &r->owner))
            continue;
        struct model_zone *z = &g->m->zones[zone->ref];
        z->listed_ns |= r->place.column == MARK_LOCAL || model_ns_beside(z, r);
    }
}

/* model_expand sees the source's cuts as they were when it was loaded, hidden ones included: so it
 * makes what it made then, and refuses nothing. */
static int read_made(struct reading *g, struct diag *diag)
{
    g->cuts_pass = true;
    int err = each_row(g, STORE_RECORDS, read_rrset);
    if (err == 0) {
        store_mark_makers(g->m);
        err = model_expand(g->m, diag);
        diag->line = diag->column = 0; /* marks */
    }
    g->cuts_pass = false;
    return err;
}

static int read_tables(struct reading *g, struct diag *diag)
{
    int err = each_row(g, STORE_ZONES, read_zone);
    if (err == 0)
        err = model_zone_table(g->m, &g->zones);
    if (err == 0)
        err = each_row(g, STORE_DELEGATIONS, read_delegation);
    if (err == 0)
        err = read_made(g, diag);
    if (err == 0)
        err = each_row(g, STORE_BLOCKS, read_block);
    if (err == 0)
        err = each_row(g, STORE_PTRS, read_ptr);
    if (err == 0)
        err = each_row(g, STORE_LOCAL_PTRS, read_local_ptr);
    if (err == 0)
        err = each_row(g, STORE_RECORDS, read_rrset);
    if (err == 0)
        err = each_row(g, STORE_LOCAL_RECORDS, read_local_rrset);
    if (err == 0)
        err = each_row(g, STORE_ABOVE, read_above);
    if (err == 0)
        err = each_row(g, STORE_LOCAL_ABOVE, read_local_above);
    if (err == 0) {
        find_listed_ns(g);
        err = store_settle_made(g->m);
    }
    return err;
}

int source_store_read(struct store *s, const char *path, struct model **out, struct diag *diag)
{
    return source_store_read_spilling(s, path, NULL, 0, out, diag);
}

int source_store_read_spilling(struct store *s, const char *path, const char *dir, size_t memory,
                               struct model **out, struct diag *diag)
{
    struct reading g = {.r = NULL};
    struct store_meta meta;
    int err = model_new(&g.m);
    if (err < 0)
        return diag_set(diag, err, "%s", ptrd_strerror(err));
    err = model_add_file(g.m, path);
    if (err >= 0 && dir)
        err = model_spill_into(g.m, dir, memory);
    if (err >= 0)
        err = store_reader_new(s, &g.r);
    if (err == 0)
        err = store_read_begin(g.r, &meta);
    if (err == 0) {
        g.m->source = (enum store_source)meta.source;
        diag->message[0] = '\0';
        err = read_tables(&g, diag);
        store_read_end(g.r);
    }
    store_reader_free(g.r);
    store_buf_done(&g.key);
    table_free(g.zones);
    if (err < 0 && !diag->message[0])
        (void)diag_set(diag, err, "%s: %s", path, ptrd_strerror(err));
    if (err >= 0)
        err = model_sort(g.m, diag);
    *out = g.m; /* also after a refusal: diag->file lies in it */
    return err;
}
