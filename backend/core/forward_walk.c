#include "forward_p.h"

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

void walk_start(struct walk *w, const struct table *t, const char *text, size_t len)
{
    w->table = t;
    w->index = t->forward;
    w->text = text;
    w->field_count = w->based = 0;
    (void)walk_from(w, 0, t->forward->entry_count, 0, len, (struct bits){0, 0});
}

bool walk_read_fields(const struct walk *w, const struct template *t, struct bits *bits)
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
