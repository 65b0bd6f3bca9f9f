/* Where the PTR of an address stands: RFC 2317 zones, and all others. */
#include "table_p.h"

#include <stdlib.h>
#include <string.h>

struct prefix_order {
    u128 first;
    uint32_t zone;
};

static int by_first(const void *a, const void *b)
{
    const struct prefix_order *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->zone < y->zone ? -1 : x->zone > y->zone;
}

static int order_prefixes(struct table *t, uint32_t count)
{
    struct prefix_order *order = malloc(count * sizeof *order);
    t->classless = malloc(count * sizeof *t->classless);
    if (!order || !t->classless) {
        free(order);
        return PTRD_ENOMEM;
    }
    for (uint32_t i = 0; i < t->zone_count; i++)
        if (t->zones[i].classless)
            order[t->classless_count++] =
                (struct prefix_order){.first = t->zones[i].prefix.num, .zone = i};
    qsort(order, count, sizeof *order, by_first);
    for (uint32_t i = 0; i < count; i++)
        t->classless[i] = order[i].zone;
    free(order);
    return 0;
}

static int refuse_overlap(const struct zone *one, const struct zone *two, uint32_t conflict[2],
                          struct diag *diag)
{
    char names[2][NAME_TEXT_SIZE], prefixes[2][RANGE_TEXT_SIZE];
    name_print(&one->apex, names[0]);
    name_print(&two->apex, names[1]);
    prefix_print(&one->prefix, prefixes[0]);
    prefix_print(&two->prefix, prefixes[1]);
    conflict[0] = one->ref;
    conflict[1] = two->ref;
    return diag_set(diag, PTRD_ECONFLICT,
                    "%s of zone %.200s overlaps %s of zone %.200s: an address has its PTR in one "
                    "of them only",
                    prefixes[1], names[1], prefixes[0], names[0]);
}

int classless_finish(struct table *t, uint32_t conflict[2], struct diag *diag)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->zone_count; i++)
        count += t->zones[i].classless;
    if (count == 0)
        return 0;
    int err = order_prefixes(t, count);
    if (err < 0)
        return diag_set(diag, err, "%s", ptrd_strerror(err));
    for (uint32_t i = 1; i < count; i++) {
        const struct zone *one = &t->zones[t->classless[i - 1]], *two = &t->zones[t->classless[i]];
        /* sorted by first: prefixes overlap only where a neighbour reaches into the next */
        if (range_of_prefix(&one->prefix).last >= two->prefix.num)
            return refuse_overlap(one, two, conflict, diag);
    }
    return 0;
}

uint32_t table_classless_from(const struct table *t, u128 num)
{
    uint32_t low = 0, high = t->classless_count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (range_of_prefix(&t->zones[t->classless[mid]].prefix).last < num)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* The classless zone whose prefix holds the address, or NULL. */
static const struct zone *find_classless(const struct table *t, const struct addr *a)
{
    if (a->family != FAMILY_IPV4 || t->classless_count == 0)
        return NULL;
    uint32_t i = table_classless_from(t, a->num);
    const struct zone *z = i < t->classless_count ? &t->zones[t->classless[i]] : NULL;
    return z && z->prefix.num <= a->num ? z : NULL;
}

const struct zone *table_home(const struct table *t, const struct addr *a)
{
    struct name name;
    const struct zone *z = find_classless(t, a);
    if (z)
        return z;
    arpa_name(a, &name);
    z = table_zone_for(t, &name);
    return z && !z->classless ? z : NULL;
}

void table_reverse_name(const struct table *t, const struct addr *a, struct name *out)
{
    const struct zone *z = find_classless(t, a);
    if (!z) {
        arpa_name(a, out);
        return;
    }
    unsigned at = arpa_put_octet((unsigned)(a->num & 255), out->wire);
    memcpy(out->wire + at, z->apex.wire, z->apex.len);
    out->len = (uint8_t)(at + z->apex.len);
}

static void parse_classless(const struct zone *zone, const struct name *name, struct arpa *out)
{
    uint8_t offsets[NAME_LABELS_MAX];
    unsigned labels = name_label_offsets(name, offsets);
    unsigned depth = labels - name_labels(&zone->apex);
    out->kind = ARPA_NONE;
    if (!name_within(name, &zone->apex))
        return;
    if (depth == 0) {
        *out = (struct arpa){.kind = ARPA_PARTIAL, .prefix = zone->prefix};
        return;
    }
    int octet = arpa_read_octet(name->wire + offsets[depth - 1]);
    struct addr a = {.num = (zone->prefix.num & ~(u128)255) | (unsigned)octet,
                     .family = FAMILY_IPV4};
    struct range range = range_of_prefix(&zone->prefix);
    if (octet < 0 || !range_contains(&range, &a))
        return;
    out->kind = depth == 1 ? ARPA_FULL : ARPA_BELOW;
    out->prefix = (struct prefix){.num = a.num, .family = FAMILY_IPV4, .len = 32};
}

void table_reverse_parse(const struct table *t, const struct zone *zone, const struct name *name,
                         struct arpa *out)
{
    (void)t; /* part of the contract: zone is one of t's */
    if (zone->classless)
        parse_classless(zone, name, out);
    else
        arpa_parse(name, out);
}
