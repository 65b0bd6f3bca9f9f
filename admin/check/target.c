#include "target.h"

#include <string.h>

/* The labels behind the last field: the same for all addresses of the block. False when there are
 * none. */
static bool fixed_suffix(const struct template *p, struct name *out)
{
    const struct token *last = &p->tokens[p->token_count - 1];
    if (last->kind != TOKEN_LITERAL)
        return false;
    const char *text = last->text;
    size_t len = last->text_len;
    if (p->token_count > 1) {
        const char *dot = memchr(text, '.', len);
        if (!dot)
            return false;
        len -= (size_t)(dot + 1 - text);
        text = dot + 1;
    }
    return name_parse(text, len, out, NULL) == 0;
}

/* --- names that are spread over several zones --- */

struct count {
    const struct range *range;
    u128 total; /* modulo 2^128, as is the size that it is compared with */
};

/* Adds the addresses of the range that have these bits. */
static bool add_reading(void *ctx, u128 mask, u128 value)
{
    struct count *c = ctx;
    struct range rest = *c->range;
    struct prefix piece;
    bool done = false;
    while (range_next_piece(&rest, &done, &piece)) {
        u128 host = low_bits(family_bits(piece.family) - piece.len);
        if ((piece.num ^ value) & mask & ~host & family_max(piece.family))
            continue;
        u128 size = 1;
        for (u128 bits = host & ~mask; bits; bits &= bits - 1)
            size <<= 1;
        c->total += size;
    }
    return true;
}

/* How many addresses of the range have their name in a forward zone below suffix. A name has one
 * reading a zone, and of zones inside each other the outer one counts. */
static u128 count_inside(const struct table *t, const struct template *p, const struct range *range,
                         const struct name *suffix)
{
    struct count c = {.range = range};
    for (uint32_t i = 0; i < t->zone_count; i++) {
        const struct zone *z = &t->zones[i];
        char text[256];
        size_t len;
        if (z->reverse || !name_within(&z->apex, suffix) ||
            (z->parent != TABLE_NONE && name_within(&t->zones[z->parent].apex, suffix)) ||
            template_name_text(&z->apex, text, &len) != PTRD_FOUND)
            continue;
        template_match(p, text, len, false, add_reading, &c);
        template_match(p, text, len, true, add_reading, &c);
    }
    return c.total;
}

int target_outside(const struct table *t, const struct template *p, const struct range *range,
                   struct addr *out)
{
    struct name suffix = {.len = 1};
    if (fixed_suffix(p, &suffix)) {
        const struct zone *z = table_zone_for(t, &suffix);
        if (z && !z->reverse)
            return PTRD_ABSENT;
    }
    struct range at = *range;
    if (count_inside(t, p, &at, &suffix) == at.last - at.first + 1)
        return PTRD_ABSENT;
    /* Halve the range, going where some are missing, down to one address. */
    while (at.first < at.last) {
        struct range left = at;
        left.last = at.first + (at.last - at.first) / 2;
        if (count_inside(t, p, &left, &suffix) != left.last - left.first + 1)
            at.last = left.last;
        else
            at.first = left.last + 1;
    }
    *out = (struct addr){.num = at.first, .family = at.family};
    return PTRD_FOUND;
}
