#include "proof_p.h"

#include <stdlib.h>
#include <string.h>

/* Collisions between the blocks of a table.
 *
 * Blocks of one template are first dealt with together (proof_share.c); then all blocks' names,
 * seen as patterns, are walked from their right ends against each other (proof_trie.c), and the
 * pairs of blocks that remain are decided exactly here. */

/* --- the blocks that generate ----------------------------------------------------------------- */

static u128 segment_last(const struct block_set *set, enum family family, uint32_t i)
{
    return i + 1 < set->segment_count ? set->segments[i + 1].first - 1 : family_max(family);
}

/* Appends the family's blocks that have a template and addresses of their own. */
static int add_family(struct collide *c, enum family family, uint32_t *segments_at)
{
    const struct block_set *set = table_blocks(c->table, family);
    uint32_t *counts = calloc((size_t)set->count + 1, sizeof *counts);
    uint32_t *index = calloc((size_t)set->count + 1, sizeof *index);
    if (!counts || !index) {
        free(counts);
        free(index);
        return PTRD_ENOMEM;
    }
    for (uint32_t i = 0; i < set->segment_count; i++)
        if (set->segments[i].block != TABLE_NONE)
            counts[set->segments[i].block]++;
    for (uint32_t i = 0; i < set->count; i++) {
        if (!counts[i] || !set->blocks[i].template)
            continue;
        index[i] = c->count;
        c->blocks[c->count++] =
            (struct collide_block){.block = &set->blocks[i], .segments_at = *segments_at};
        *segments_at += counts[i];
    }
    for (uint32_t i = 0; i < set->segment_count; i++) {
        uint32_t block = set->segments[i].block;
        if (block == TABLE_NONE || !set->blocks[block].template)
            continue;
        struct collide_block *b = &c->blocks[index[block]];
        c->segments[b->segments_at + b->segment_count++] =
            (struct range){.first = set->segments[i].first,
                           .last = segment_last(set, family, i),
                           .family = family};
    }
    free(counts);
    free(index);
    return 0;
}

static int by_template(const void *x, const void *y)
{
    const struct block *a = ((const struct collide_block *)x)->block;
    const struct block *b = ((const struct collide_block *)y)->block;
    if (a->template != b->template)
        return (uintptr_t)a->template <(uintptr_t)b->template ? -1 : 1;
    return a < b ? -1 : a > b; /* one template is of one family: the order of its block set */
}

static int collect(struct collide *c)
{
    size_t blocks = (size_t)c->table->v4.count + c->table->v6.count;
    size_t segments = (size_t)c->table->v4.segment_count + c->table->v6.segment_count;
    c->blocks = malloc((blocks + 1) * sizeof *c->blocks);
    c->segments = malloc((segments + 1) * sizeof *c->segments);
    if (!c->blocks || !c->segments)
        return PTRD_ENOMEM;
    uint32_t segments_at = 0;
    int err = add_family(c, FAMILY_IPV4, &segments_at);
    if (err == 0)
        err = add_family(c, FAMILY_IPV6, &segments_at);
    if (err < 0)
        return err;
    qsort(c->blocks, c->count, sizeof *c->blocks, by_template);
    for (uint32_t i = 0; i < c->count; i++)
        c->blocks[i].group = i;
    return 0;
}

/* --- two blocks ------------------------------------------------------------------------------- */

int collide_found(struct collide *c, const struct collide_block *a, const struct collide_block *b,
                  const struct proof_pair *pair)
{
    struct proof_collision found = {
        .block_a = a->block->ref,
        .block_b = b->block->ref,
        .a = {.num = pair->a, .family = a->block->range.family},
        .b = {.num = pair->b, .family = b->block->range.family},
    };
    int err = template_generate(a->block->template, pair->a, &found.name);
    if (err < 0)
        return err;
    *c->out = found;
    return PTRD_FOUND;
}

static struct proof_part effective_part(const struct collide *c, const struct collide_block *b)
{
    return (struct proof_part){.t = b->block->template,
                               .range = b->block->range,
                               .segments = c->segments + b->segments_at,
                               .segment_count = b->segment_count};
}

int collide_blocks(struct collide *c, const struct collide_block *a, const struct collide_block *b)
{
    if (a->block->range.family != b->block->range.family &&
        a->block->flags & b->block->flags & BLOCK_SHARED_NAMES)
        return PTRD_ABSENT;
    struct proof_part one = effective_part(c, a), two = effective_part(c, b);
    struct proof_pair pair;
    int found = hulls_check(c, a, b);
    if (found == PTRD_FOUND)
        found = pairing_find(&c->pairing, &one, &two, false, &pair);
    if (found == PTRD_FOUND)
        return collide_found(c, a, b, &pair);
    if (found < 0) {
        c->out->block_a = a->block->ref;
        c->out->block_b = b->block->ref;
    }
    return found;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* The blocks from `from` on that have its template; their run and its hull are noted in each. */
static uint32_t mark_run(struct collide *c, uint32_t from)
{
    struct range hull = c->blocks[from].block->range;
    uint32_t to = from;
    for (; to < c->count && c->blocks[to].block->template == c->blocks[from].block->template;
         to++) {
        const struct range *r = &c->blocks[to].block->range;
        hull.first = r->first < hull.first ? r->first : hull.first;
        hull.last = r->last > hull.last ? r->last : hull.last;
    }
    for (uint32_t i = from; i < to; i++) {
        c->blocks[i].from = from;
        c->blocks[i].to = to;
        c->blocks[i].hull = hull;
    }
    return to;
}

static int check_shared(struct collide *c)
{
    for (uint32_t from = 0, to; from < c->count; from = to) {
        to = mark_run(c, from);
        int found = to - from > 1 ? share_check(c, from, to) : PTRD_ABSENT;
        if (found != PTRD_ABSENT)
            return found;
    }
    return PTRD_ABSENT;
}

int proof_collision(const struct table *table, struct proof_collision *out)
{
    struct collide c = {.table = table, .out = out, .hulls = hulls_new()};
    int found = pairing_init(&c.pairing, PROOF_COLLISION_STEPS);
    if (found == 0)
        found = c.hulls ? collect(&c) : PTRD_ENOMEM;
    if (found == 0)
        found = check_shared(&c);
    if (found == PTRD_ABSENT)
        found = trie_check(&c);
    pairing_done(&c.pairing);
    hulls_free(c.hulls);
    free(c.blocks);
    free(c.segments);
    return found;
}
