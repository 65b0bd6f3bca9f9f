#include "ptrd/source/store.h"

#include "ptrd/core/arpa.h"

#include <string.h>

struct reading {
    struct store_reader *r;
    struct model *m;
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

#define METADATA_KINDS_MAX 256

static int read_metadata(struct reading *g, struct model_zone *z, uint32_t id)
{
    uint8_t from[4] = {(uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
    struct model_metadata all[METADATA_KINDS_MAX];
    unsigned count = 0;
    struct span key, value, kind;
    uint32_t owner;
    int found = store_seek(g->r, STORE_METADATA, (struct span){from, sizeof from}, &key, &value);
    for (; found == PTRD_FOUND; found = store_next(g->r, STORE_METADATA, &key, &value)) {
        int err = store_read_key_metadata(key, &owner, &kind);
        if (err < 0)
            return err;
        if (owner != id || count == METADATA_KINDS_MAX)
            break;
        all[count] = (struct model_metadata){.kind = keep(g->m, kind)};
        err = all[count].kind ? read_values(g->m, value, &all[count]) : PTRD_ENOMEM;
        if (err < 0)
            return err;
        count++;
    }
    if (found < 0)
        return found;
    z->metadata = model_alloc(g->m, (count + 1) * sizeof *all);
    if (!z->metadata)
        return PTRD_ENOMEM;
    memcpy(z->metadata, all, count * sizeof *all);
    z->metadata_count = count;
    return 0;
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
    return read_metadata(g, z, id.id);
}

/* --- the rest --------------------------------------------------------------------------------- */

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

static int read_ptr(struct reading *g, struct span key, struct span value)
{
    struct addr addr;
    struct store_ptr p;
    struct span wire;
    size_t at = 0;
    int err = store_read_key_addr(key, &addr);
    if (err == 0)
        err = store_read_ptr(value, &p);
    while (err == 0 && store_next_name(p.names, &at, &wire) == PTRD_FOUND) {
        struct name target;
        err = name_from_wire(wire.bytes, wire.len, &target);
        if (err == 0)
            err = model_add_ptr(g->m, &addr, &target, p.ttl_s, (enum ptr_forward)p.forward, 0, 0);
    }
    return err;
}

static int read_rrset(struct reading *g, struct span key, struct span value)
{
    struct store_rrset set;
    struct name owner;
    uint16_t type;
    struct span text;
    size_t at = 0;
    int err = store_read_key_rrset(key, &owner, &type);
    if (err == 0)
        err = store_read_rrset(value, &set);
    while (err == 0 && store_next_content(set.contents, &at, &text) == PTRD_FOUND) {
        struct model_record *r = model_add_record(g->m);
        if (!r)
            return PTRD_ENOMEM;
        *r = (struct model_record){.owner = owner,
                                   .type = type,
                                   .ttl_s = set.ttl_s,
                                   .content = keep(g->m, text),
                                   .content_len = text.len};
        if (!r->content)
            return PTRD_ENOMEM;
    }
    return err;
}

static int read_tables(struct reading *g)
{
    int err = each_row(g, STORE_ZONES, read_zone);
    if (err == 0)
        err = each_row(g, STORE_BLOCKS, read_block);
    if (err == 0)
        err = each_row(g, STORE_PTRS, read_ptr);
    if (err == 0)
        err = each_row(g, STORE_RECORDS, read_rrset);
    return err;
}

int source_store_read(struct store *s, const char *path, struct model **out, struct diag *diag)
{
    struct reading g = {.r = NULL};
    struct store_meta meta;
    int err = model_new(&g.m);
    if (err < 0)
        return diag_set(diag, err, "%s", ptrd_strerror(err));
    err = model_add_file(g.m, path);
    if (err >= 0)
        err = store_reader_new(s, &g.r);
    if (err == 0)
        err = store_read_begin(g.r, &meta);
    if (err == 0) {
        g.m->source = (enum store_source)meta.source;
        err = read_tables(&g);
        store_read_end(g.r);
    }
    store_reader_free(g.r);
    if (err < 0)
        (void)diag_set(diag, err, "%s: %s", path, ptrd_strerror(err));
    else
        err = model_sort(g.m, diag);
    *out = g.m; /* also after a refusal: diag->file lies in it */
    return err;
}
