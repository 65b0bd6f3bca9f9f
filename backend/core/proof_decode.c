#include "proof_p.h"

/* Which fields follow from the text, without search.
 *
 * Think of two readings of one text. In each label, items from the left stand at equal places in
 * both as long as they are literals, have one width, or are known to have equal values; a field of
 * several widths ends at equal places when a literal outside its digits follows. The same from the
 * right. What is left in between, if it is one field, has the same text in both, so the same value.
 * Literals that no field of the rest can contain cut the rest into parts of their own. A field read
 * makes its address bits known, and other fields that show only such bits with it; so repeat. */
struct decode {
    const struct proof_part *part;
    const struct proof_items *items;
    bool known[PROOF_ITEMS_MAX];
    u128 bits; /* known address bits */
    bool changed;
};

/* The octets a field can consist of, as bits: 0..31 digits, 32 hyphen. */
static uint64_t alphabet(const struct proof_item *item)
{
    if (item->token->kind == TOKEN_SHORT)
        return (uint64_t)0xffff | (uint64_t)1 << 32;
    return low_bits(item->token->radix) & UINT32_MAX;
}

static bool outside(char c, uint64_t letters)
{
    int digit = template_digit(c, 32);
    if (digit >= 0)
        return !(letters >> digit & 1);
    return c != '-' || !(letters >> 32 & 1);
}

static void learn(struct decode *d, unsigned i)
{
    if (d->known[i])
        return;
    d->known[i] = true;
    d->bits |= proof_mask(d->items->at[i].token, d->part->t->family);
    d->changed = true;
}

/* Item i begins (or ends) at equal places in both readings; next is its neighbour on the other
 * side, NULL at the edge of the part. Does it end (begin) at equal places too? */
static bool aligned(struct decode *d, unsigned i, const struct proof_item *next)
{
    const struct proof_item *item = &d->items->at[i];
    if (!item->token)
        return true;
    bool ends = item->width_min == item->width_max || d->known[i] || !next ||
                (!next->token && outside(next->c, alphabet(item)));
    if (ends)
        learn(d, i);
    return ends;
}

struct part {
    unsigned from, to;
};

/* Reads from both edges. Returns false when nothing is left. */
static bool shrink(struct decode *d, struct part *p)
{
    const struct proof_item *at = d->items->at;
    while (p->from < p->to && aligned(d, p->from, p->from + 1 < p->to ? &at[p->from + 1] : NULL))
        p->from++;
    while (p->from < p->to && aligned(d, p->to - 1, p->from + 1 < p->to ? &at[p->to - 2] : NULL))
        p->to--;
    return p->from < p->to;
}

static void read_label(struct decode *d, struct part label)
{
    struct part stack[PROOF_ITEMS_MAX];
    unsigned depth = 0;
    stack[depth++] = label;
    while (depth) {
        struct part p = stack[--depth];
        if (!shrink(d, &p))
            continue;
        uint64_t letters = 0;
        for (unsigned i = p.from; i < p.to; i++)
            if (d->items->at[i].token)
                letters |= alphabet(&d->items->at[i]);
        unsigned from = p.from;
        for (unsigned i = p.from; i < p.to; i++) {
            const struct proof_item *item = &d->items->at[i];
            if (item->token || !outside(item->c, letters))
                continue;
            if (i > from)
                stack[depth++] = (struct part){from, i};
            from = i + 1;
        }
        if (from > p.from && from < p.to)
            stack[depth++] = (struct part){from, p.to};
    }
}

static bool all_known(struct decode *d)
{
    bool all = true;
    for (unsigned i = 0; i < d->items->count; i++) {
        const struct token *token = d->items->at[i].token;
        if (!token || d->known[i])
            continue;
        if (proof_mask(token, d->part->t->family) & ~d->bits)
            all = false;
        else
            learn(d, i);
    }
    return all;
}

bool proof_decodable(const struct proof_part *part, const struct proof_items *items)
{
    struct decode d = {.part = part, .items = items, .bits = ~proof_varying(&part->range)};
    do {
        d.changed = false;
        unsigned from = 0;
        for (unsigned i = 0; i <= items->count; i++) {
            if (i < items->count && (items->at[i].token || items->at[i].c != '.'))
                continue;
            read_label(&d, (struct part){from, i});
            from = i + 1;
        }
        if (all_known(&d))
            return true;
    } while (d.changed);
    return false;
}

/* --- bits that no field shows ----------------------------------------------------------------- */

/* The least number from `from` up with (number & mask) == value, below 2^128. */
static bool next_matching(u128 from, u128 mask, u128 value, u128 *out)
{
    if (((from ^ value) & mask) == 0) {
        *out = from;
        return true;
    }
    /* It agrees with `from` above some bit, has 1 there where `from` has 0, and the least below:
     * the lowest such bit gives the least number. */
    for (unsigned bit = 0; bit < 128; bit++) {
        u128 one = (u128)1 << bit, above = ~low_bits(bit + 1);
        if (((from ^ value) & mask & above) || (from & one) || (mask & one && !(value & one)))
            continue;
        *out = (from & above) | one | (value & low_bits(bit));
        return true;
    }
    return false;
}

bool proof_uncovered(const struct proof_part *part, struct proof_pair *out)
{
    const struct range *r = &part->range;
    u128 covered = 0, varying = proof_varying(r);
    for (unsigned i = 0; i < part->t->token_count; i++)
        covered |= proof_mask(&part->t->tokens[i], part->t->family);
    u128 hidden = varying & ~covered;

    /* Of the pairs whose highest difference is bit q, the closest is x = ..0 1s, y = ..1 0s in the
     * hidden bits from q down; y - x is the same for all x, so the least x in the range decides. */
    for (unsigned q = 0; q < 128 && hidden >> q; q++) {
        if (!(hidden >> q & 1))
            continue;
        u128 top = (u128)1 << q, below = hidden & low_bits(q), x;
        if (!next_matching(r->first, top | below, below, &x) || x > r->last)
            continue;
        if (top - below <= r->last - x) {
            *out = (struct proof_pair){.a = x, .b = x + (top - below)};
            return true;
        }
    }
    return false;
}
