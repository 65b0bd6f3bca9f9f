#include "proof_p.h"

#include <stdlib.h>

/* One template over many blocks.
 *
 * Where the text gives every field away, over all addresses from the first block to the last, equal
 * texts mean equal shown bits. If all bits are shown there is no collision. If not, each interval
 * of the effective sets is projected to the shown bits: within a proved block the bits that vary
 * are shown, so the projection is an interval again, and collisions are overlaps of these
 * intervals. */

struct shadow {
    u128 lo, hi; /* in the shown bits */
    u128 first;  /* the address behind lo */
    uint32_t block;
};

struct shadows {
    struct shadow *at;
    size_t count, capacity;
};

static int add_shadow(struct shadows *s, const struct range *range, u128 shown, uint32_t block)
{
    if (s->count == s->capacity) {
        size_t wanted = s->capacity ? s->capacity * 2 : 64;
        struct shadow *bigger = realloc(s->at, wanted * sizeof *bigger);
        if (!bigger)
            return PTRD_ENOMEM;
        s->at = bigger;
        s->capacity = wanted;
    }
    s->at[s->count++] = (struct shadow){.lo = range->first & shown,
                                        .hi = range->last & shown,
                                        .first = range->first,
                                        .block = block};
    return 0;
}

/* PTRD_EINVAL: the block was not proved. */
static int project(struct shadows *s, const struct range *range, u128 shown, uint32_t block)
{
    if ((proof_varying(range) & ~shown) == 0)
        return add_shadow(s, range, shown, block);
    struct range rest = *range;
    struct prefix piece;
    bool done = false;
    while (range_next_piece(&rest, &done, &piece)) {
        struct range part = range_of_prefix(&piece);
        if (proof_varying(&part) & ~shown)
            return PTRD_EINVAL;
        int err = add_shadow(s, &part, shown, block);
        if (err < 0)
            return err;
    }
    return 0;
}

static int by_lo(const void *x, const void *y)
{
    const struct shadow *a = x, *b = y;
    return a->lo < b->lo ? -1 : a->lo > b->lo;
}

static int find_overlap(struct collide *c, struct shadows *s)
{
    if (s->count)
        qsort(s->at, s->count, sizeof *s->at, by_lo);
    for (size_t i = 1; i < s->count; i++) {
        const struct shadow *a = &s->at[i - 1], *b = &s->at[i];
        if (b->lo <= a->hi) {
            struct proof_pair pair = {.a = a->first + (b->lo - a->lo), .b = b->first};
            return collide_found(c, &c->blocks[a->block], &c->blocks[b->block], &pair);
        }
    }
    return PTRD_ABSENT;
}

static int check_shadows(struct collide *c, uint32_t from, uint32_t to, u128 shown)
{
    struct shadows s = {0};
    int found = 0;
    for (uint32_t i = from; i < to && found == 0; i++)
        for (uint32_t k = 0; k < c->blocks[i].segment_count && found == 0; k++)
            found = project(&s, &c->segments[c->blocks[i].segments_at + k], shown, i);
    if (found == 0)
        found = find_overlap(c, &s);
    free(s.at);
    return found;
}

int share_check(struct collide *c, uint32_t from, uint32_t to)
{
    const struct template *t = c->blocks[from].block->template;
    struct proof_part all = {.t = t, .range = c->blocks[from].hull};
    struct proof_items items;
    if (proof_items(&all, &items) < 0 || !proof_decodable(&all, &items))
        return PTRD_ABSENT; /* left to the comparison of texts */

    u128 shown = 0;
    for (unsigned i = 0; i < t->token_count; i++)
        shown |= proof_mask(&t->tokens[i], t->family);
    int found = PTRD_ABSENT;
    if (proof_varying(&all.range) & ~shown)
        found = check_shadows(c, from, to, shown);
    if (found == PTRD_ABSENT)
        for (uint32_t i = from; i < to; i++)
            c->blocks[i].group = from;
    return found;
}

/* --- two templates ---------------------------------------------------------------------------- */

/* Many blocks with {ip:short} inside one with {ip}: whatever blocks they stand on, equal texts mean
 * equal addresses, and that is found once, not for each pair of blocks. */
struct hull {
    uint32_t a, b; /* first blocks of the templates, plus 1; 0: free */
    int known;
};

struct hulls {
    struct hull *at; /* open addressing */
    uint32_t count, capacity;
};

struct hulls *hulls_new(void)
{
    return calloc(1, sizeof(struct hulls));
}

void hulls_free(struct hulls *h)
{
    if (!h)
        return;
    free(h->at);
    free(h);
}

static struct hull *find_hull(const struct hulls *h, uint32_t a, uint32_t b)
{
    uint64_t hash = ((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15u;
    uint32_t at = (uint32_t)(hash >> 32) & (h->capacity - 1);
    while (h->at[at].a && (h->at[at].a != a || h->at[at].b != b))
        at = (at + 1) & (h->capacity - 1);
    return &h->at[at];
}

static int grow_hulls(struct hulls *h)
{
    if (h->count * 2 < h->capacity)
        return 0;
    struct hulls bigger = {.capacity = h->capacity ? h->capacity * 2 : 64};
    bigger.at = calloc(bigger.capacity, sizeof *bigger.at);
    if (!bigger.at)
        return PTRD_ENOMEM;
    for (uint32_t i = 0; i < h->capacity; i++)
        if (h->at[i].a)
            *find_hull(&bigger, h->at[i].a, h->at[i].b) = h->at[i];
    bigger.count = h->count;
    free(h->at);
    *h = bigger;
    return 0;
}

int hulls_check(struct collide *c, const struct collide_block *a, const struct collide_block *b)
{
    /* A pair of templates with few blocks is not worth the trouble. */
    if (a->from == b->from || (a->to - a->from < 4 && b->to - b->from < 4))
        return PTRD_FOUND;
    if (a->from > b->from)
        return hulls_check(c, b, a);
    int err = grow_hulls(c->hulls);
    if (err < 0)
        return err;
    struct hull *hull = find_hull(c->hulls, a->from + 1, b->from + 1);
    if (hull->a)
        return hull->known;
    struct proof_part one = {.t = a->block->template, .range = a->hull};
    struct proof_part two = {.t = b->block->template, .range = b->hull};
    int known = pairing_ranges(&c->pairing, &one, &two);
    if (known < 0)
        return known;
    *hull = (struct hull){.a = a->from + 1, .b = b->from + 1, .known = known};
    c->hulls->count++;
    return known;
}

bool hulls_absent(const struct collide *c, const struct collide_block *a,
                  const struct collide_block *b)
{
    if (c->hulls->count == 0)
        return false;
    uint32_t low = a->from < b->from ? a->from : b->from;
    uint32_t high = a->from < b->from ? b->from : a->from;
    const struct hull *hull = find_hull(c->hulls, low + 1, high + 1);
    return hull->a && hull->known == PTRD_ABSENT;
}
