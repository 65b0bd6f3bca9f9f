#include "store_table.h"

#include <string.h>

/* A store is input: what the table cannot take is not what the format says. */
static int added(int err)
{
    return err == PTRD_EINVAL || err == PTRD_ECONFLICT ? PTRD_ECORRUPT : err;
}

static int read_zone(struct store_reader *r, struct table_builder *b, struct span key,
                     struct span value)
{
    struct store_zone zone;
    struct store_zone_id id;
    struct name apex;
    struct span id_value;
    int err = name_from_key(key.bytes, key.len, &apex);
    if (err == 0)
        err = store_read_zone(value, &zone);
    if (err < 0)
        return err;
    int found = store_get(r, STORE_ZONE_IDS, key, &id_value);
    if (found != PTRD_FOUND)
        return found < 0 ? found : PTRD_ECORRUPT;
    err = store_read_zone_id(id_value, &id);
    return err < 0 ? err
                   : added(table_add_zone(b, &apex, id.id, zone.forward_auto,
                                          zone.classless ? &zone.prefix : NULL, 0));
}

/* Texts in the store are not terminated. */
struct block_text {
    char text[TEMPLATE_TEXT_MAX + 1];
    char vars[2 * STORE_VARS_MAX][256];
    struct template_var list[STORE_VARS_MAX];
};

static int copy_text(struct span from, char *to, size_t size)
{
    if (from.len >= size || memchr(from.bytes, '\0', from.len))
        return PTRD_ECORRUPT;
    memcpy(to, from.bytes, from.len);
    to[from.len] = '\0';
    return 0;
}

static int read_block(struct store_reader *r, struct table_builder *b, struct span key,
                      struct span value)
{
    struct store_block block;
    struct block_text t;
    (void)r;
    int err = store_read_block(key, value, &block);
    if (err == 0)
        err = copy_text(block.text, t.text, sizeof t.text);
    for (unsigned i = 0; err == 0 && i < block.var_count; i++) {
        err = copy_text(block.vars[i].name, t.vars[2 * i], sizeof t.vars[0]);
        if (err == 0)
            err = copy_text(block.vars[i].value, t.vars[2 * i + 1], sizeof t.vars[0]);
        t.list[i] = (struct template_var){.name = t.vars[2 * i], .value = t.vars[2 * i + 1]};
    }
    if (err < 0)
        return err;
    return added(table_add_block(b, &block.range, block.text.len ? t.text : NULL, t.list,
                                 block.var_count, block.ttl_s, block.flags, 0, NULL));
}

static int read_cut(struct store_reader *r, struct table_builder *b, struct span key,
                    struct span value)
{
    struct name name;
    uint8_t flags;
    (void)r;
    int err = name_from_key(key.bytes, key.len, &name);
    if (err == 0)
        err = store_read_cut(value, &flags);
    return err < 0 ? err : table_add_cut(b, &name, flags);
}

/* The NS of a delegation are among the cuts; its CNAMEs (RFC 2317) only lead to them. */
static int read_delegation(struct store_reader *r, struct table_builder *b, struct span key,
                           struct span value)
{
    struct store_delegation d;
    (void)r;
    int err = store_read_delegation(key, value, &d);
    if (err < 0 || d.child.len == 0)
        return err;
    return added(table_add_delegated(b, &d.prefix, &d.child));
}

typedef int read_fn(struct store_reader *r, struct table_builder *b, struct span key,
                    struct span value);

static int read_table(struct store_reader *r, enum store_table table, read_fn *read,
                      struct table_builder *b)
{
    struct span key = {.bytes = (const uint8_t *)"", .len = 0}, value;
    int found = store_seek(r, table, key, &key, &value);
    while (found == PTRD_FOUND) {
        int err = read(r, b, key, value);
        if (err < 0)
            return err;
        found = store_next(r, table, &key, &value);
    }
    return found;
}

static int read_all(struct store_reader *r, struct table_builder *b)
{
    int err = read_table(r, STORE_ZONES, read_zone, b);
    if (err == 0)
        err = read_table(r, STORE_BLOCKS, read_block, b);
    if (err == 0)
        err = read_table(r, STORE_CUTS, read_cut, b);
    if (err == 0)
        err = read_table(r, STORE_DELEGATIONS, read_delegation, b);
    return err;
}

int store_table_build(struct store_reader *r, struct table **out)
{
    struct table_builder *b;
    int err = table_builder_new(&b);
    if (err < 0)
        return err;
    err = read_all(r, b);
    if (err == 0)
        err = added(table_finish(b, out, NULL, NULL));
    table_builder_free(b);
    return err;
}
