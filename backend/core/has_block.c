/* struct zone.has_block: zones whose answers are computed. */
#include <stdlib.h>

#include "forward.h"
#include "table_p.h"

/* --- reverse zones ---------------------------------------------------------------------------- */

/* Addresses whose PTRs stand in a zone, but for those of the holdings within. */
struct holding {
    u128 first;
    uint32_t zone; /* TABLE_NONE: at arpa names, of a zone that holds other addresses */
    uint8_t len;   /* of the prefix */
    bool classless;
};

static u128 last_of(const struct holding *h, enum family family)
{
    return h->first | low_bits(family_bits(family) - h->len);
}

static int by_first(const void *a, const void *b)
{
    const struct holding *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    return (int)x->classless - (int)y->classless;
}

static void put_prefix(struct holding *h, uint32_t *count, const struct prefix *prefix,
                       uint32_t zone, bool classless)
{
    h[(*count)++] = (struct holding){
        .first = prefix->num, .zone = zone, .len = prefix->len, .classless = classless};
}

/* In the order of addresses, enclosing ones first. */
static uint32_t collect(const struct table *t, enum family family, struct holding *h)
{
    uint32_t count = 0;
    bool in_order = true;
    for (uint32_t i = 0; i < t->zone_count; i++) {
        const struct zone *z = &t->zones[i];
        struct arpa arpa = {.kind = ARPA_NONE};
        uint32_t from = count;
        if (z->reverse)
            arpa_parse(&z->apex, &arpa);
        if ((arpa.kind == ARPA_PARTIAL || arpa.kind == ARPA_FULL) && arpa.prefix.family == family)
            put_prefix(h, &count, &arpa.prefix, z->classless ? TABLE_NONE : i, false);
        if (z->classless && family == FAMILY_IPV4)
            put_prefix(h, &count, &z->prefix, i, true);
        for (; from < count; from++)
            in_order = in_order && (from == 0 || by_first(&h[from - 1], &h[from]) <= 0);
    }
    if (!in_order)
        qsort(h, count, sizeof *h, by_first);
    return count;
}

/* Walks addresses and segments upwards together. */
struct sweep {
    struct table *t;
    enum family family;
    const struct block_set *set;
    uint32_t segment;
};

/* Addresses first..last, none of which lies before those of the last call. */
static void see_addresses(struct sweep *s, u128 first, u128 last, uint32_t zone)
{
    const struct block_set *set = s->set;
    while (s->segment + 1 < set->segment_count && set->segments[s->segment + 1].first <= first)
        s->segment++;
    if (zone == TABLE_NONE || s->t->zones[zone].has_block)
        return;
    for (uint32_t i = s->segment; i < set->segment_count; i++) {
        if (i > s->segment && set->segments[i].first > last)
            return;
        if (set->segments[i].block != TABLE_NONE) {
            s->t->zones[zone].has_block = true;
            return;
        }
    }
}

static void sweep_holdings(struct sweep *s, const struct holding *h, uint32_t count)
{
    uint32_t open[130]; /* nested prefixes: one a length, and one of a classless zone */
    unsigned depth = 0;
    u128 at = 0;
    for (uint32_t i = 0; i <= count; i++) {
        while (depth > 0 && (i == count || last_of(&h[open[depth - 1]], s->family) < h[i].first)) {
            const struct holding *inner = &h[open[--depth]];
            u128 last = last_of(inner, s->family);
            if (at <= last)
                see_addresses(s, at, last, inner->zone);
            if (last == family_max(s->family))
                return;
            at = last + 1 > at ? last + 1 : at;
        }
        if (i == count || (depth > 0 && h[open[depth - 1]].classless))
            continue;
        if (depth > 0 && at < h[i].first)
            see_addresses(s, at, h[i].first - 1, h[open[depth - 1]].zone);
        at = h[i].first;
        open[depth++] = i;
    }
}

static int mark_reverse(struct table *t)
{
    struct holding *h = malloc((2 * (size_t)t->zone_count + 1) * sizeof *h);
    if (!h)
        return PTRD_ENOMEM;
    for (enum family family = FAMILY_IPV4; family <= FAMILY_IPV6; family += 2) {
        struct sweep s = {.t = t, .family = family, .set = table_blocks(t, family)};
        if (s.set->count > 0)
            sweep_holdings(&s, h, collect(t, family, h));
    }
    free(h);
    return 0;
}

int has_block_finish(struct table *t)
{
    if (t->v4.count + t->v6.count == 0)
        return 0;
    int err = mark_reverse(t);
    return err < 0 ? err : forward_mark_zones(t);
}
