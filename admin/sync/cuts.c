#include "load_p.h"
#include "ptrd/core/rrtype.h"

#include <stdlib.h>
#include <string.h>

static uint8_t cut_flag(uint16_t type)
{
    return type == RRTYPE_NS ? CUT_NS : type == RRTYPE_DNAME ? CUT_DNAME : 0;
}

/* --- local rows --- */

/* The item of a name key: the last one, or a new one behind it. */
static struct local_cut *local_item(struct local_cuts *c, const struct name_key *key)
{
    struct local_cut *last = c->count ? &c->items[c->count - 1] : NULL;
    if (last && last->len == key->len &&
        memcmp(c->keys.bytes + last->at, key->bytes, key->len) == 0)
        return last;
    if (c->count == c->capacity) {
        size_t capacity = c->capacity ? c->capacity * 2 : 64;
        struct local_cut *items = realloc(c->items, capacity * sizeof *items);
        if (!items)
            return NULL;
        c->items = items;
        c->capacity = capacity;
    }
    if (octets_append(&c->keys, key->bytes, key->len))
        return NULL;
    c->items[c->count] = (struct local_cut){.at = c->keys.len - key->len, .len = key->len};
    return &c->items[c->count++];
}

int cuts_add_local(struct local_cuts *c, const struct name *owner, uint16_t type, bool tombstone)
{
    struct name_key key;
    name_key(owner, &key);
    struct local_cut *item = local_item(c, &key);
    if (!item)
        return PTRD_ENOMEM;
    if (type == RRTYPE_CNAME)
        item->alias |= !tombstone;
    else if (tombstone)
        item->gone |= cut_flag(type);
    else
        item->set |= cut_flag(type);
    return 0;
}

void cuts_done(struct local_cuts *c)
{
    free(c->items);
    store_buf_done(&c->keys);
    *c = (struct local_cuts){0};
}

/* --- both origins --- */

static int key_compare(const struct name_key *a, const uint8_t *b, size_t b_len)
{
    int order = memcmp(a->bytes, b, a->len < b_len ? a->len : b_len);
    return order ? order : (a->len > b_len) - (a->len < b_len);
}

/* The types that cut at the next owner of the model that has any; 0 at the end. */
static uint8_t source_cut(struct loader *l, struct name *owner)
{
    const struct model *m = l->m;
    uint8_t flags = 0;
    while (l->at < m->record_count && !cut_flag(m->records[l->at].type))
        l->at++;
    if (l->at < m->record_count)
        *owner = m->records[l->at].owner;
    for (uint64_t i = l->at; i < m->record_count && name_equal(&m->records[i].owner, owner); i++)
        flags |= cut_flag(m->records[i].type);
    return flags;
}

static void source_step(struct loader *l, const struct name *owner)
{
    while (l->at < l->m->record_count && name_equal(&l->m->records[l->at].owner, owner))
        l->at++;
}

/* What is in force at a name: local rows stand in front; an NS RRset at an apex is no cut. */
static uint8_t cut_in_force(const struct loader *l, const struct name *owner, uint8_t source,
                            const struct local_cut *local)
{
    const struct zone *z = table_zone_for(l->t, owner);
    uint8_t flags = source;
    if (local)
        flags = (uint8_t)((local->alias ? 0 : source & ~local->gone) | local->set);
    if (z && name_equal(&z->apex, owner))
        flags &= (uint8_t)~CUT_NS;
    return z ? flags : 0;
}

/* The next name that either origin says something of -> owner; PTRD_ABSENT at the end. */
static int cut_step(struct loader *l, struct name *owner, uint8_t *flags)
{
    const struct local_cuts *c = &l->local_cuts;
    const struct local_cut *local = l->at_local < c->count ? &c->items[l->at_local] : NULL;
    uint8_t source = source_cut(l, owner);
    struct name_key key;
    int order = source ? -1 : 1;
    if (!source && !local)
        return PTRD_ABSENT;
    if (source && local) {
        name_key(owner, &key);
        order = key_compare(&key, c->keys.bytes + local->at, local->len);
    }
    if (order <= 0)
        source_step(l, owner);
    if (order >= 0)
        l->at_local++;
    if (order > 0) {
        int err = name_from_key(c->keys.bytes + local->at, local->len, owner);
        if (err)
            return err;
    }
    *flags = cut_in_force(l, owner, order <= 0 ? source : 0, order >= 0 ? local : NULL);
    return PTRD_FOUND;
}

static int cut_next(void *ctx, struct span *key, struct span *value)
{
    struct loader *l = ctx;
    struct name owner = {.len = 0};
    uint8_t flags = 0;
    while (!flags) {
        int found = cut_step(l, &owner, &flags);
        if (found != PTRD_FOUND)
            return found;
    }
    int err = store_key_name(&owner, &l->key);
    l->value.len = 0;
    if (!err)
        err = octets_append(&l->value, &flags, 1);
    return row_ready(l, err, 0, key, value);
}

int rows_cuts(struct loader *l)
{
    return rows_write(l, STORE_CUTS, "cuts", 0, cut_next);
}
