/* Generated names, block by block. One that an earlier part listed, and one of an IPv6 block that
 * was listed with an IPv4 block (shared names), is not listed again. */
#include "facts.h"
#include "list.h"

#include <stdlib.h>

#define LOOKED_AT_MAX (1u << 20) /* names of other zones, while those of ours are looked for */

struct generated {
    struct list *l;
    struct list_set above; /* names above generated ones, which were looked at */
    bool bare;             /* no records and no derived names below the apex */
    uint8_t *listed_v4;    /* blocks */
    /* a reverse zone: */
    struct range *homes;
    uint32_t home_count;
    struct addr ptr; /* the first explicit PTR from the address under way on, if there is one */
    bool has_ptr;
    /* a forward zone: */
    struct list_scope scope;
};

/* --- one name --------------------------------------------------------------------------------- */

static int seen(struct generated *g, const struct name *name)
{
    if (name_equal(name, &g->l->zone->apex))
        return PTRD_FOUND;
    return g->bare && !g->l->zone->reverse ? PTRD_ABSENT : list_seen_in_derived(g->l, name);
}

/* One that is itself a generated name comes with its own block. */
static int emit_one_above(struct generated *g, const struct name *above)
{
    struct list *l = g->l;
    int err = seen(g, above);
    if (err != PTRD_ABSENT)
        return err < 0 ? err : 0;
    err = list_look(l, above);
    if (err == 0 && l->a->count == 1 && l->a->rows[0].kind == ROW_ENT)
        err = list_emit_rows(l, above);
    return err;
}

static int emit_above(struct generated *g, const struct name *name)
{
    struct list *l = g->l;
    unsigned depth = name_labels(name) - name_labels(&l->zone->apex);
    for (unsigned up = depth; up-- > 1;) {
        struct name above;
        name_strip(name, up, &above);
        if ((l->has_last && name_within(&l->last, &above)) || list_set_has(&g->above, &above))
            continue;
        int err = list_set_add(&g->above, &above);
        if (err == 0)
            err = emit_one_above(g, &above);
        if (err != 0)
            return err;
    }
    return 0;
}

/* A name that no earlier part listed. */
static int emit_name(struct generated *g, const struct name *name)
{
    struct list *l = g->l;
    int err = emit_above(g, name);
    if (err == 0)
        err = list_look(l, name);
    if (err != 0)
        return err;
    l->last = *name;
    l->has_last = true;
    return list_emit_rows(l, name);
}

/* --- one block -------------------------------------------------------------------------------- */

static const struct block_set *set_of(const struct generated *g, const struct block *b)
{
    return table_blocks(g->l->s->table, b->range.family);
}

/* The last address of a segment. */
static u128 segment_last(const struct block_set *set, enum family family, uint32_t i)
{
    return i + 1 < set->segment_count ? set->segments[i + 1].first - 1 : family_max(family);
}

/* Calls for the parts of a range where the block is the most specific one. */
typedef int part_fn(struct generated *g, const struct block *b, const struct range *part,
                    void *ctx);

static int each_part(struct generated *g, const struct block *b, const struct range *range,
                     part_fn *fn, void *ctx)
{
    const struct block_set *set = set_of(g, b);
    struct range part = *range;
    int err = 0;
    if (part.first < b->range.first)
        part.first = b->range.first;
    if (part.last > b->range.last)
        part.last = b->range.last;
    for (uint32_t i = part.first <= part.last ? table_segment_for(set, part.first) : UINT32_MAX;
         err == 0 && i < set->segment_count && set->segments[i].first <= part.last; i++) {
        const struct segment *s = &set->segments[i];
        u128 last = segment_last(set, part.family, i);
        struct range own = {.first = s->first > part.first ? s->first : part.first,
                            .last = last < part.last ? last : part.last,
                            .family = part.family};
        if (s->block == (uint32_t)(b - set->blocks))
            err = fn(g, b, &own, ctx);
    }
    return err;
}

/* Lists the block if the sink takes it; walk emits its names. What was said of names above them is
 * forgotten where the sink has had enough of it. */
static int list_block(struct generated *g, const struct block *b, u128 count,
                      int (*walk)(struct generated *g, const struct block *b))
{
    struct list *l = g->l;
    uint64_t said = count >> 63 ? LIST_COUNT_MANY : (uint64_t)count;
    int found = l->sink->block(l->sink->ctx, b, said);
    if (found != PTRD_FOUND || said == LIST_COUNT_MANY)
        return found < 0 ? found : 0;
    uint32_t mark = g->above.count;
    l->has_last = false;
    int err = walk(g, b);
    if (err == LIST_ENOUGH) {
        list_set_cut(&g->above, mark);
        return 0;
    }
    if (err == 0 && b->range.family == FAMILY_IPV4)
        g->listed_v4[b - l->s->table->v4.blocks] = 1;
    return err;
}

/* --- reverse zones ---------------------------------------------------------------------------- */

/* Index of the first home that ends at num or behind it. */
static uint32_t home_from(const struct generated *g, u128 num)
{
    uint32_t low = 0, high = g->home_count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (g->homes[mid].last < num)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static int each_home_part(struct generated *g, const struct block *b, part_fn *fn, void *ctx)
{
    int err = 0;
    for (uint32_t i = home_from(g, b->range.first);
         err == 0 && i < g->home_count && g->homes[i].first <= b->range.last; i++)
        err = each_part(g, b, &g->homes[i], fn, ctx);
    return err;
}

static int count_part(struct generated *g, const struct block *b, const struct range *part,
                      void *ctx)
{
    u128 *count = ctx, size = part->last - part->first;
    (void)g;
    (void)b;
    *count = size >> 63 || *count >> 63 ? (u128)1 << 63 : *count + size + 1;
    return 0;
}

/* Explicit PTRs are met in the order of the addresses. */
static int has_explicit(struct generated *g, const struct range *part, u128 num)
{
    int found = PTRD_FOUND;
    if (g->has_ptr && g->ptr.num < num) {
        found = list_next_ptr(g->l, part, num, &g->ptr);
        g->has_ptr = found == PTRD_FOUND;
    }
    return found < 0 ? found : g->has_ptr && g->ptr.num == num;
}

static int emit_address(struct generated *g, const struct range *part, u128 num)
{
    struct addr addr = {.num = num, .family = part->family};
    struct name name;
    int found = has_explicit(g, part, num);
    if (found != PTRD_ABSENT)
        return found < 0 ? found : 0;
    table_reverse_name(g->l->s->table, &addr, &name);
    if (name_equal(&name, &g->l->zone->apex))
        return 0;
    found = g->bare ? PTRD_ABSENT : list_seen_in_derived(g->l, &name);
    if (found != PTRD_ABSENT)
        return found < 0 ? found : 0;
    return emit_name(g, &name);
}

static int emit_part(struct generated *g, const struct block *b, const struct range *part,
                     void *ctx)
{
    int err = list_next_ptr(g->l, part, part->first, &g->ptr);
    (void)b;
    (void)ctx;
    g->has_ptr = err == PTRD_FOUND;
    err = err < 0 ? err : 0;
    for (u128 num = part->first; err == 0; num++) {
        err = emit_address(g, part, num);
        if (num == part->last)
            break;
    }
    return err;
}

static int walk_addresses(struct generated *g, const struct block *b)
{
    return each_home_part(g, b, emit_part, NULL);
}

/* Blocks in the order in which their first addresses come, each once. */
static int list_home(struct generated *g, const struct range *home, uint8_t *asked)
{
    const struct block_set *set = table_blocks(g->l->s->table, home->family);
    int err = 0;
    uint32_t i = set->segments[table_segment_for(set, home->first)].generating;
    while (err == 0 && i < set->segment_count && set->segments[i].first <= home->last) {
        uint32_t block = set->segments[i].block;
        if (!asked[block]) {
            const struct block *b = &set->blocks[block];
            u128 count = 0;
            asked[block] = 1;
            err = each_home_part(g, b, count_part, &count);
            if (err == 0)
                err = list_block(g, b, count, walk_addresses);
        }
        i = i + 1 < set->segment_count ? set->segments[i + 1].generating : set->segment_count;
    }
    return err;
}

static int list_reverse(struct generated *g)
{
    const struct table *t = g->l->s->table;
    int err = list_homes(g->l, &g->homes, &g->home_count);
    if (err < 0 || !g->home_count)
        return err;
    uint8_t *asked = calloc(table_blocks(t, g->homes[0].family)->count + 1u, 1);
    if (!asked)
        return PTRD_ENOMEM;
    for (uint32_t i = 0; i < g->home_count && err == 0; i++)
        err = list_home(g, &g->homes[i], asked);
    free(asked);
    return err;
}

/* --- forward zones ---------------------------------------------------------------------------- */

struct counts {
    u128 inside, looked_at;
};

static u128 saturated(u128 a, u128 b)
{
    return a >> 64 || b >> 64 ? (u128)1 << 64 : a + b;
}

static int count_names(struct generated *g, const struct block *b, const struct range *part,
                       void *ctx)
{
    struct counts *c = ctx;
    u128 inside, looked_at;
    (void)b;
    list_scope_count(&g->scope, part, &inside, &looked_at);
    c->inside = saturated(c->inside, inside);
    c->looked_at = saturated(c->looked_at, looked_at);
    return 0;
}

/* Was the name listed with the IPv4 block that gives it too? */
static bool is_shared(const struct generated *g, const struct block *b, const struct name *name)
{
    const struct table *t = g->l->s->table;
    struct addr addrs[2];
    const struct block *blocks[2];
    return b->range.family == FAMILY_IPV6 && b->flags & BLOCK_SHARED_NAMES &&
           table_forward(t, name, addrs, blocks) == 2 && g->listed_v4[blocks[0] - t->v4.blocks];
}

static int emit_forward(struct generated *g, const struct block *b, u128 num)
{
    struct name name;
    int found = template_generate(b->template, num, &name);
    if (found < 0)
        return found;
    if (!list_owns(g->l, &name) || is_shared(g, b, &name))
        return 0;
    found = seen(g, &name);
    if (found != PTRD_ABSENT)
        return found < 0 ? found : 0;
    return emit_name(g, &name);
}

static int emit_names(struct generated *g, const struct block *b, const struct range *part,
                      void *ctx)
{
    int err = 0;
    (void)ctx;
    for (uint32_t i = 0; i < g->scope.in_count && err == 0; i++) {
        const struct list_reading *r = &g->scope.in[i];
        u128 num = part->first;
        while (err == 0 &&
               range_next_match(num, r->mask, r->value, part->last, &num) == PTRD_FOUND) {
            err = emit_forward(g, b, num);
            if (num++ == part->last)
                break;
        }
    }
    return err;
}

static int walk_names(struct generated *g, const struct block *b)
{
    return each_part(g, b, &b->range, emit_names, NULL);
}

static int list_forward_block(struct generated *g, const struct block *b)
{
    struct counts c = {0, 0};
    if (!b->template || b->flags & BLOCK_FORWARD_EXTERNAL)
        return 0;
    int err = list_scope_read(&g->scope, g->l, b->template);
    if (err == 0 && g->scope.in_count)
        err = each_part(g, b, &b->range, count_names, &c);
    if (err < 0 || c.inside == 0)
        return err;
    bool scattered = c.looked_at - c.inside > LOOKED_AT_MAX;
    return list_block(g, b, scattered ? ~(u128)0 : c.inside, walk_names);
}

static int list_forward(struct generated *g)
{
    const struct table *t = g->l->s->table;
    int err = 0;
    for (uint32_t i = 0; i < t->v4.count && err == 0; i++)
        err = list_forward_block(g, &t->v4.blocks[i]);
    for (uint32_t i = 0; i < t->v6.count && err == 0; i++)
        err = list_forward_block(g, &t->v6.blocks[i]);
    return err;
}

/* --- the whole -------------------------------------------------------------------------------- */

int list_generated(struct list *l)
{
    struct generated g = {.l = l};
    if (!l->sink->block)
        return 0;
    l->a->zone = l->zone;
    int records = facts_records(l->s, l->a);
    if (records < 0)
        return records;
    g.bare = !records;
    g.listed_v4 = calloc(l->s->table->v4.count + 1u, 1);
    int err = !g.listed_v4 ? PTRD_ENOMEM : l->zone->reverse ? list_reverse(&g) : list_forward(&g);
    free(g.listed_v4);
    free(g.homes);
    list_set_done(&g.above);
    list_scope_done(&g.scope);
    return err;
}
