#include "target.h"

#include <stdlib.h>
#include <string.h>

/* Where a name below it stops or begins to be good: a zone, a cut or a DNAME. Good is a name in a
 * forward zone that no cut and no DNAME of its zone rules. Entries nest; each adds or takes away
 * what it changes against its surroundings, so that the sum over all of them is right. */
struct entry {
    struct name name;
    char text[256];
    size_t len;
    int sign;
    bool below_only; /* a DNAME rules what is below it, not its owner */
};

/* The addresses whose name lies at or below an entry have these bits. */
struct reading {
    u128 mask, value;
    int sign;
};

/* One template: blocks share it by the thousand. */
struct known {
    const struct template *p; /* NULL: an empty place */
    bool good;                /* what is at or above the fixed end of its names lets them be good */
    struct reading *readings;
    uint32_t count, capacity;
};

struct target_index {
    const struct table *t;
    struct entry *entries; /* canonical order of name */
    uint32_t count;
    struct known *known; /* open addressing by template */
    uint32_t known_mask;
};

/* --- the index -------------------------------------------------------------------------------- */

static bool dname_at(const struct table *t, const struct name *name)
{
    uint32_t low = 0, high = t->cut_count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        int order = name_compare(&t->cuts[mid].name, name);
        if (order == 0)
            return t->cuts[mid].flags & CUT_DNAME;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

/* Is the place of name, in the zone around it, ruled by something further up? */
static bool ruled_from_above(const struct table *t, const struct name *name)
{
    struct name above;
    name_strip(name, 1, &above);
    return table_place(t, &above).rule != PLACE_FREE || dname_at(t, &above);
}

/* +1: names become good here; -1: they stop being good; 0: nothing changes. */
static int sign_of_zone(const struct table *t, const struct zone *z)
{
    bool around =
        z->parent != TABLE_NONE && !t->zones[z->parent].reverse && !ruled_from_above(t, &z->apex);
    return (int)!z->reverse - (int)around;
}

static int sign_of_cut(const struct table *t, const struct cut *c)
{
    const struct zone *z = &t->zones[c->zone];
    bool apex = name_equal(&z->apex, &c->name);
    return !z->reverse && (apex || !ruled_from_above(t, &c->name)) ? -1 : 0;
}

static void add_entry(struct target_index *x, const struct name *name, int sign, bool below_only)
{
    struct entry *e = &x->entries[x->count];
    /* a generated name holds only letters, digits and hyphens */
    if (sign == 0 || template_name_text(name, e->text, &e->len) != PTRD_FOUND)
        return;
    e->name = *name;
    e->sign = sign;
    e->below_only = below_only;
    x->count++;
}

static int by_name(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return name_compare(&x->name, &y->name);
}

int target_index_new(const struct table *t, struct target_index **out)
{
    struct target_index *x = calloc(1, sizeof *x);
    uint32_t size = 4;
    if (!x)
        return PTRD_ENOMEM;
    while (size / 2 < t->template_count)
        size *= 2;
    x->t = t;
    x->known_mask = size - 1;
    x->known = calloc(size, sizeof *x->known);
    x->entries = malloc(((size_t)t->zone_count + t->cut_count + 1) * sizeof *x->entries);
    if (!x->entries || !x->known) {
        target_index_free(x);
        return PTRD_ENOMEM;
    }
    for (uint32_t i = 0; i < t->zone_count; i++)
        add_entry(x, &t->zones[i].apex, sign_of_zone(t, &t->zones[i]), false);
    for (uint32_t i = 0; i < t->cut_count; i++)
        add_entry(x, &t->cuts[i].name, sign_of_cut(t, &t->cuts[i]), !(t->cuts[i].flags & CUT_NS));
    qsort(x->entries, x->count, sizeof *x->entries, by_name);
    *out = x;
    return 0;
}

void target_index_free(struct target_index *x)
{
    if (!x)
        return;
    for (uint32_t i = 0; x->known && i <= x->known_mask; i++)
        free(x->known[i].readings);
    free(x->known);
    free(x->entries);
    free(x);
}

static uint32_t first_within(const struct target_index *x, const struct name *suffix)
{
    uint32_t low = 0, high = x->count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (name_compare(&x->entries[mid].name, suffix) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* --- one template ----------------------------------------------------------------------------- */

struct collect {
    struct known *k;
    int sign;
    bool failed;
};

static bool add_reading(void *ctx, u128 mask, u128 value)
{
    struct collect *c = ctx;
    struct known *k = c->k;
    if (k->count == k->capacity) {
        uint32_t capacity = k->capacity ? k->capacity * 2 : 4;
        struct reading *grown = realloc(k->readings, capacity * sizeof *grown);
        c->failed = !grown;
        if (c->failed)
            return false;
        k->readings = grown;
        k->capacity = capacity;
    }
    k->readings[k->count++] = (struct reading){mask, value, c->sign};
    return true;
}

/* A name has one reading below an entry. */
static int read_entries(const struct target_index *x, struct known *k)
{
    struct name suffix;
    struct collect c = {.k = k};
    template_suffix(k->p, &suffix);
    struct place at = table_place(x->t, &suffix);
    k->good = at.zone && !at.zone->reverse && at.rule == PLACE_FREE;
    for (uint32_t i = first_within(x, &suffix); i < x->count && !c.failed; i++) {
        const struct entry *e = &x->entries[i];
        if (!name_within(&e->name, &suffix))
            break;
        /* An entry at the suffix itself is in `good`, but for what rules only below it. */
        if (!e->below_only && name_equal(&e->name, &suffix))
            continue;
        c.sign = e->sign;
        template_match(k->p, e->text, e->len, false, add_reading, &c);
        if (!e->below_only && !c.failed)
            template_match(k->p, e->text, e->len, true, add_reading, &c);
    }
    return c.failed ? PTRD_ENOMEM : 0;
}

/* What is known of a template; NULL without memory. */
static const struct known *known_of(struct target_index *x, const struct template *p)
{
    uint32_t at = (uint32_t)((uintptr_t)p >> 4) * 2654435761u & x->known_mask;
    while (x->known[at].p && x->known[at].p != p)
        at = (at + 1) & x->known_mask;
    struct known *k = &x->known[at];
    if (k->p)
        return k;
    k->p = p;
    return read_entries(x, k) < 0 ? NULL : k;
}

/* The addresses of the range that have the bits, modulo 2^128. */
static u128 count_reading(const struct reading *r, const struct range *range)
{
    struct range rest = *range;
    struct prefix piece;
    bool done = false;
    u128 total = 0;
    while (range_next_piece(&rest, &done, &piece)) {
        u128 host = low_bits(family_bits(piece.family) - piece.len);
        if ((piece.num ^ r->value) & r->mask & ~host & family_max(piece.family))
            continue;
        u128 size = 1;
        for (u128 bits = host & ~r->mask; bits; bits &= bits - 1)
            size <<= 1;
        total += size;
    }
    return total;
}

/* The addresses of the range whose name is not good, modulo 2^128. */
static u128 count_bad(const struct known *k, const struct range *range)
{
    u128 size = range->last - range->first + 1, good = k->good ? size : 0;
    for (uint32_t i = 0; i < k->count; i++) {
        u128 count = count_reading(&k->readings[i], range);
        good += k->readings[i].sign > 0 ? count : -count;
    }
    return size - good;
}

/* Halves the range, going where some are bad, down to one address. */
static bool find_bad(const struct known *k, struct range at, struct addr *out)
{
    /* The size of the whole IPv6 space is 0 here: its halves are asked one by one. */
    bool whole = at.last - at.first == ~(u128)0;
    if (!whole && count_bad(k, &at) == 0)
        return false;
    while (at.first < at.last) {
        struct range left = at;
        left.last = at.first + (at.last - at.first) / 2;
        if (count_bad(k, &left))
            at.last = left.last;
        else
            at.first = left.last + 1;
    }
    *out = (struct addr){.num = at.first, .family = at.family};
    return count_bad(k, &at) != 0;
}

/* --- one block -------------------------------------------------------------------------------- */

int target_outside(struct target_index *x, const struct block *b, struct addr *out)
{
    const struct block_set *set = table_blocks(x->t, b->range.family);
    uint32_t own = (uint32_t)(b - set->blocks);
    const struct known *k = known_of(x, b->template);
    if (!k)
        return PTRD_ENOMEM;
    if (!find_bad(k, b->range, out))
        return PTRD_ABSENT;
    /* Only names that are given count: not those of blocks inside, nor of delegated addresses. */
    for (uint32_t i = table_segment_for(set, b->range.first);
         i < set->segment_count && set->segments[i].first <= b->range.last; i++) {
        struct range part = b->range;
        if (set->segments[i].block != own)
            continue;
        if (set->segments[i].first > part.first)
            part.first = set->segments[i].first;
        if (i + 1 < set->segment_count && set->segments[i + 1].first <= part.last)
            part.last = set->segments[i + 1].first - 1;
        if (find_bad(k, part, out))
            return PTRD_FOUND;
    }
    return PTRD_ABSENT;
}
