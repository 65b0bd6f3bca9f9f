#include "list.h"

#include <stdlib.h>

struct ranges {
    struct range *at;
    uint32_t count, capacity;
};

static int add_range(struct ranges *x, const struct range *range)
{
    if (x->count == x->capacity) {
        uint32_t capacity = x->capacity ? x->capacity * 2 : 16;
        struct range *at = realloc(x->at, capacity * sizeof *at);
        if (!at)
            return PTRD_ENOMEM;
        x->at = at;
        x->capacity = capacity;
    }
    x->at[x->count++] = *range;
    return 0;
}

/* The addresses whose arpa names belong to the zones directly below. */
static int add_children(const struct list *l, struct ranges *x)
{
    const struct table *t = l->s->table;
    int err = 0;
    for (const struct zone *z = l->zone + 1;
         err == 0 && z < t->zones + t->zone_count && name_within(&z->apex, &l->zone->apex); z++) {
        struct arpa arpa;
        if (&t->zones[z->parent] != l->zone)
            continue;
        arpa_parse(&z->apex, &arpa);
        if (arpa.kind != ARPA_PARTIAL && arpa.kind != ARPA_FULL)
            continue;
        struct range range = range_of_prefix(&arpa.prefix);
        err = add_range(x, &range);
    }
    return err;
}

static int add_classless(const struct list *l, const struct range *all, struct ranges *x)
{
    const struct table *t = l->s->table;
    int err = 0;
    if (all->family != FAMILY_IPV4)
        return 0;
    for (uint32_t i = table_classless_from(t, all->first); err == 0 && i < t->classless_count;
         i++) {
        struct range range = range_of_prefix(&t->zones[t->classless[i]].prefix);
        if (range.first > all->last)
            break;
        err = add_range(x, &range);
    }
    return err;
}

static int by_first(const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

/* What the sorted ranges in x leave of all. */
static int add_rest(struct range all, const struct ranges *x, struct ranges *out)
{
    for (uint32_t i = 0; i < x->count; i++) {
        const struct range *taken = &x->at[i];
        if (taken->last < all.first)
            continue;
        if (taken->first > all.first) {
            struct range part = all;
            part.last = taken->first - 1;
            int err = add_range(out, &part);
            if (err < 0)
                return err;
        }
        if (taken->last >= all.last)
            return 0;
        all.first = taken->last + 1;
    }
    return add_range(out, &all);
}

int list_homes(const struct list *l, struct range **out, uint32_t *count)
{
    struct ranges taken = {.at = NULL}, rest = {.at = NULL};
    struct range all;
    int err = 0;
    if (list_range(l, &all)) {
        if (!l->zone->classless)
            err = add_children(l, &taken);
        if (err == 0 && !l->zone->classless)
            err = add_classless(l, &all, &taken);
        if (err == 0 && taken.count)
            qsort(taken.at, taken.count, sizeof *taken.at, by_first);
        if (err == 0)
            err = add_rest(all, &taken, &rest);
    }
    free(taken.at);
    if (err < 0) {
        free(rest.at);
        return err;
    }
    *out = rest.at;
    *count = rest.count;
    return 0;
}
