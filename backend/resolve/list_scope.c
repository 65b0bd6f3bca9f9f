#include "list.h"

#include <stdlib.h>

/* --- reading ---------------------------------------------------------------------------------- */

struct readings {
    struct list_reading **at;
    uint32_t *count, *capacity;
    bool failed;
};

static bool add_reading(void *ctx, u128 mask, u128 value)
{
    struct readings *r = ctx;
    if (*r->count == *r->capacity) {
        uint32_t capacity = *r->capacity ? *r->capacity * 2 : 4;
        struct list_reading *at = realloc(*r->at, capacity * sizeof *at);
        r->failed = !at;
        if (r->failed)
            return false;
        *r->at = at;
        *r->capacity = capacity;
    }
    (*r->at)[(*r->count)++] = (struct list_reading){mask, value};
    return true;
}

/* The addresses whose name of this template lies at or below name: a name has one reading. */
static int read_below(struct readings *r, const struct template *t, const struct name *name)
{
    char text[256];
    size_t len;
    /* a generated name holds only letters, digits and hyphens */
    if (template_name_text(name, text, &len) != PTRD_FOUND)
        return 0;
    template_match(t, text, len, false, add_reading, r);
    if (!r->failed)
        template_match(t, text, len, true, add_reading, r);
    return r->failed ? PTRD_ENOMEM : 0;
}

/* The zones directly below the list's, and at or below where all names of the template lie. */
static int read_children(struct readings *r, const struct list *l, const struct template *t,
                         const struct name *suffix)
{
    const struct table *table = l->s->table;
    int err = 0;
    for (const struct zone *z = l->zone + 1;
         err == 0 && z < table->zones + table->zone_count && name_within(&z->apex, &l->zone->apex);
         z++)
        if (&table->zones[z->parent] == l->zone && name_within(&z->apex, suffix))
            err = read_below(r, t, &z->apex);
    return err;
}

int list_scope_read(struct list_scope *x, const struct list *l, const struct template *t)
{
    struct readings in = {&x->in, &x->in_count, &x->in_capacity, false};
    struct readings out = {&x->out, &x->out_count, &x->out_capacity, false};
    struct name suffix;
    int err = 0;
    if (x->template == t)
        return 0;
    x->template = NULL;
    x->in_count = x->out_count = 0;
    template_suffix(t, &suffix);
    if (!name_within(&suffix, &l->zone->apex)) {
        if (name_within(&l->zone->apex, &suffix))
            err = read_below(&in, t, &l->zone->apex);
    } else if (list_owns(l, &suffix)) {
        err = add_reading(&in, 0, 0) ? 0 : PTRD_ENOMEM;
    }
    if (err == 0 && x->in_count)
        err = read_children(&out, l, t, &suffix);
    if (err == 0)
        x->template = t;
    return err;
}

void list_scope_done(struct list_scope *x)
{
    free(x->in);
    free(x->out);
}

/* --- counting --------------------------------------------------------------------------------- */

/* The addresses of a range that have the bits; saturates where that is all of IPv6. */
static u128 count_reading(const struct list_reading *r, const struct range *range)
{
    struct range rest = *range;
    struct prefix piece;
    bool done = false;
    u128 total = 0;
    if (r->value & r->mask & ~family_max(range->family))
        return 0;
    while (range_next_piece(&rest, &done, &piece)) {
        u128 host = low_bits(family_bits(piece.family) - piece.len), size = 1;
        if ((piece.num ^ r->value) & r->mask & ~host & family_max(piece.family))
            continue;
        if ((host & ~r->mask) == ~(u128)0)
            return ~(u128)0;
        for (u128 bits = host & ~r->mask; bits; bits &= bits - 1)
            size <<= 1;
        total += size;
    }
    return total;
}

void list_scope_count(const struct list_scope *x, const struct range *range, u128 *inside,
                      u128 *looked_at)
{
    *looked_at = 0;
    for (uint32_t i = 0; i < x->in_count; i++)
        *looked_at += count_reading(&x->in[i], range);
    *inside = *looked_at;
    for (uint32_t i = 0; i < x->out_count; i++) {
        u128 elsewhere = count_reading(&x->out[i], range);
        *inside -= elsewhere < *inside ? elsewhere : *inside;
    }
}
