#include "forward_p.h"

#include <stdlib.h>
#include <string.h>

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

static void put_part(struct forward_index *f, struct entry *e, const struct prefix *p,
                     uint32_t block)
{
    u128 key = p->num & e->template->covered & fixed_bits(p->family, p->len);
    f->pieces[e->pieces + e->piece_count++] =
        (struct piece){.key = key, .first = p->num, .block = block, .len = p->len};
}

int piece_compare(const void *a, const void *b)
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
                  piece_compare);
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
