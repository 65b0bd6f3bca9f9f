#include "proof_p.h"

#include <string.h>

/* A template over a range, with one pattern of zero groups for {ip:short}, as a plain sequence of
 * literals and number fields. */

bool form_has_short(const struct template *t)
{
    for (unsigned i = 0; i < t->token_count; i++)
        if (t->tokens[i].kind == TOKEN_SHORT)
            return true;
    return false;
}

static struct token group_token(unsigned group)
{
    return (struct token){.kind = TOKEN_NUMBER,
                          .radix = 16,
                          .shift = (uint8_t)(112 - 16 * group),
                          .bits = 16,
                          .width_min = 1,
                          .width_max = 4};
}

struct form_zeros form_zeros(const struct range *range)
{
    struct form_zeros possible = {0, 0};
    for (unsigned group = 0; group < 8; group++) {
        struct token token = group_token(group);
        u128 lo, hi;
        proof_interval(&token, range, &lo, &hi);
        possible.zero |= (unsigned)(lo == 0) << group;
        possible.nonzero |= (unsigned)(hi != 0) << group;
    }
    return possible;
}

/* RFC 5952 4.2: the longest run of at least two, the first of equals. from == to: none. */
static void zero_run(unsigned zeros, unsigned *from, unsigned *to)
{
    *from = *to = 0;
    for (unsigned i = 0; i < 8; i++) {
        unsigned end = i;
        while (end < 8 && zeros >> end & 1)
            end++;
        if (end - i >= 2 && end - i > *to - *from) {
            *from = i;
            *to = end;
        }
    }
}

unsigned form_zeros_hyphens(unsigned zeros)
{
    unsigned from, to;
    zero_run(zeros, &from, &to);
    if (from == to)
        return 7;
    unsigned left = from ? from : 1, right = to < 8 ? 8 - to : 1; /* "0" stands in for none */
    return left - 1 + 2 + right - 1;
}

struct builder {
    const struct proof_part *part;
    struct form *form;
    bool full;
};

static void put_char(struct builder *b, char c)
{
    if (b->form->count == PROOF_ITEMS_MAX)
        b->full = true;
    else
        b->form->item[b->form->count++] = (int16_t)(-1 - (int)form_code(c));
}

/* Digits of value, right-aligned to width. */
static void put_digits(uint8_t *digits, unsigned width, unsigned radix, u128 value)
{
    while (width > 0 && value > UINT64_MAX) {
        digits[--width] = (uint8_t)(value % radix);
        value /= radix;
    }
    for (uint64_t v = (uint64_t)value; width > 0; v /= radix)
        digits[--width] = (uint8_t)(v % radix);
}

enum values { VALUES_ALL, VALUES_ZERO, VALUES_NONZERO };

static void put_field(struct builder *b, const struct token *token, enum values values)
{
    struct form *form = b->form;
    if (form->field_count == FORM_FIELDS_MAX || form->count == PROOF_ITEMS_MAX) {
        b->full = true;
        return;
    }
    struct form_field *f = &form->field[form->field_count];
    u128 lo, hi;
    proof_interval(token, &b->part->range, &lo, &hi);
    if (values == VALUES_NONZERO && lo == 0)
        lo = 1;
    if (values == VALUES_ZERO)
        hi = 0;
    f->radix = token->radix;
    f->padded = token->width_min == token->width_max;
    f->width_min = f->padded ? token->width_min : (uint8_t)proof_width(lo, token->radix);
    f->width_max = f->padded ? token->width_max : (uint8_t)proof_width(hi, token->radix);
    f->shift = token->shift;
    f->base = token_base(token);
    f->mask = proof_mask(token, form->family);
    put_digits(f->lo, f->width_min, f->radix, lo);
    put_digits(f->hi, f->width_max, f->radix, hi);
    form->item[form->count++] = (int16_t)form->field_count++;
}

static void put_short(struct builder *b, unsigned zeros)
{
    unsigned from, to;
    zero_run(zeros, &from, &to);
    if (from < to && from == 0)
        put_char(b, '0');
    for (unsigned group = 0; group < 8; group++) {
        if (from < to && group == from) {
            put_char(b, '-');
            put_char(b, '-');
            group = to - 1;
            continue;
        }
        if (group && !(from < to && group == to))
            put_char(b, '-');
        struct token token = group_token(group);
        put_field(b, &token, zeros >> group & 1 ? VALUES_ZERO : VALUES_NONZERO);
    }
    if (from < to && to == 8)
        put_char(b, '0');
}

/* Which bits several fields show, and where they are still of use. zero: bits of the groups that
 * are zero here; they are no fields, yet other fields may show them. */
static void share_bits(struct form *form, u128 varying, u128 zero)
{
    u128 seen = zero, shared = 0, all = zero, later = 0;
    for (unsigned i = 0; i < form->field_count; i++) {
        shared |= all & form->field[i].mask & varying;
        all |= form->field[i].mask;
    }
    for (unsigned i = 0; i < form->field_count; i++) {
        form->field[i].before = seen;
        form->field[i].tracked = (form->field[i].mask & shared) != 0;
        seen |= form->field[i].mask;
    }
    form->needed[form->count] = 0;
    for (unsigned i = form->count; i > 0; i--) {
        if (form->item[i - 1] >= 0)
            later |= form->field[form->item[i - 1]].mask & shared;
        form->needed[i - 1] = later;
    }
    form->fixed &= ~all;
    form->loose = (varying & ~all) != 0;
}

int form_build(const struct proof_part *part, unsigned zeros, struct form *out)
{
    struct builder b = {.part = part, .form = out};
    out->family = part->t->family;
    out->count = out->field_count = 0;
    out->fixed = part->range.first;
    for (unsigned i = 0; i < part->t->token_count; i++) {
        const struct token *token = &part->t->tokens[i];
        if (token->kind == TOKEN_NUMBER)
            put_field(&b, token, VALUES_ALL);
        else if (token->kind == TOKEN_SHORT)
            put_short(&b, zeros);
        else
            for (unsigned k = 0; k < token->text_len; k++)
                put_char(&b, token->text[k]);
    }
    if (b.full)
        return PTRD_ELIMIT;
    u128 zero = 0;
    for (unsigned group = 0; group < 8 && form_has_short(part->t); group++)
        if (zeros >> group & 1)
            zero |= (u128)0xffff << (112 - 16 * group);
    share_bits(out, proof_varying(&part->range), zero);
    return 0;
}
