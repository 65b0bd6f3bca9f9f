#include "forward.h"

#include "segments.h"

#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX TEMPLATE_TOKENS_MAX
#define SYMBOL_FIELD 256 /* symbols from here on are kinds of fields */

/* Fields of one kind show the same bits in the same way, so that entries with equal symbols read a
 * name alike; only what is subtracted in a range that is no prefix (`based`) differs between them.
 */
struct field_kind {
    uint8_t token, radix, width_min, width_max, shift, bits, based, family;
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
    uint32_t *entry_v4, *entry_v6; /* entry of each block's template, TABLE_NONE for "none" */
};

/* --- building --------------------------------------------------------------------------------- */

static int kind_symbol(struct forward_index *f, const struct template *t, const struct token *token,
                       uint16_t *out)
{
    struct field_kind kind = {.token = token->kind,
                              .radix = token->radix,
                              .width_min = token->width_min,
                              .width_max = token->width_max,
                              .shift = token->shift,
                              .bits = token->bits,
                              .based = token->base != NULL,
                              .family = (uint8_t)t->family};
    if (f->kind_count == UINT16_MAX - SYMBOL_FIELD)
        return PTRD_ELIMIT;
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
            int err = kind_symbol(f, t, token, out++);
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

/* Fills the entries of a set's blocks, and what each entry's blocks lie between. */
static int span_blocks(struct forward_index *f, const struct block_set *set,
                       const struct owner *owners, uint32_t **out)
{
    uint32_t *entries = malloc((set->count + 1u) * sizeof *entries);
    if (!entries)
        return PTRD_ENOMEM;
    *out = entries;
    for (uint32_t i = 0; i < set->count; i++) {
        const struct block *b = &set->blocks[i];
        entries[i] = TABLE_NONE;
        if (!b->template)
            continue;
        struct entry *e = entry_of(f, owners, b->template);
        entries[i] = (uint32_t)(e - f->entries);
        if (b->range.first < e->first)
            e->first = b->range.first;
        if (b->range.last > e->last)
            e->last = b->range.last;
    }
    return 0;
}

static bool shows_all(const struct template *t)
{
    return t->covered == family_max(t->family);
}

/* Calls for every aligned part of every block of a set whose template shows only part of the bits.
 */
typedef void part_fn(struct forward_index *f, struct entry *e, const struct prefix *p,
                     uint32_t block);

static void each_part(struct forward_index *f, const struct block_set *set, const uint32_t *entries,
                      part_fn *fn)
{
    for (uint32_t i = 0; i < set->count; i++) {
        const struct block *b = &set->blocks[i];
        if (!b->template || shows_all(b->template))
            continue;
        struct range rest = b->range;
        struct prefix part;
        bool done = false;
        while (range_next_piece(&rest, &done, &part))
            fn(f, &f->entries[entries[i]], &part, i);
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

static int build_owners(const struct table *t, struct forward_index *f)
{
    struct owner *owners = malloc((f->entry_count + 1u) * sizeof *owners);
    if (!owners)
        return PTRD_ENOMEM;
    for (uint32_t i = 0; i < f->entry_count; i++)
        owners[i] = (struct owner){.template = f->entries[i].template, .entry = i};
    qsort(owners, f->entry_count, sizeof *owners, by_template);
    int err = span_blocks(f, &t->v4, owners, &f->entry_v4);
    if (err == 0)
        err = span_blocks(f, &t->v6, owners, &f->entry_v6);
    free(owners);
    return err;
}

static int build_pieces(const struct table *t, struct forward_index *f)
{
    each_part(f, &t->v4, f->entry_v4, count_part);
    each_part(f, &t->v6, f->entry_v6, count_part);
    f->pieces = malloc((f->piece_count + 1u) * sizeof *f->pieces);
    if (!f->pieces)
        return PTRD_ENOMEM;
    uint32_t at = 0;
    for (uint32_t i = 0; i < f->entry_count; i++) {
        f->entries[i].pieces = at;
        at += f->entries[i].piece_count;
        f->entries[i].piece_count = 0;
    }
    each_part(f, &t->v4, f->entry_v4, put_part);
    each_part(f, &t->v6, f->entry_v6, put_part);
    for (uint32_t i = 0; i < f->entry_count; i++)
        if (f->entries[i].piece_count)
            qsort(f->pieces + f->entries[i].pieces, f->entries[i].piece_count, sizeof *f->pieces,
                  by_key);
    return 0;
}

int forward_index_new(const struct table *t, struct forward_index **out)
{
    struct forward_index *f = calloc(1, sizeof *f);
    if (!f)
        return PTRD_ENOMEM;
    int err = build_entries(t, f);
    if (err == 0)
        err = build_owners(t, f);
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
    free(f->entry_v4);
    free(f->entry_v6);
    free(f);
}

/* --- walking ---------------------------------------------------------------------------------- */

struct field_place {
    uint8_t at, len;
};

/* Bits of the address that have been read so far. */
struct bits {
    u128 mask, value;
};

/* One name being read from its right end. */
struct walk {
    const struct table *table;
    const struct forward_index *index;
    const char *text;
    bool below; /* looking for names below this one: stop where a template goes on with a dot */
    struct field_place fields[FIELDS_MAX]; /* from the right */
    unsigned field_count;
    unsigned based; /* of them, fields whose bits only the template knows */
    /* Entries low..high are read alike, to this end. Returns false to stop. */
    bool (*leaf)(struct walk *w, uint32_t low, uint32_t high, const struct bits *bits);
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

/* First entry of low..high that goes on behind depth; those that end there stand in front. */
static uint32_t first_longer(const struct forward_index *f, uint32_t low, uint32_t high,
                             unsigned depth)
{
    if (low == high || f->entries[low].length > depth)
        return low;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (f->entries[mid].length == depth)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool walk_from(struct walk *w, uint32_t low, uint32_t high, unsigned depth, size_t end,
                      struct bits bits);

/* The field as one of entry `low` spells it; bits stay as they are for a based one. False: no
 * reading. */
static bool read_kind(const struct walk *w, const struct field_kind *kind, struct field_place p,
                      struct bits *bits)
{
    struct token token = {.kind = kind->token,
                          .radix = kind->radix,
                          .width_min = kind->width_min,
                          .width_max = kind->width_max,
                          .shift = kind->shift,
                          .bits = kind->bits};
    u128 mask, value;
    if (template_field_read(&token, w->text + p.at, p.len, &mask, &value) != PTRD_FOUND)
        return false;
    if (kind->based)
        return true;
    if ((value ^ bits->value) & mask & bits->mask)
        return false;
    bits->mask |= mask;
    bits->value |= value;
    return true;
}

static bool field_char(const struct field_kind *kind, char c)
{
    if (kind->token == TOKEN_SHORT)
        return c == '-' || template_digit(c, 16) >= 0;
    return template_digit(c, kind->radix) >= 0;
}

/* All entries low..high show one kind of field next: tries its widths. */
static bool walk_field(struct walk *w, uint32_t low, uint32_t high, unsigned depth, size_t end,
                       const struct bits *bits)
{
    const struct field_kind *kind = &w->index->kinds[symbol(w->index, low, depth) - SYMBOL_FIELD];
    bool is_short = kind->token == TOKEN_SHORT, go_on = true;
    unsigned min = is_short ? 3 : kind->width_min, max = is_short ? 40 : kind->width_max;
    if (w->field_count == FIELDS_MAX)
        return true;
    w->field_count++;
    w->based += kind->based;
    for (unsigned width = 1; go_on && width <= max && width <= end; width++) {
        struct field_place p = {.at = (uint8_t)(end - width), .len = (uint8_t)width};
        struct bits read = *bits;
        if (!field_char(kind, w->text[end - width]))
            break;
        if (width < min || !read_kind(w, kind, p, &read))
            continue;
        w->fields[w->field_count - 1] = p;
        go_on = walk_from(w, low, high, depth + 1, end - width, read);
    }
    w->based -= kind->based;
    w->field_count--;
    return go_on;
}

/* The name is used up: entries of this length are it; those that go on with a dot lie below it. */
static bool walk_end(struct walk *w, uint32_t low, uint32_t high, unsigned depth,
                     const struct bits *bits)
{
    const struct forward_index *f = w->index;
    uint32_t longer = first_longer(f, low, high, depth);
    if (!w->below)
        return longer > low ? w->leaf(w, low, longer, bits) : true;
    low = lower_bound(f, longer, high, depth, '.');
    high = lower_bound(f, low, high, depth, '.' + 1u);
    return high > low ? w->leaf(w, low, high, bits) : true;
}

/* Entries low..high whose next symbol is a field, kind by kind. */
static bool walk_fields(struct walk *w, uint32_t low, uint32_t high, unsigned depth, size_t end,
                        const struct bits *bits)
{
    uint16_t last = symbol(w->index, high - 1, depth);
    for (uint32_t next; low < high; low = next) {
        uint16_t kind = symbol(w->index, low, depth);
        next = kind == last ? high : lower_bound(w->index, low, high, depth, kind + 1u);
        if (!walk_field(w, low, next, depth, end, bits))
            return false;
    }
    return true;
}

/* How many of the next symbols all entries low..high have in common and the name has too. */
static unsigned common_run(const struct walk *w, uint32_t low, uint32_t high, unsigned depth,
                           size_t end)
{
    const struct entry *first = &w->index->entries[low], *last = &w->index->entries[high - 1];
    const uint16_t *p = w->index->symbols + first->symbols + depth;
    const uint16_t *q = w->index->symbols + last->symbols + depth;
    unsigned most = first->length < last->length ? first->length : last->length, run = 0;
    most = most > depth ? most - depth : 0;
    if (most > end)
        most = (unsigned)end;
    while (run < most && p[run] == q[run] && p[run] == (uint8_t)w->text[end - 1 - run])
        run++;
    return run;
}

/* Entries low..high agree in their first `depth` symbols, which have been read down to text[end).
 * Returns false to stop everything. */
static bool walk_from(struct walk *w, uint32_t low, uint32_t high, unsigned depth, size_t end,
                      struct bits bits)
{
    const struct forward_index *f = w->index;
    for (; low < high && end > 0; depth++, end--) {
        unsigned run = common_run(w, low, high, depth, end);
        depth += run;
        end -= run;
        if (end == 0)
            break;
        low = first_longer(f, low, high, depth);
        if (low == high)
            return true;
        uint16_t first = symbol(f, low, depth), wanted = (uint8_t)w->text[end - 1];
        if (symbol(f, high - 1, depth) >= SYMBOL_FIELD) {
            uint32_t fields =
                first >= SYMBOL_FIELD ? low : lower_bound(f, low, high, depth, SYMBOL_FIELD);
            if (!walk_fields(w, fields, high, depth, end, &bits))
                return false;
            high = fields;
        }
        if (low == high || first > wanted)
            return true;
        if (first != wanted || symbol(f, high - 1, depth) != wanted) {
            low = lower_bound(f, low, high, depth, wanted);
            high = lower_bound(f, low, high, depth, wanted + 1u);
        }
    }
    return low < high ? walk_end(w, low, high, depth, &bits) : true;
}

static void walk_start(struct walk *w, const struct table *t, const char *text, size_t len)
{
    w->table = t;
    w->index = t->forward;
    w->text = text;
    w->field_count = w->based = 0;
    (void)walk_from(w, 0, t->forward->entry_count, 0, len, (struct bits){0, 0});
}

/* All bits that one template's fields show, the based ones too; false when they contradict each
 * other. */
static bool read_fields(const struct walk *w, const struct template *t, struct bits *bits)
{
    unsigned field = 0;
    *bits = (struct bits){0, 0};
    for (unsigned i = t->token_count; i > 0 && field < w->field_count; i--) {
        const struct token *token = &t->tokens[i - 1];
        if (token->kind == TOKEN_LITERAL)
            continue;
        const struct field_place *p = &w->fields[field++];
        u128 mask, value;
        if (template_field_read(token, w->text + p->at, p->len, &mask, &value) != PTRD_FOUND ||
            (bits->value ^ value) & bits->mask & mask)
            return false;
        bits->mask |= mask;
        bits->value |= value;
    }
    return true;
}

/* --- addresses with given bits ------------------------------------------------------------------
 */

/* The least x >= from with (x & mask) == value and x <= max. PTRD_ABSENT when there is none. */
static int next_match(u128 from, u128 mask, u128 value, u128 max, u128 *out)
{
    u128 differ = (from ^ value) & mask;
    if (!differ) {
        *out = from;
        return from <= max ? PTRD_FOUND : PTRD_ABSENT;
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
    while (!m->done && next_match(m->at, m->mask, m->value, m->max, &m->at) == PTRD_FOUND) {
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

/* The address counts when its most specific block gives it this very name. */
static bool take_address(struct walk *w, enum family family, u128 num)
{
    struct found *found = w->result;
    struct addr addr = {.num = num, .family = family};
    if (num > family_max(family))
        return true;
    const struct block *b = table_block_for(w->table, &addr);
    struct name name;
    if (!b || !b->template || b->flags & BLOCK_FORWARD_EXTERNAL ||
        template_generate(b->template, num, &name) < 0 || !name_equal(&name, found->name))
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
        if (by_key(&p[mid], &wanted) < 0)
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
    if (!read_fields(w, e->template, &bits))
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

unsigned table_forward(const struct table *t, const struct name *name, struct addr addrs[2],
                       const struct block *blocks[2])
{
    char text[256];
    size_t len;
    struct found found = {.name = name, .addrs = addrs, .blocks = blocks};
    struct walk w;
    if (t->forward->entry_count == 0 || template_name_text(name, text, &len) != PTRD_FOUND)
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
        if (read_fields(w, w->index->entries[i].template, &own))
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
