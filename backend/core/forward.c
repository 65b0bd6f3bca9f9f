#include "forward_p.h"

#include "segments.h"

/* --- addresses with given bits --- */

/* Steps through the blocks that generate for some address with these bits, once for each of their
 * segments: start with at = 0. */
struct match_step {
    const struct block_set *set;
    u128 mask, value, at, max;
    bool done;
};

static struct match_step match_start(const struct table *t, enum family family,
                                     const struct bits *bits, u128 first, u128 last)
{
    u128 all = family_max(family);
    return (struct match_step){.set = table_blocks(t, family),
                               .mask = bits->mask & all,
                               .value = bits->value,
                               .at = first,
                               .max = last,
                               .done = (bits->value & ~all) != 0};
}

/* The next block's index, or TABLE_NONE at the end. */
static uint32_t match_next(struct match_step *m)
{
    const struct block_set *set = m->set;
    while (!m->done && range_next_match(m->at, m->mask, m->value, m->max, &m->at) == PTRD_FOUND) {
        uint32_t i = segments_find(set, m->at), block = set->segments[i].block;
        uint32_t next =
            i + 1 < set->segment_count ? set->segments[i + 1].generating : set->segment_count;
        m->done = next == set->segment_count;
        if (!m->done)
            m->at = set->segments[next].first;
        if (block != TABLE_NONE && set->blocks[block].template)
            return block;
    }
    return TABLE_NONE;
}

static const uint32_t *block_entries(const struct forward_index *f, enum family family)
{
    return family == FAMILY_IPV4 ? f->entry_v4 : f->entry_v6;
}

/* --- name -> addresses ------------------------------------------------------------------------ */

struct found {
    const struct name *name;
    struct addr *addrs;
    const struct block **blocks;
    unsigned count;
};

/* The block that gives the address this very name, or NULL. */
static const struct block *gives(const struct table *t, const struct addr *addr,
                                 const struct name *name)
{
    const struct block *b = table_block_for(t, addr);
    struct name given;
    if (!b || !b->template || b->flags & BLOCK_FORWARD_EXTERNAL ||
        template_generate(b->template, addr->num, &given) < 0 || !name_equal(&given, name))
        return NULL;
    return b;
}

/* The address counts when its most specific block gives it this very name. */
static bool take_address(struct walk *w, enum family family, u128 num)
{
    struct found *found = w->result;
    struct addr addr = {.num = num, .family = family};
    if (num > family_max(family))
        return true;
    const struct block *b = gives(w->table, &addr, found->name);
    if (!b)
        return true;
    if (found->count && found->addrs[0].family == family)
        return true;
    found->addrs[found->count] = addr;
    found->blocks[found->count++] = b;
    return found->count < 2;
}

static const struct piece *find_piece(const struct piece *p, uint32_t count, unsigned len, u128 key)
{
    const struct piece wanted = {.len = (uint8_t)len, .key = key, .first = 0};
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (piece_compare(&p[mid], &wanted) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return p + low;
}

/* The template shows only some bits: its blocks know the others. */
static bool take_pieces(struct walk *w, const struct entry *e, const struct bits *bits)
{
    const struct template *t = e->template;
    const struct piece *p = w->index->pieces + e->pieces, *end = p + e->piece_count;
    while (p < end) {
        unsigned len = p->len;
        u128 fixed = fixed_bits(t->family, len), key = bits->value & bits->mask & fixed;
        const struct piece *at = find_piece(p, (uint32_t)(end - p), len, key);
        for (; at < end && at->len == len && at->key == key; at++)
            if (!take_address(w, t->family, at->first | (bits->value & ~fixed)))
                return false;
        p = find_piece(at, (uint32_t)(end - at), len + 1, 0);
    }
    return true;
}

static bool take_entry(struct walk *w, const struct entry *e)
{
    struct bits bits;
    u128 all = family_max(e->template->family);
    if (!walk_read_fields(w, e->template, &bits))
        return true;
    if ((bits.mask & all) == all)
        return take_address(w, e->template->family, bits.value);
    return take_pieces(w, e, &bits);
}

/* The entries differ only in what their based fields subtract: the other fields say which blocks
 * come into question. */
static bool take_based(struct walk *w, uint32_t low, uint32_t high, const struct bits *bits)
{
    enum family family = w->index->entries[low].template->family;
    const uint32_t *entries = block_entries(w->index, family);
    struct match_step step = match_start(w->table, family, bits, 0, family_max(family));
    uint32_t last = TABLE_NONE;
    for (uint32_t block; (block = match_next(&step)) != TABLE_NONE;) {
        uint32_t entry = entries[block];
        if (entry < low || entry >= high || entry == last)
            continue;
        last = entry;
        if (!take_entry(w, &w->index->entries[entry]))
            return false;
    }
    return true;
}

static bool forward_leaf(struct walk *w, uint32_t low, uint32_t high, const struct bits *bits)
{
    const struct entry *e = &w->index->entries[low];
    u128 all = family_max(e->template->family);
    if ((bits->mask & all) == all)
        return take_address(w, e->template->family, bits->value);
    if (w->based)
        return high - low > 1 ? take_based(w, low, high, bits) : take_entry(w, e);
    for (; low < high; low++) /* more than one: templates without fields, one a family */
        if (!take_pieces(w, &w->index->entries[low], bits))
            return false;
    return true;
}

static void order_families(struct found *found)
{
    if (found->count < 2 || found->addrs[0].family == FAMILY_IPV4)
        return;
    struct addr addr = found->addrs[0];
    const struct block *block = found->blocks[0];
    found->addrs[0] = found->addrs[1];
    found->blocks[0] = found->blocks[1];
    found->addrs[1] = addr;
    found->blocks[1] = block;
}

/* No two addresses have one name, but of two families where both blocks share theirs. */
static bool guess(const struct table *t, const struct name *name, struct addr *addr,
                  const struct block **block)
{
    if (!forward_guess(name, addr))
        return false;
    *block = gives(t, addr, name);
    return *block && !((*block)->flags & BLOCK_SHARED_NAMES);
}

unsigned table_forward(const struct table *t, const struct name *name, struct addr addrs[2],
                       const struct block *blocks[2])
{
    char text[256];
    size_t len;
    struct found found = {.name = name, .addrs = addrs, .blocks = blocks};
    struct walk w;
    if (t->forward->entry_count == 0)
        return 0;
    if (guess(t, name, &addrs[0], &blocks[0]))
        return 1;
    if (template_name_text(name, text, &len) != PTRD_FOUND)
        return 0;
    w.below = false;
    w.leaf = forward_leaf;
    w.result = &found;
    walk_start(&w, t, text, len);
    order_families(&found);
    return found.count;
}

/* --- names below a name ----------------------------------------------------------------------- */

/* Some address with these bits has one of the entries low..high in its most specific block. */
static bool any_address(const struct walk *w, uint32_t low, uint32_t high, const struct bits *bits)
{
    const struct entry *e = &w->index->entries[low];
    enum family family = e->template->family;
    bool one = high - low == 1;
    struct match_step step =
        match_start(w->table, family, bits, one ? e->first : 0, one ? e->last : family_max(family));
    const uint32_t *entries = block_entries(w->index, family);
    for (uint32_t block; (block = match_next(&step)) != TABLE_NONE;)
        if (entries[block] >= low && entries[block] < high &&
            !(step.set->blocks[block].flags & BLOCK_FORWARD_EXTERNAL))
            return true;
    return false;
}

/* Entries low..high go on with a dot; what has been read of them are the same fields. */
static bool below_leaf(struct walk *w, uint32_t low, uint32_t high, const struct bits *bits)
{
    bool *found = w->result;
    /* Bits narrow the search through all blocks; without any, each entry's own blocks are looked
     * at. */
    if (!w->based && bits->mask) {
        *found = any_address(w, low, high, bits);
        return !*found;
    }
    for (uint32_t i = low; i < high && !*found; i++) {
        struct bits own;
        if (walk_read_fields(w, w->index->entries[i].template, &own))
            *found = any_address(w, i, i + 1, &own);
    }
    return !*found;
}

bool table_forward_below(const struct table *t, const struct name *name)
{
    char text[256];
    size_t len = 0;
    bool found = false;
    struct walk w;
    if (t->forward->entry_count == 0 ||
        (name->len > 1 && template_name_text(name, text, &len) != PTRD_FOUND))
        return false;
    w.below = true;
    w.leaf = below_leaf;
    w.result = &found;
    if (len) {
        walk_start(&w, t, text, len);
    } else { /* everything lies below the root */
        w.table = t;
        w.index = t->forward;
        w.field_count = w.based = 0;
        (void)below_leaf(&w, 0, t->forward->entry_count, &(struct bits){0, 0});
    }
    return found;
}
