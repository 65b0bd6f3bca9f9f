#include "proof_trie.h"

#include <stdlib.h>
#include <string.h>

/* Symbols: below 64 the bit number of an octet; SYMBOL_SHORT + m: what follows the first m groups
 * of {ip:short}; from SYMBOL_NUMBER on: radix, least and greatest width. */
enum {
    SYMBOL_HYPHEN = 32,
    SYMBOL_DOT = 33,
    SYMBOL_W = 34, /* w..z */
    SYMBOL_SHORT = 64,
    SYMBOL_NUMBER = 128,
    WIDTHS = PROOF_DIGITS_MAX + 1,
    SYMBOL_COUNT = 8192,
    COUNT_MAX = 62, /* that many or more */
};

#define WORD_MAX 512 /* symbols; proved names have at most 253 */

struct draft {
    uint16_t symbols[WORD_MAX];
    unsigned len;
    bool full;
};

static void put(struct draft *d, unsigned symbol)
{
    if (d->len == WORD_MAX)
        d->full = true;
    else
        d->symbols[d->len++] = (uint16_t)symbol;
}

static void put_octet(struct draft *d, char c)
{
    int digit = template_digit(c, 32);
    if (digit >= 0)
        put(d, (unsigned)digit);
    else if (c == '-')
        put(d, SYMBOL_HYPHEN);
    else if (c == '.')
        put(d, SYMBOL_DOT);
    else
        put(d, SYMBOL_W + (unsigned)(c - 'w'));
}

static void put_count(struct draft *d, unsigned min, unsigned max)
{
    min = min < COUNT_MAX ? min : COUNT_MAX;
    max = max < COUNT_MAX ? max : COUNT_MAX;
    put(d, SYMBOL_COUNT + min * 64 + max);
}

static void put_text(struct draft *d, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        put_octet(d, text[i]);
}

static void put_field(struct draft *d, unsigned radix, unsigned width_min, unsigned width_max)
{
    unsigned kind = radix == 10 ? 0 : radix == 16 ? 1 : 2;
    put(d, SYMBOL_NUMBER + (kind * WIDTHS + width_min) * WIDTHS + width_max);
}

/* Leading digits that are the same for all values become octets. */
static void put_number(struct draft *d, const struct proof_item *item)
{
    unsigned radix = item->token->radix, width = item->width_max, equal = 0;
    uint8_t lo[PROOF_DIGITS_MAX], hi[PROOF_DIGITS_MAX];
    u128 low = item->lo, high = item->hi;
    if (item->width_min != item->width_max) {
        put_field(d, radix, item->width_min, item->width_max);
        return;
    }
    for (unsigned i = width; i > 0; i--) {
        lo[i - 1] = (uint8_t)(low % radix);
        hi[i - 1] = (uint8_t)(high % radix);
        low /= radix;
        high /= radix;
    }
    while (equal < width && lo[equal] == hi[equal])
        put(d, lo[equal++]);
    if (equal < width)
        put_field(d, radix, width - equal, width - equal);
}

/* The first groups are literal as long as they are fixed and not zero. */
static void put_short(struct draft *d, const struct range *range)
{
    unsigned group = 0;
    u128 varying = proof_varying(range);
    for (; group < 8; group++) {
        unsigned shift = 112 - 16 * group;
        unsigned value = (unsigned)(range->first >> shift) & 0xffff;
        if (value == 0 || varying >> shift)
            break;
        struct token token = {.kind = TOKEN_NUMBER,
                              .radix = 16,
                              .shift = (uint8_t)shift,
                              .bits = 16,
                              .width_min = 1,
                              .width_max = 4};
        char text[64];
        if (group)
            put(d, SYMBOL_HYPHEN);
        put_text(d, text, template_field_print(&token, range->first, text));
    }
    if (group < 8)
        put(d, SYMBOL_SHORT + group);
}

static void put_item(struct draft *d, const struct proof_item *item, const struct range *range)
{
    if (!item->token) {
        put_octet(d, item->c);
    } else if (!(proof_mask(item->token, range->family) & proof_varying(range))) {
        char text[64];
        put_text(d, text, template_field_print(item->token, range->first, text));
    } else if (item->token->kind == TOKEN_SHORT) {
        put_short(d, range);
    } else {
        put_number(d, item);
    }
}

/* --- what a field can read -------------------------------------------------------------------- */

bool word_is_field(uint16_t symbol)
{
    return symbol >= SYMBOL_SHORT && symbol < SYMBOL_COUNT;
}

uint64_t word_octets(uint16_t symbol)
{
    if (symbol < SYMBOL_COUNT)
        return (uint64_t)1 << symbol;
    unsigned min = (symbol - SYMBOL_COUNT) / 64u, max = (symbol - SYMBOL_COUNT) % 64u;
    return (uint64_t)low_bits(max + 1) & ~(uint64_t)low_bits(min);
}

#define OCTET_HYPHEN ((uint64_t)1 << SYMBOL_HYPHEN)

/* {ip:short} behind its first m groups. With a run of zeros there are at most 7 hyphens, two of
 * them together; without, exactly 7. State: hyphens read, digits of the group, the two together. */
static uint16_t short_state(unsigned hyphens, unsigned digits, bool run)
{
    return (uint16_t)(1 + (hyphens * 5 + digits) * 2 + run);
}

static unsigned short_steps(unsigned m, uint16_t state, struct word_step *steps)
{
    unsigned code = state ? state - 1u : 0, count = 0;
    unsigned hyphens = code / 10, digits = code / 2 % 5, most = m ? 8 - m : 7;
    bool run = code & 1;
    if (digits < 4)
        steps[count++] = (struct word_step){0xffff, short_state(hyphens, digits + 1, run)};
    if (m == 0 && digits < 4 && (run || hyphens == 7))
        steps[count++] = (struct word_step){0xffff, 0};
    bool second = digits == 0;
    if (hyphens == most || (second && (run || hyphens == 0)))
        return count;
    run = run || second;
    steps[count++] = (struct word_step){OCTET_HYPHEN, short_state(hyphens + 1, 0, run)};
    if (m && (run || hyphens + 1 == most))
        steps[count++] = (struct word_step){OCTET_HYPHEN, 0};
    return count;
}

unsigned word_field_steps(uint16_t symbol, uint16_t state, struct word_step steps[WORD_STEPS_MAX])
{
    if (symbol < SYMBOL_NUMBER)
        return short_steps(symbol - SYMBOL_SHORT, state, steps);
    unsigned code = symbol - SYMBOL_NUMBER, count = 0;
    unsigned width_max = code % WIDTHS, width_min = code / WIDTHS % WIDTHS;
    unsigned kind = code / WIDTHS / WIDTHS, width = state + 1u;
    uint64_t digits = low_bits(kind == 0 ? 10 : kind == 1 ? 16 : 32) & UINT32_MAX;
    if (width < width_max)
        steps[count++] = (struct word_step){digits, (uint16_t)width};
    if (width >= width_min) /* no leading zero where widths differ */
        steps[count++] =
            (struct word_step){digits & ~(uint64_t)(width_min < width_max && width > 1), 0};
    return count;
}

/* --- all words -------------------------------------------------------------------------------- */

static int by_symbols(const void *x, const void *y)
{
    const struct word *a = x, *b = y;
    unsigned len = a->len < b->len ? a->len : b->len;
    for (unsigned i = 0; i < len; i++)
        if (a->symbols[i] != b->symbols[i])
            return a->symbols[i] < b->symbols[i] ? -1 : 1;
    return a->len < b->len ? -1 : a->len > b->len;
}

static int draft_word(const struct block *block, struct draft *d)
{
    struct proof_part part = {.t = block->template, .range = block->range};
    struct proof_items items;
    int err = proof_items(&part, &items);
    if (err < 0)
        return err;
    d->len = 0;
    d->full = false;
    for (unsigned i = 0; i < items.count; i++)
        put_item(d, &items.at[i], &part.range);
    unsigned dots = 0, hyphens = 0, shorts = 0;
    for (unsigned i = 0; i < d->len; i++) {
        dots += d->symbols[i] == SYMBOL_DOT;
        hyphens += d->symbols[i] == SYMBOL_HYPHEN;
        shorts += d->symbols[i] >= SYMBOL_SHORT && d->symbols[i] < SYMBOL_NUMBER;
    }
    put_count(d, hyphens, hyphens + 7 * shorts); /* words begin at the right: these come first */
    put_count(d, dots, dots);
    return d->full ? PTRD_ELIMIT : 0;
}

static int append(struct words *words, const struct draft *d, size_t *used, size_t *capacity)
{
    if (*used + d->len > *capacity) {
        size_t wanted = *capacity * 2 + WORD_MAX;
        uint16_t *bigger = realloc(words->symbols, wanted * sizeof *bigger);
        if (!bigger)
            return PTRD_ENOMEM;
        words->symbols = bigger;
        *capacity = wanted;
    }
    for (unsigned i = 0; i < d->len; i++)
        words->symbols[*used + i] = d->symbols[d->len - 1 - i];
    *used += d->len;
    return 0;
}

int words_build(const struct collide *c, struct words *out)
{
    struct words words = {.at = malloc((c->count + 1u) * sizeof *words.at)};
    size_t used = 0, capacity = 0;
    int err = words.at ? 0 : PTRD_ENOMEM;
    for (uint32_t i = 0; i < c->count && err == 0; i++) {
        struct draft d;
        err = draft_word(c->blocks[i].block, &d);
        if (err == 0)
            err = append(&words, &d, &used, &capacity);
        if (err == 0)
            words.at[words.count++] =
                (struct word){.len = (uint16_t)d.len, .block = i, .group = c->blocks[i].group};
    }
    if (err < 0) {
        words_free(&words);
        return err;
    }
    used = 0;
    for (uint32_t i = 0; i < words.count; i++) {
        words.at[i].symbols = words.symbols + used;
        used += words.at[i].len;
    }
    qsort(words.at, words.count, sizeof *words.at, by_symbols);
    *out = words;
    return 0;
}

void words_free(struct words *words)
{
    free(words->at);
    free(words->symbols);
    *words = (struct words){0};
}
