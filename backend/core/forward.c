#include "forward.h"

#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX TEMPLATE_TOKENS_MAX
#define SYMBOL_FIELD 256 /* symbols from here on are kinds of fields */

struct field_kind {
    uint8_t token, radix, width_min, width_max;
};

struct entry {
    const struct template *template;
    uint32_t symbols; /* offset in forward_index.symbols */
    uint16_t length;
    uint32_t pieces, piece_count; /* of its blocks, for templates that do not show every bit */
    u128 first, last;             /* all its blocks lie between */
};

/* An aligned part of a block whose template shows only some bits: (length, key) finds it. */
struct piece {
    u128 key;   /* fixed bits that the template shows */
    u128 first; /* all fixed bits */
    uint32_t block;
    uint8_t len;
};

struct forward_index {
    struct field_kind *kinds;
    uint32_t kind_count;
    uint16_t *symbols;
    struct entry *entries;
    uint32_t entry_count;
    struct piece *pieces;
    uint32_t piece_count;
};

/* --- building --------------------------------------------------------------------------------- */

static int kind_symbol(struct forward_index *f, const struct token *token, uint16_t *out)
{
    struct field_kind kind = {token->kind, token->radix, token->width_min, token->width_max};
    for (uint32_t i = 0; i < f->kind_count; i++)
        if (memcmp(&f->kinds[i], &kind, sizeof kind) == 0) {
            *out = (uint16_t)(SYMBOL_FIELD + i);
            return 0;
        }
    struct field_kind *bigger = realloc(f->kinds, (f->kind_count + 1) * sizeof kind);
    if (!bigger)
        return PTRD_ENOMEM;
    f->kinds = bigger;
    f->kinds[f->kind_count] = kind;
    *out = (uint16_t)(SYMBOL_FIELD + f->kind_count++);
    return 0;
}

static size_t count_symbols(const struct template *t)
{
    size_t count = 0;
    for (unsigned i = 0; i < t->token_count; i++)
        count += t->tokens[i].kind == TOKEN_LITERAL ? t->tokens[i].text_len : 1;
    return count;
}

static int put_symbols(struct forward_index *f, const struct template *t, uint16_t *out)
{
    for (unsigned i = t->token_count; i > 0; i--) {
        const struct token *token = &t->tokens[i - 1];
        if (token->kind != TOKEN_LITERAL) {
            int err = kind_symbol(f, token, out++);
            if (err < 0)
                return err;
            continue;
        }
        for (unsigned k = token->text_len; k > 0; k--)
            *out++ = (uint8_t)token->text[k - 1];
    }
    return 0;
}

/* qsort_r of glibc: the symbols are not reachable from an entry alone. */
static int by_symbols(const void *a, const void *b, void *symbols)
{
    const struct entry *x = a, *y = b;
    const uint16_t *p = (const uint16_t *)symbols + x->symbols;
    const uint16_t *q = (const uint16_t *)symbols + y->symbols;
    unsigned len = x->length < y->length ? x->length : y->length;
    for (unsigned i = 0; i < len; i++)
        if (p[i] != q[i])
            return p[i] < q[i] ? -1 : 1;
    return (int)x->length - (int)y->length;
}

static int build_entries(const struct table *t, struct forward_index *f)
{
    size_t total = 0;
    for (uint32_t i = 0; i < t->template_count; i++)
        total += count_symbols(t->templates[i]);
    if (total > UINT32_MAX)
        return PTRD_ELIMIT;
    f->symbols = malloc((total + 1) * sizeof *f->symbols);
    f->entries = calloc(t->template_count + 1u, sizeof *f->entries);
    if (!f->symbols || !f->entries)
        return PTRD_ENOMEM;
    uint32_t at = 0;
    for (uint32_t i = 0; i < t->template_count; i++) {
        const struct template *p = t->templates[i];
        size_t length = count_symbols(p);
        f->entries[i] = (struct entry){
            .template = p, .symbols = at, .length = (uint16_t)length, .first = ~(u128)0};
        int err = put_symbols(f, p, f->symbols + at);
        if (err < 0)
            return err;
        at += (uint32_t)length;
    }
    f->entry_count = t->template_count;
    if (f->entry_count)
        qsort_r(f->entries, f->entry_count, sizeof *f->entries, by_symbols, f->symbols);
    return 0;
}

/* template pointer -> entry, for building only. */
struct owner {
    const struct template *template;
    uint32_t entry;
};

static int by_template(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t)((const struct owner *)a)->template;
    uintptr_t y = (uintptr_t)((const struct owner *)b)->template;
    return x < y ? -1 : x > y;
}

static struct entry *entry_of(struct forward_index *f, const struct owner *owners,
                              const struct template *t)
{
    struct owner key = {.template = t};
    const struct owner *owner = bsearch(&key, owners, f->entry_count, sizeof *owners, by_template);
    return &f->entries[owner->entry];
}

static void span_blocks(struct forward_index *f, const struct block_set *set,
                        const struct owner *owners)
{
    for (uint32_t i = 0; i < set->count; i++) {
        const struct block *b = &set->blocks[i];
        if (!b->template)
            continue;
        struct entry *e = entry_of(f, owners, b->template);
        if (b->range.first < e->first)
            e->first = b->range.first;
        if (b->range.last > e->last)
            e->last = b->range.last;
    }
}

static bool shows_all(const struct template *t)
{
    return t->covered == family_max(t->family);
}

/* Calls for every aligned part of every block of a set whose template shows only part of the bits.
 */
typedef void part_fn(struct forward_index *f, struct entry *e, const struct prefix *p,
                     uint32_t block);

static void each_part(struct forward_index *f, const struct block_set *set,
                      const struct owner *owners, part_fn *fn)
{
    for (uint32_t i = 0; i < set->count; i++) {
        const struct block *b = &set->blocks[i];
        if (!b->template || shows_all(b->template))
            continue;
        struct entry *e = entry_of(f, owners, b->template);
        struct range rest = b->range;
        struct prefix part;
        bool done = false;
        while (range_next_piece(&rest, &done, &part))
            fn(f, e, &part, i);
    }
}

static void count_part(struct forward_index *f, struct entry *e, const struct prefix *p,
                       uint32_t block)
{
    (void)p;
    (void)block;
    e->piece_count++;
    f->piece_count++;
}

static u128 fixed_bits(enum family family, unsigned len)
{
    return family_max(family) & ~low_bits(family_bits(family) - len);
}

static void put_part(struct forward_index *f, struct entry *e, const struct prefix *p,
                     uint32_t block)
{
    u128 key = p->num & e->template->covered & fixed_bits(p->family, p->len);
    f->pieces[e->pieces + e->piece_count++] =
        (struct piece){.key = key, .first = p->num, .block = block, .len = p->len};
}

static int by_key(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->first < y->first ? -1 : x->first > y->first;
}

static int build_pieces(const struct table *t, struct forward_index *f)
{
    struct owner *owners = malloc((f->entry_count + 1u) * sizeof *owners);
    if (!owners)
        return PTRD_ENOMEM;
    for (uint32_t i = 0; i < f->entry_count; i++)
        owners[i] = (struct owner){.template = f->entries[i].template, .entry = i};
    qsort(owners, f->entry_count, sizeof *owners, by_template);
    span_blocks(f, &t->v4, owners);
    span_blocks(f, &t->v6, owners);
    each_part(f, &t->v4, owners, count_part);
    each_part(f, &t->v6, owners, count_part);
    f->pieces = malloc((f->piece_count + 1u) * sizeof *f->pieces);
    if (!f->pieces) {
        free(owners);
        return PTRD_ENOMEM;
    }
    uint32_t at = 0;
    for (uint32_t i = 0; i < f->entry_count; i++) {
        f->entries[i].pieces = at;
        at += f->entries[i].piece_count;
        f->entries[i].piece_count = 0;
    }
    each_part(f, &t->v4, owners, put_part);
    each_part(f, &t->v6, owners, put_part);
    for (uint32_t i = 0; i < f->entry_count; i++)
        if (f->entries[i].piece_count)
            qsort(f->pieces + f->entries[i].pieces, f->entries[i].piece_count, sizeof *f->pieces,
                  by_key);
    free(owners);
    return 0;
}

int forward_index_new(const struct table *t, struct forward_index **out)
{
    struct forward_index *f = calloc(1, sizeof *f);
    if (!f)
        return PTRD_ENOMEM;
    int err = build_entries(t, f);
    if (err == 0)
        err = build_pieces(t, f);
    if (err < 0) {
        forward_index_free(f);
        return err;
    }
    *out = f;
    return 0;
}

void forward_index_free(struct forward_index *f)
{
    if (!f)
        return;
    free(f->kinds);
    free(f->symbols);
    free(f->entries);
    free(f->pieces);
    free(f);
}

/* --- walking ---------------------------------------------------------------------------------- */

struct field_place {
    uint8_t at, len;
};

/* One name being read from its right end. */
struct walk {
    const struct table *table;
    const struct forward_index *index;
    const char *text;
    bool below; /* looking for names below this one: stop where a template goes on with a dot */
    struct field_place fields[FIELDS_MAX]; /* from the right */
    unsigned field_count;
    bool (*leaf)(struct walk *w, const struct entry *e);
    void *result;
};

static uint16_t symbol(const struct forward_index *f, uint32_t entry, unsigned depth)
{
    return f->symbols[f->entries[entry].symbols + depth];
}

/* First entry of low..high whose symbol at depth is at least `wanted`. */
static uint32_t lower_bound(const struct forward_index *f, uint32_t low, uint32_t high,
                            unsigned depth, unsigned wanted)
{
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (symbol(f, mid, depth) < wanted)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool walk_from(struct walk *w, uint32_t low, uint32_t high, unsigned depth, size_t end);

static bool field_char(const struct field_kind *kind, char c)
{
    if (kind->token == TOKEN_SHORT)
        return c == '-' || template_digit(c, 16) >= 0;
    return template_digit(c, kind->radix) >= 0;
}

/* All entries low..high show one kind of field next: tries its widths. */
static bool walk_field(struct walk *w, uint32_t low, uint32_t high, unsigned depth, size_t end)
{
    const struct field_kind *kind = &w->index->kinds[symbol(w->index, low, depth) - SYMBOL_FIELD];
    bool is_short = kind->token == TOKEN_SHORT;
    unsigned min = is_short ? 3 : kind->width_min, max = is_short ? 40 : kind->width_max;
    if (w->field_count == FIELDS_MAX)
        return true;
    for (unsigned width = 1; width <= max && width <= end; width++) {
        if (!field_char(kind, w->text[end - width]))
            return true;
        if (width < min)
            continue;
        w->fields[w->field_count++] =
            (struct field_place){.at = (uint8_t)(end - width), .len = (uint8_t)width};
        bool go_on = walk_from(w, low, high, depth + 1, end - width);
        w->field_count--;
        if (!go_on)
            return false;
    }
    return true;
}

/* The name is used up: entries of this length are it; those that go on with a dot lie below it. */
static bool walk_end(struct walk *w, uint32_t low, uint32_t high, unsigned depth)
{
    const struct forward_index *f = w->index;
    for (; low < high && f->entries[low].length == depth; low++)
        if (!w->below && !w->leaf(w, &f->entries[low]))
            return false;
    if (!w->below || low == high)
        return true;
    low = lower_bound(f, low, high, depth, '.');
    for (; low < high && symbol(f, low, depth) == '.'; low++)
        if (!w->leaf(w, &f->entries[low]))
            return false;
    return true;
}

/* Entries low..high agree in their first `depth` symbols, which have been read down to text[end).
 * Returns false to stop everything. */
static bool walk_from(struct walk *w, uint32_t low, uint32_t high, unsigned depth, size_t end)
{
    const struct forward_index *f = w->index;
    for (; low < high && end > 0; depth++, end--) {
        while (low < high && f->entries[low].length == depth)
            low++;
        if (low == high)
            return true;
        uint16_t first = symbol(f, low, depth), last = symbol(f, high - 1, depth);
        uint16_t wanted = (uint8_t)w->text[end - 1];
        if (last >= SYMBOL_FIELD) {
            uint32_t fields =
                first >= SYMBOL_FIELD ? low : lower_bound(f, low, high, depth, SYMBOL_FIELD);
            for (uint32_t at = fields, next; at < high; at = next) {
                uint16_t kind = symbol(f, at, depth);
                next = kind == last ? high : lower_bound(f, at, high, depth, kind + 1u);
                if (!walk_field(w, at, next, depth, end))
                    return false;
            }
            high = fields;
        }
        if (low == high || first > wanted)
            return true;
        if (first != wanted || symbol(f, high - 1, depth) != wanted) {
            low = lower_bound(f, low, high, depth, wanted);
            high = lower_bound(f, low, high, depth, wanted + 1u);
        }
    }
    return low < high ? walk_end(w, low, high, depth) : true;
}

/* Bits of the address that the fields read so far fix; false when they contradict each other. */
static bool read_fields(const struct walk *w, const struct template *t, u128 *mask, u128 *value)
{
    unsigned field = 0;
    *mask = *value = 0;
    for (unsigned i = t->token_count; i > 0 && field < w->field_count; i--) {
        const struct token *token = &t->tokens[i - 1];
        if (token->kind == TOKEN_LITERAL)
            continue;
        const struct field_place *p = &w->fields[field++];
        u128 field_mask, field_value;
        if (template_field_read(token, w->text + p->at, p->len, &field_mask, &field_value) !=
                PTRD_FOUND ||
            (*value ^ field_value) & *mask & field_mask)
            return false;
        *mask |= field_mask;
        *value |= field_value;
    }
    return true;
}

/* --- name -> addresses ------------------------------------------------------------------------ */

struct found {
    const struct name *name;
    struct addr *addrs;
    const struct block **blocks;
    unsigned count;
};

/* The address counts when its most specific block has this very template and gives this name. */
static bool take_address(struct walk *w, const struct template *t, u128 num)
{
    struct found *found = w->result;
    struct addr addr = {.num = num, .family = t->family};
    if (num > family_max(t->family))
        return true;
    const struct block *b = table_block_for(w->table, &addr);
    struct name name;
    if (!b || b->template != t || b->flags & BLOCK_FORWARD_EXTERNAL ||
        template_generate(t, num, &name) < 0 || !name_equal(&name, found->name))
        return true;
    if (found->count && found->addrs[0].family == addr.family)
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
        if (by_key(&p[mid], &wanted) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return p + low;
}

/* The template shows only some bits: its blocks know the others. */
static bool take_pieces(struct walk *w, const struct entry *e, u128 mask, u128 value)
{
    const struct template *t = e->template;
    const struct piece *p = w->index->pieces + e->pieces, *end = p + e->piece_count;
    while (p < end) {
        unsigned len = p->len;
        u128 fixed = fixed_bits(t->family, len), key = value & mask & fixed;
        const struct piece *at = find_piece(p, (uint32_t)(end - p), len, key);
        for (; at < end && at->len == len && at->key == key; at++)
            if (!take_address(w, t, at->first | (value & ~fixed)))
                return false;
        p = find_piece(at, (uint32_t)(end - at), len + 1, 0);
    }
    return true;
}

static bool forward_leaf(struct walk *w, const struct entry *e)
{
    u128 mask, value;
    if (!read_fields(w, e->template, &mask, &value))
        return true;
    if ((mask & family_max(e->template->family)) == family_max(e->template->family))
        return take_address(w, e->template, value);
    return take_pieces(w, e, mask, value);
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

unsigned table_forward(const struct table *t, const struct name *name, struct addr addrs[2],
                       const struct block *blocks[2])
{
    char text[256];
    size_t len;
    struct found found = {.name = name, .addrs = addrs, .blocks = blocks};
    struct walk w;
    if (t->forward->entry_count == 0 || template_name_text(name, text, &len) != PTRD_FOUND)
        return 0;
    w.table = t;
    w.index = t->forward;
    w.text = text;
    w.below = false;
    w.field_count = 0;
    w.leaf = forward_leaf;
    w.result = &found;
    (void)walk_from(&w, 0, t->forward->entry_count, 0, len);
    order_families(&found);
    return found.count;
}

/* --- names below a name ----------------------------------------------------------------------- */

/* The least x >= from with (x & mask) == value. PTRD_ABSENT when there is none. */
static int next_match(u128 from, u128 mask, u128 value, u128 max, u128 *out)
{
    u128 differ = (from ^ value) & mask;
    if (!differ) {
        *out = from;
        return PTRD_FOUND;
    }
    unsigned top = 127;
    while (!(differ >> top & 1))
        top--;
    u128 low = low_bits(top + 1);
    if (value >> top & 1) { /* raising this bit is enough */
        *out = (from & ~low) | (value & mask & low);
        return *out <= max ? PTRD_FOUND : PTRD_ABSENT;
    }
    /* A free bit above must be raised. */
    for (unsigned bit = top + 1; bit < 128; bit++) {
        if ((mask | from) >> bit & 1)
            continue;
        low = low_bits(bit);
        *out = (from & ~low) | (u128)1 << bit | (value & mask & low);
        return *out <= max ? PTRD_FOUND : PTRD_ABSENT;
    }
    return PTRD_ABSENT;
}

static uint32_t segment_of(const struct block_set *set, u128 num)
{
    uint32_t low = 0, high = set->segment_count;
    while (high - low > 1) {
        uint32_t mid = low + (high - low) / 2;
        if (set->segments[mid].first <= num)
            low = mid;
        else
            high = mid;
    }
    return low;
}

/* Some address with these bits has this template in its most specific block. */
static bool any_address(const struct table *t, const struct entry *e, u128 mask, u128 value)
{
    const struct template *p = e->template;
    const struct block_set *set = table_blocks(t, p->family);
    u128 at = e->first, max = e->last, bits = family_max(p->family);
    while (at <= max && next_match(at, mask & bits, value, max, &at) == PTRD_FOUND) {
        uint32_t i = segment_of(set, at), block = set->segments[i].block;
        if (block != TABLE_NONE && set->blocks[block].template == p &&
            !(set->blocks[block].flags & BLOCK_FORWARD_EXTERNAL))
            return true;
        uint32_t next =
            i + 1 < set->segment_count ? set->segments[i + 1].generating : set->segment_count;
        if (next == set->segment_count)
            return false;
        at = set->segments[next].first;
    }
    return false;
}

static bool below_leaf(struct walk *w, const struct entry *e)
{
    u128 mask, value;
    bool *found = w->result;
    if (!read_fields(w, e->template, &mask, &value))
        return true;
    *found = any_address(w->table, e, mask, value);
    return !*found;
}

bool table_forward_below(const struct table *t, const struct name *name)
{
    char text[256];
    size_t len = 0;
    bool found = false;
    struct walk w;
    if (t->forward->entry_count == 0 || name->len == 1 ||
        template_name_text(name, text, &len) != PTRD_FOUND)
        return name->len == 1 && t->forward->entry_count;
    w.table = t;
    w.index = t->forward;
    w.text = text;
    w.below = true;
    w.field_count = 0;
    w.leaf = below_leaf;
    w.result = &found;
    (void)walk_from(&w, 0, t->forward->entry_count, 0, len);
    return found;
}
