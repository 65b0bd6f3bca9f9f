/* One hash a zone over everything that its answers come from (SERIALS in ptrctl(1)).
 *
 * Rows are hashed as they are written, in the order of their tables, each with its lengths, so two
 * different contents never give the same octets. Blocks are hashed by effect, not as written:
 * pieces of address space with the template that rules them, pieces that continue each other
 * joined, so that cutting a block in two changes nothing. A template counts by its tokens, not its
 * text.
 *
 * Forward zones: templates are grouped by literal suffix (the labels without placeholders at their
 * end). A group's names can lie in the zone of the suffix and in zones below it. Each group has one
 * state, and a zone takes in the digests of its groups: the work is pieces + zones, not the
 * product. */
#include "load_p.h"

#include <stdlib.h>
#include <string.h>

#define ALIGN 64 /* of crypto_generichash_state */
#define TEMPLATE_HASH 16

void digest_put(uint8_t *out, u128 value, unsigned octets)
{
    for (; octets > 0; value >>= 8)
        out[--octets] = (uint8_t)value;
}

static crypto_generichash_state *states_new(size_t count)
{
    crypto_generichash_state *states = NULL;
    if (count < SIZE_MAX / sizeof *states)
        states = aligned_alloc(ALIGN, (count + 1) * sizeof *states);
    for (size_t i = 0; states && i < count; i++)
        crypto_generichash_init(&states[i], NULL, 0, 32);
    return states;
}

int digest_new(const struct table *t, struct digests *out)
{
    out->table = t;
    out->states = states_new(t->zone_count);
    return out->states ? 0 : PTRD_ENOMEM;
}

int digest_begin(const struct model *m, const struct table *t, struct digests *out)
{
    struct store_buf buf = {0};
    int err = digest_new(t, out);
    for (uint32_t i = 0; !err && i < t->zone_count; i++) {
        struct store_zone settings = m->zones[i].settings;
        settings.forward_auto = false; /* its effect is in the derived names */
        settings.kind = ZONE_NATIVE;   /* a role, and no part of an answer */
        settings.primary_count = 0;
        settings.no_cnames = false; /* they are the zone's above */
        err = store_write_zone(&settings, &buf);
        if (!err)
            crypto_generichash_update(&out->states[i], buf.bytes, buf.len);
        const struct name *apex = &t->zones[i].apex;
        if (!err && t->zones[i].parent != TABLE_NONE)
            digest_row(out, t->zones[i].parent, DIGEST_CHILD, (struct span){apex->wire, apex->len},
                       (struct span){apex->wire, 0});
    }
    store_buf_done(&buf);
    return err;
}

void digest_row(struct digests *d, uint32_t zone, enum digest_part part, struct span key,
                struct span value)
{
    uint8_t head[9] = {(uint8_t)part};
    if (zone == TABLE_NONE)
        return;
    digest_put(head + 1, key.len, 4);
    digest_put(head + 5, value.len, 4);
    crypto_generichash_update(&d->states[zone], head, sizeof head);
    crypto_generichash_update(&d->states[zone], key.bytes, key.len);
    crypto_generichash_update(&d->states[zone], value.bytes, value.len);
}

void digest_end(struct digests *d, uint32_t zone, uint8_t out[32])
{
    crypto_generichash_final(&d->states[zone], out, 32);
}

void digest_done(struct digests *d)
{
    free(d->states);
    *d = (struct digests){0};
}

/* --- templates --- */

struct suffix {
    const struct template *template;
    struct name name; /* literal labels at its end */
    uint32_t group;
    uint8_t hash[TEMPLATE_HASH];
};

struct group {
    struct name suffix;
    uint32_t zone; /* of the suffix, or TABLE_NONE */
    uint8_t digest[32];
};

struct forward_groups {
    struct suffix *suffixes; /* by address of the template */
    uint32_t suffix_count;
    struct group *groups; /* canonical order of suffix */
    crypto_generichash_state *states;
    uint32_t count;
    bool labels[NAME_LABELS_MAX + 1]; /* some suffix has that many */
};

static void template_hash(const struct template *t, uint8_t out[TEMPLATE_HASH])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, TEMPLATE_HASH);
    for (unsigned i = 0; i < t->token_count; i++) {
        const struct token *k = &t->tokens[i];
        bool text = k->kind == TOKEN_LITERAL, number = k->kind == TOKEN_NUMBER;
        uint8_t head[24] = {(uint8_t)k->kind};
        if (number) {
            head[1] = k->radix;
            head[2] = k->shift;
            head[3] = k->bits;
            head[4] = k->width_min;
            head[5] = k->width_max;
        }
        head[6] = text ? k->text_len : 0;
        head[7] = (uint8_t)t->family;
        digest_put(head + 8, token_base(k), 16);
        crypto_generichash_update(&state, head, sizeof head);
        if (text)
            crypto_generichash_update(&state, (const uint8_t *)k->text, k->text_len);
    }
    crypto_generichash_final(&state, out, TEMPLATE_HASH);
}

static int suffix_by_name(const void *a, const void *b)
{
    return name_compare(&((const struct suffix *)a)->name, &((const struct suffix *)b)->name);
}

static int suffix_by_template(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t)((const struct suffix *)a)->template;
    uintptr_t y = (uintptr_t)((const struct suffix *)b)->template;
    return (x > y) - (x < y);
}

static void groups_done(struct forward_groups *g)
{
    free(g->suffixes);
    free(g->groups);
    free(g->states);
}

static int groups_build(const struct table *t, struct forward_groups *g)
{
    size_t count = (size_t)t->template_count + 1;
    *g = (struct forward_groups){.suffix_count = t->template_count};
    g->suffixes = calloc(count, sizeof *g->suffixes);
    g->groups = calloc(count, sizeof *g->groups);
    if (!g->suffixes || !g->groups)
        return PTRD_ENOMEM;
    for (uint32_t i = 0; i < t->template_count; i++) {
        g->suffixes[i].template = t->templates[i];
        template_suffix(t->templates[i], &g->suffixes[i].name);
        template_hash(t->templates[i], g->suffixes[i].hash);
    }
    qsort(g->suffixes, g->suffix_count, sizeof *g->suffixes, suffix_by_name);
    for (uint32_t i = 0; i < g->suffix_count; i++) {
        struct suffix *s = &g->suffixes[i];
        if (i == 0 || !name_equal(&s->name, &g->groups[g->count - 1].suffix)) {
            g->groups[g->count].suffix = s->name;
            g->groups[g->count++].zone = zone_index(t, table_zone_for(t, &s->name));
            g->labels[name_labels(&s->name)] = true;
        }
        s->group = g->count - 1;
    }
    qsort(g->suffixes, g->suffix_count, sizeof *g->suffixes, suffix_by_template);
    g->states = states_new(g->count);
    return g->states ? 0 : PTRD_ENOMEM;
}

static const struct suffix *groups_find(const struct forward_groups *g, const struct template *t)
{
    struct suffix wanted = {.template = t};
    return bsearch(&wanted, g->suffixes, g->suffix_count, sizeof wanted, suffix_by_template);
}

/* --- pieces --- */

/* A stretch of addresses with one template and TTL in one zone (reverse) or in all (forward). */
struct piece {
    u128 first, last;
    const struct suffix *suffix; /* NULL: nothing pending */
    uint32_t zone, ttl_s;
    enum family family;
};

static void piece_flush(crypto_generichash_state *states, uint32_t state, const struct piece *p)
{
    uint8_t row[1 + 1 + 16 + 16 + 4 + TEMPLATE_HASH] = {'B', (uint8_t)p->family};
    digest_put(row + 2, p->first, 16);
    digest_put(row + 18, p->last, 16);
    digest_put(row + 34, p->ttl_s, 4);
    memcpy(row + 38, p->suffix->hash, TEMPLATE_HASH);
    crypto_generichash_update(&states[state], row, sizeof row);
}

static bool piece_continues(const struct piece *p, const struct piece *next)
{
    return p->suffix && p->zone == next->zone && p->ttl_s == next->ttl_s &&
           p->family == next->family && p->last + 1 == next->first &&
           memcmp(p->suffix->hash, next->suffix->hash, TEMPLATE_HASH) == 0;
}

struct pieces {
    struct digests *digests;
    struct forward_groups *groups;
    struct piece reverse, forward; /* pending */
};

static void reverse_flush(struct pieces *ps)
{
    if (ps->reverse.suffix)
        piece_flush(ps->digests->states, ps->reverse.zone, &ps->reverse);
    ps->reverse.suffix = NULL;
}

static void forward_flush(struct pieces *ps)
{
    if (ps->forward.suffix)
        piece_flush(ps->groups->states, ps->forward.suffix->group, &ps->forward);
    ps->forward.suffix = NULL;
}

static void reverse_piece(struct pieces *ps, const struct piece *p)
{
    if (piece_continues(&ps->reverse, p)) {
        ps->reverse.last = p->last;
        return;
    }
    reverse_flush(ps);
    ps->reverse = *p;
}

static void forward_piece(struct pieces *ps, const struct piece *p)
{
    if (piece_continues(&ps->forward, p)) {
        ps->forward.last = p->last;
        return;
    }
    forward_flush(ps);
    ps->forward = *p;
}

/* A segment clipped to the reverse zones; *at as in reverse_next. */
static void segment_clip(struct pieces *ps, const struct piece *whole,
                         const struct reverse_set *reverse, uint32_t *at)
{
    struct piece part = *whole;
    for (;;) {
        uint32_t zone = reverse_next(reverse, part.first, at);
        bool more = *at + 1 < reverse->count && reverse->segments[*at + 1].first <= whole->last;
        part.last = more ? reverse->segments[*at + 1].first - 1 : whole->last;
        part.zone = zone;
        if (zone != TABLE_NONE)
            reverse_piece(ps, &part);
        if (!more)
            return;
        part.first = part.last + 1;
    }
}

static int segments_digest(struct pieces *ps, const struct block_set *set, enum family family,
                           const struct reverse_set *reverse)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < set->segment_count; i++) {
        if (set->segments[i].block == TABLE_NONE)
            continue;
        const struct block *b = &set->blocks[set->segments[i].block];
        if (!b->template)
            continue;
        struct piece p = {.first = set->segments[i].first, .ttl_s = b->ttl_s, .family = family};
        p.last = i + 1 < set->segment_count ? set->segments[i + 1].first - 1 : family_max(family);
        p.suffix = groups_find(ps->groups, b->template);
        if (!p.suffix)
            return PTRD_EINVAL;
        if (!(b->flags & BLOCK_FORWARD_EXTERNAL))
            forward_piece(ps, &p);
        segment_clip(ps, &p, reverse, &at);
    }
    reverse_flush(ps);
    forward_flush(ps);
    return 0;
}

/* --- forward zones --- */

static int group_by_suffix(const void *key, const void *element)
{
    return name_compare(key, &((const struct group *)element)->suffix);
}

static void groups_spread(struct digests *d, const struct forward_groups *g)
{
    const struct table *t = d->table;
    for (uint32_t i = 0; i < g->count; i++) {
        crypto_generichash_final(&g->states[i], g->groups[i].digest, 32);
        digest_row(d, g->groups[i].zone, DIGEST_FORWARD,
                   (struct span){g->groups[i].suffix.wire, g->groups[i].suffix.len},
                   (struct span){g->groups[i].digest, 32});
    }
    for (uint32_t z = 0; z < t->zone_count; z++) {
        unsigned labels = name_labels(&t->zones[z].apex);
        for (unsigned n = 1; n <= labels; n++) {
            struct name above;
            if (!g->labels[labels - n])
                continue;
            name_strip(&t->zones[z].apex, n, &above);
            const struct group *group =
                bsearch(&above, g->groups, g->count, sizeof *group, group_by_suffix);
            if (group)
                digest_row(d, z, DIGEST_FORWARD, (struct span){above.wire, above.len},
                           (struct span){group->digest, 32});
        }
    }
}

int digest_blocks(struct digests *d, const struct reverse_map *reverse)
{
    struct forward_groups groups;
    int err = groups_build(d->table, &groups);
    struct pieces ps = {.digests = d, .groups = &groups};
    if (!err)
        err = segments_digest(&ps, &d->table->v4, FAMILY_IPV4, &reverse->v4);
    if (!err)
        err = segments_digest(&ps, &d->table->v6, FAMILY_IPV6, &reverse->v6);
    if (!err)
        groups_spread(d, &groups);
    groups_done(&groups);
    return err;
}

int digest_generated(const struct table *t, uint8_t (**out)[32])
{
    struct reverse_map reverse = {.v4 = {.segments = NULL}};
    struct digests digests = {.table = t};
    *out = calloc((size_t)t->zone_count + 1, sizeof **out);
    int err = *out ? reverse_build(t, &reverse) : PTRD_ENOMEM;
    if (!err)
        err = digest_new(t, &digests);
    if (!err)
        err = digest_blocks(&digests, &reverse);
    for (uint32_t i = 0; !err && i < t->zone_count; i++)
        digest_end(&digests, i, (*out)[i]);
    digest_done(&digests);
    reverse_done(&reverse);
    return err;
}
