#include "chain.h"

#include <stdlib.h>
#include <string.h>

#include "work.h"

struct builder {
    struct snapshot *s;
    const struct zone *zone;
    const struct nsec3_params *params;
    struct chain *chain;
    uint32_t link_capacity;
    size_t name_capacity;
    struct name owner; /* whose rows are being read; len 0: none yet */
    bool authoritative, delegates;
    struct name last; /* the last one added that is not above another; len 0: none */
};

/* --- names into the chain --------------------------------------------------------------------- */

static int reserve_link(struct builder *b)
{
    struct chain *c = b->chain;
    if (c->count < b->link_capacity)
        return 0;
    if (c->count > UINT32_MAX / 2)
        return PTRD_ELIMIT;
    uint32_t capacity = c->count ? c->count * 2 : 16;
    struct chain_link *links = realloc(c->links, capacity * sizeof *links);
    if (!links)
        return PTRD_ENOMEM;
    c->links = links;
    b->link_capacity = capacity;
    return 0;
}

static int reserve_name(struct builder *b)
{
    struct chain *c = b->chain;
    if (c->names_len + NAME_WIRE_MAX + 1 <= b->name_capacity)
        return 0;
    if (c->names_len > UINT32_MAX - NAME_WIRE_MAX - 1)
        return PTRD_ELIMIT;
    size_t capacity = b->name_capacity ? b->name_capacity * 2 : 1024;
    uint8_t *names = realloc(c->names, capacity);
    if (!names)
        return PTRD_ENOMEM;
    c->names = names;
    b->name_capacity = capacity;
    return 0;
}

static int add(struct builder *b, const struct name *name)
{
    struct chain *c = b->chain;
    uint8_t len = (uint8_t)(name->len - c->apex.len);
    int err = reserve_link(b);
    if (err == 0)
        err = reserve_name(b);
    if (err < 0)
        return err;
    struct chain_link *link = &c->links[c->count++];
    rdata_nsec3_hash(b->params, name, link->hash);
    link->name = (uint32_t)c->names_len;
    c->names[c->names_len++] = len;
    memcpy(c->names + c->names_len, name->wire, len);
    c->names_len += len;
    return 0;
}

/* A name and those between it and the apex. Neighbours in the walk share most of them; what is
 * added twice all the same goes when the hashes are sorted. */
static int add_with_above(struct builder *b, const struct name *name)
{
    unsigned depth = name_labels(name) - name_labels(&b->zone->apex);
    int err = add(b, name);
    for (unsigned up = 1; err == 0 && up < depth; up++) {
        struct name above;
        name_strip(name, up, &above);
        if (b->last.len && name_within(&b->last, &above))
            break;
        err = add(b, &above);
    }
    b->last = *name;
    return err;
}

/* --- which names ------------------------------------------------------------------------------ */

/* Is a name with NS records that are not authoritative a cut of the zone, or does it lie below one?
 */
static bool at_cut(const struct builder *b, const struct name *name)
{
    const struct zone *own = table_zone_for(b->s->table, name);
    if (own == b->zone)
        return table_place(b->s->table, name).rule == PLACE_AT_CUT;
    struct question q = {.name = *name};
    struct answer ruled = {.rule = PLACE_FREE};
    ruled_from_above(&(struct work){.s = b->s, .q = &q, .a = &ruled}, b->zone, own);
    return ruled.rule == PLACE_AT_CUT;
}

/* All rows of b->owner have been read. RFC 5155 7.1: with opt-out a delegation without DS may be
 * left out; it is, as then are the names that exist only above such ones. */
static int end_owner(struct builder *b)
{
    if (b->owner.len == 0)
        return 0;
    bool kept = b->authoritative ||
                (b->delegates && !(b->params->flags & NSEC3_OPT_OUT) && at_cut(b, &b->owner));
    return kept ? add_with_above(b, &b->owner) : 0;
}

static int see_row(void *ctx, const struct name *owner, const struct row *row)
{
    struct builder *b = ctx;
    if (!name_equal(&b->owner, owner)) {
        int err = end_owner(b);
        if (err < 0)
            return err;
        b->owner = *owner;
        b->authoritative = b->delegates = false;
    }
    b->authoritative |= row->auth && row->kind != ROW_ENT;
    b->delegates |= !row->auth && row->type == RRTYPE_NS;
    return 0;
}

/* --- the whole -------------------------------------------------------------------------------- */

static int by_hash(const void *a, const void *b)
{
    const struct chain_link *x = a, *y = b;
    return memcmp(x->hash, y->hash, NSEC3_HASH_LEN);
}

/* Sorts, takes out what is there twice, and gives back the memory that was not needed. */
static void finish(struct chain *c)
{
    uint32_t kept = 0;
    qsort(c->links, c->count, sizeof *c->links, by_hash);
    for (uint32_t i = 0; i < c->count; i++)
        if (kept == 0 || by_hash(&c->links[kept - 1], &c->links[i]) != 0)
            c->links[kept++] = c->links[i];
    c->count = kept;
    struct chain_link *links = realloc(c->links, kept * sizeof *links);
    uint8_t *names = realloc(c->names, c->names_len);
    c->links = links ? links : c->links;
    c->names = names ? names : c->names;
}

int chain_build(struct snapshot *s, const struct zone *zone, const struct nsec3_params *params,
                struct answer *a, struct chain *out)
{
    struct chain chain = {.apex = zone->apex};
    struct builder b = {.s = s, .zone = zone, .params = params, .chain = &chain};
    struct list_sink sink = {.emit = see_row, .ctx = &b};
    int err = resolve_list(s, &zone->apex, a, &sink);
    if (err == PTRD_FOUND)
        err = end_owner(&b);
    if (err == 0 && chain.count == 0)
        err = PTRD_ECORRUPT; /* not even an SOA */
    if (err < 0) {
        chain_done(&chain);
        return err;
    }
    finish(&chain);
    *out = chain;
    return 0;
}

void chain_done(struct chain *c)
{
    free(c->links);
    free(c->names);
    *c = (struct chain){.count = 0};
}

size_t chain_size(const struct chain *c)
{
    return c->count * sizeof *c->links + c->names_len;
}

void chain_find(const struct chain *c, const uint8_t hash[NSEC3_HASH_LEN],
                uint8_t before[NSEC3_HASH_LEN], uint8_t after[NSEC3_HASH_LEN], struct name *owner)
{
    uint32_t low = 0, high = c->count; /* the first one above the hash */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (memcmp(c->links[middle].hash, hash, NSEC3_HASH_LEN) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    const struct chain_link *link = &c->links[low ? low - 1 : c->count - 1];
    const struct chain_link *next = &c->links[low < c->count ? low : 0];
    const uint8_t *name = c->names + link->name;
    memcpy(before, link->hash, NSEC3_HASH_LEN);
    memcpy(after, next->hash, NSEC3_HASH_LEN);
    memcpy(owner->wire, name + 1, *name);
    memcpy(owner->wire + *name, c->apex.wire, c->apex.len);
    owner->len = (uint8_t)(*name + c->apex.len);
}
