#include "proof_p.h"

u128 proof_varying(const struct range *range)
{
    u128 differ = range->first ^ range->last;
    for (unsigned step = 1; step < 128; step *= 2)
        differ |= differ >> step;
    return differ;
}

u128 proof_mask(const struct token *token, enum family family)
{
    if (token->kind == TOKEN_LITERAL)
        return 0;
    if (token->kind == TOKEN_SHORT)
        return family_max(family);
    /* base is a multiple of 1 << shift, so the difference gives all higher bits away. */
    if (token->base)
        return ~low_bits(token->shift) & family_max(family);
    return low_bits(token->bits) << token->shift;
}

void proof_interval(const struct token *token, const struct range *range, u128 *lo, u128 *hi)
{
    u128 base = token_base(token), max = low_bits(token->bits);
    u128 first = range->first - base, last = range->last - base;
    unsigned top = token->shift + token->bits;
    if (top < 128 && first >> top != last >> top) {
        *lo = 0;
        *hi = max;
        return;
    }
    *lo = first >> token->shift & max;
    *hi = last >> token->shift & max;
}

unsigned proof_width(u128 value, unsigned radix)
{
    unsigned width = 1;
    for (; value > UINT64_MAX; value /= radix)
        width++;
    for (uint64_t v = (uint64_t)value; v >= radix; v /= radix)
        width++;
    return width;
}

u128 proof_put(const struct token *token, enum family family, u128 num, u128 value)
{
    u128 mask = proof_mask(token, family);
    return (num & ~mask) | ((token_base(token) + (value << token->shift)) & mask);
}

static void field_item(const struct token *token, const struct range *range,
                       struct proof_item *item)
{
    *item = (struct proof_item){.token = token, .width_min = 3, .width_max = 39};
    if (token->kind == TOKEN_SHORT)
        return;
    proof_interval(token, range, &item->lo, &item->hi);
    item->width_min = token->width_min;
    item->width_max = token->width_max;
    if (token->width_min < token->width_max) {
        item->width_min = (uint8_t)proof_width(item->lo, token->radix);
        item->width_max = (uint8_t)proof_width(item->hi, token->radix);
    }
}

int proof_items(const struct proof_part *part, struct proof_items *out)
{
    out->count = 0;
    for (unsigned i = 0; i < part->t->token_count; i++) {
        const struct token *token = &part->t->tokens[i];
        unsigned count = token->kind == TOKEN_LITERAL ? token->text_len : 1;
        if (out->count + count > PROOF_ITEMS_MAX)
            return PTRD_ELIMIT;
        if (token->kind != TOKEN_LITERAL)
            field_item(token, &part->range, &out->at[out->count++]);
        else
            for (unsigned k = 0; k < count; k++)
                out->at[out->count++] =
                    (struct proof_item){.c = token->text[k], .width_min = 1, .width_max = 1};
    }
    return 0;
}
