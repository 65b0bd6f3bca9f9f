/* Neighbours of a name among the explicit PTRs of a zone, which the store has by address. In
 * ip6.arpa canonical order is that of the numbers; in in-addr.arpa, and in a classless zone, that
 * of the octets as text: 1, 10, 100, 101, 11, 2. No work but a few searches a label, at most one
 * for each octet that has PTRs, and one for each classless zone that holds some of the addresses.
 */
#include <string.h>

#include "answer.h"
#include "deny_p.h"

struct ptrs {
    struct denial *d;
    struct range own;              /* the addresses whose PTRs can stand in the zone */
    u128 top;                      /* the address bits above the labels that name them: */
    unsigned levels;               /* how many labels below the apex make an address, */
    unsigned step;                 /* and the bits of each */
    uint8_t order[256], rank[256]; /* octets in the order of their text, and back */
};

/* --- the zone's addresses --------------------------------------------------------------------- */

/* Each octet is followed by those whose text it begins. */
static void order_octets(struct ptrs *p)
{
    unsigned count = 0;
    for (unsigned one = 0; one < 10; one++) {
        p->order[count++] = (uint8_t)one;
        for (unsigned two = one * 10; one > 0 && two < one * 10 + 10; two++) {
            p->order[count++] = (uint8_t)two;
            for (unsigned three = two * 10; three < two * 10 + 10 && three < 256; three++)
                p->order[count++] = (uint8_t)three;
        }
    }
    for (unsigned i = 0; i < count; i++)
        p->rank[p->order[i]] = (uint8_t)i;
}

/* False: no names of addresses below the apex. */
static bool ptrs_begin(struct ptrs *p, struct denial *d)
{
    struct arpa arpa;
    if (!d->zone->reverse)
        return false;
    table_reverse_parse(d->s->table, d->zone, &d->zone->apex, &arpa);
    if (arpa.kind != ARPA_PARTIAL)
        return false;
    p->d = d;
    p->own = range_of_prefix(&arpa.prefix);
    p->top = arpa.prefix.num;
    p->step = arpa.prefix.family == FAMILY_IPV4 ? 8 : 4;
    p->levels = (family_bits(arpa.prefix.family) - arpa.prefix.len) / p->step;
    if (d->zone->classless) {
        p->top &= ~(u128)255;
        p->levels = 1;
    }
    if (p->step == 8)
        order_octets(p);
    return true;
}

/* The bits of an address below the first `level` labels. */
static unsigned bits_below(const struct ptrs *p, unsigned level)
{
    return (p->levels - level) * p->step;
}

static unsigned digit_at(const struct ptrs *p, u128 num, unsigned level)
{
    return (unsigned)(num >> bits_below(p, level + 1)) & ((1u << p->step) - 1);
}

/* Where a name stands among the names of addresses. */
struct spot {
    u128 num;            /* its first `level` labels, as an address */
    unsigned level;      /* how many of its labels are digits of an address */
    const uint8_t *rest; /* the label below those, or NULL */
};

static int read_digit(const struct ptrs *p, const uint8_t *label)
{
    if (p->step == 8)
        return arpa_read_octet(label);
    if (label[0] != 1)
        return -1;
    if (label[1] >= '0' && label[1] <= '9')
        return label[1] - '0';
    return label[1] >= 'a' && label[1] <= 'f' ? label[1] - 'a' + 10 : -1;
}

static struct spot find_spot(const struct ptrs *p, const struct name *name)
{
    uint8_t offsets[NAME_LABELS_MAX];
    unsigned labels = name_label_offsets(name, offsets) - name_labels(&p->d->zone->apex);
    struct spot spot = {.num = p->top};
    for (; spot.level < labels; spot.level++) {
        const uint8_t *label = name->wire + offsets[labels - 1 - spot.level];
        int digit = spot.level < p->levels ? read_digit(p, label) : -1;
        if (digit < 0) {
            spot.rest = label;
            break;
        }
        spot.num |= (u128)(unsigned)digit << bits_below(p, spot.level + 1);
    }
    return spot;
}

/* How many digits stand before a label that is none, in the order of text. */
static unsigned digits_before(const struct ptrs *p, const uint8_t *rest)
{
    unsigned count = 0, digits = 1u << p->step;
    for (unsigned i = 0; i < digits; i++) {
        uint8_t label[4] = {1, (uint8_t) "0123456789abcdef"[i & 15]};
        if (p->step == 8)
            (void)arpa_put_octet(i, label);
        unsigned len = label[0] < rest[0] ? label[0] : rest[0];
        int order = memcmp(label + 1, rest + 1, len);
        count += order < 0 || (order == 0 && label[0] < rest[0]);
    }
    return count;
}

/* --- the store -------------------------------------------------------------------------------- */

static const enum store_table tables[] = {STORE_PTRS, STORE_LOCAL_PTRS};
#define TABLES (sizeof tables / sizeof *tables)

static int in_range(struct span key, const struct range *range, u128 *num)
{
    struct addr addr;
    int err = store_read_key_addr(key, &addr);
    if (err < 0)
        return err;
    *num = addr.num;
    return range_contains(range, &addr) ? PTRD_FOUND : PTRD_ABSENT;
}

/* The first address of a range that a table of PTRs knows, or the last. */
static int known_address(struct ptrs *p, const struct range *range, bool last, u128 *out)
{
    struct store_reader *r = p->d->s->reader;
    struct addr_key k = addr_key(range->family, last ? range->last : range->first);
    uint8_t from[sizeof k.bytes + 1];
    int result = PTRD_ABSENT;
    memcpy(from, k.bytes, k.len);
    from[k.len] = 0; /* behind the last one's own key */
    for (unsigned i = 0; i < TABLES; i++) {
        struct span key, value;
        u128 num = 0;
        int found =
            last ? store_seek_back(r, tables[i], (struct span){from, k.len + 1}, &key, &value)
                 : store_seek(r, tables[i], (struct span){from, k.len}, &key, &value);
        if (found == PTRD_FOUND)
            found = in_range(key, range, &num);
        if (found < 0)
            return found;
        if (found == PTRD_ABSENT || (result == PTRD_FOUND && (last ? num < *out : num > *out)))
            continue;
        *out = num;
        result = PTRD_FOUND;
    }
    return result;
}

/* The classless zone that is the home of an address whose PTR therefore stands elsewhere. */
static const struct zone *other_home(const struct ptrs *p, u128 num)
{
    const struct table *t = p->d->s->table;
    if (p->step != 8 || p->d->zone->classless || t->classless_count == 0)
        return NULL;
    uint32_t i = table_classless_from(t, num);
    const struct zone *z = i < t->classless_count ? &t->zones[t->classless[i]] : NULL;
    return z && z->prefix.num <= num ? z : NULL;
}

/* The first address of a range with an explicit PTR of the zone's, or the last. */
static int find_ptr(struct ptrs *p, struct range range, bool last, u128 *out)
{
    struct store_ptr ptr;
    bool local;
    if (range.first < p->own.first)
        range.first = p->own.first;
    if (range.last > p->own.last)
        range.last = p->own.last;
    while (range.first <= range.last) {
        int found = known_address(p, &range, last, out);
        if (found != PTRD_FOUND)
            return found;
        const struct zone *other = other_home(p, *out);
        struct addr addr = {.num = *out, .family = range.family};
        found = other ? PTRD_ABSENT : answer_ptr(p->d->s->reader, &addr, &ptr, &local);
        if (found != PTRD_ABSENT)
            return found;
        struct range passed = {.first = *out, .last = *out};
        if (other)
            passed = range_of_prefix(&other->prefix);
        if (last ? passed.first <= range.first : passed.last >= range.last)
            return PTRD_ABSENT;
        if (last)
            range.last = passed.first - 1;
        else
            range.first = passed.last + 1;
    }
    return PTRD_ABSENT;
}

/* --- order of numbers ------------------------------------------------------------------------- */

/* count: digits of the spot's next label that lie before the border. */
static struct range beside(const struct ptrs *p, u128 num, unsigned count, unsigned bits, bool last)
{
    u128 border = num + ((u128)count << bits);
    struct range range = p->own;
    bool none = last ? count == 0 && num == p->own.first : count > 0 && border - 1 >= p->own.last;
    if (none)
        return (struct range){.first = 1, .last = 0, .family = p->own.family};
    if (last)
        range.last = border - 1;
    else
        range.first = border;
    return range;
}

static int nibbles_beside(struct ptrs *p, const struct spot *spot, bool before, bool below,
                          u128 *out)
{
    unsigned count = 0, bits = bits_below(p, spot->level);
    if (spot->rest && spot->level < p->levels) {
        count = digits_before(p, spot->rest);
        bits -= p->step;
    } else if (spot->rest || (!before && (!below || spot->level == p->levels))) {
        count = 1;
    }
    return find_ptr(p, beside(p, spot->num, count, bits, before), before, out);
}

/* --- order of octets -------------------------------------------------------------------------- */

/* Ranks of octets: from <= rank < to. */
struct ranks {
    unsigned from, to;
};

/* The octets of a level, below the first `level` labels of num, that have PTRs: the first of these
 * ranks, or the last. Its address so far goes to out. */
static int pick_octet(struct ptrs *p, u128 num, unsigned level, struct ranks ranks, bool last,
                      u128 *out)
{
    unsigned bits = bits_below(p, level + 1);
    u128 above = num >> (bits + 8) << (bits + 8), at;
    struct range rest = {.first = above, .last = above | low_bits(bits + 8), .family = FAMILY_IPV4};
    int best = -1, found;
    while ((found = find_ptr(p, rest, false, &at)) == PTRD_FOUND) {
        unsigned octet = digit_at(p, at, level), rank = p->rank[octet];
        if (rank >= ranks.from && rank < ranks.to &&
            (best < 0 || (last ? rank > (unsigned)best : rank < (unsigned)best)))
            best = (int)rank;
        if (octet == 255)
            break;
        rest.first = above + ((u128)(octet + 1) << bits);
    }
    if (found < 0 || best < 0)
        return found < 0 ? found : PTRD_ABSENT;
    *out = above | (u128)p->order[best] << bits;
    return PTRD_FOUND;
}

/* The first address, or the last, below the first `level` labels of num, which has one. */
static int descend(struct ptrs *p, u128 num, unsigned level, bool last, u128 *out)
{
    int found = PTRD_FOUND;
    for (; found == PTRD_FOUND && level < p->levels; level++)
        found = pick_octet(p, num, level, (struct ranks){0, 256}, last, &num);
    *out = num;
    return found;
}

static int climb(struct ptrs *p, u128 num, unsigned level, bool last, u128 *out)
{
    while (level-- > 0) {
        unsigned rank = p->rank[digit_at(p, num, level)];
        struct ranks ranks = last ? (struct ranks){0, rank} : (struct ranks){rank + 1, 256};
        int found = pick_octet(p, num, level, ranks, last, out);
        if (found == PTRD_FOUND)
            return descend(p, *out, level + 1, last, out);
        if (found < 0)
            return found;
    }
    return PTRD_ABSENT;
}

static int octets_beside(struct ptrs *p, const struct spot *spot, bool before, bool below,
                         u128 *out)
{
    struct ranks ranks = {0, 0};
    int found = PTRD_ABSENT;
    if (spot->level == p->levels) { /* an address itself, or a name below it */
        struct range one = {.first = spot->num, .last = spot->num, .family = FAMILY_IPV4};
        if (before && spot->rest)
            found = find_ptr(p, one, before, out);
        return found == PTRD_ABSENT ? climb(p, spot->num, spot->level, before, out) : found;
    }
    if (spot->rest) {
        unsigned count = digits_before(p, spot->rest);
        ranks = before ? (struct ranks){0, count} : (struct ranks){count, 256};
    } else if (!before && below) {
        ranks.to = 256;
    }
    if (ranks.from < ranks.to)
        found = pick_octet(p, spot->num, spot->level, ranks, before, out);
    if (found == PTRD_FOUND)
        return descend(p, *out, spot->level + 1, before, out);
    return found == PTRD_ABSENT ? climb(p, spot->num, spot->level, before, out) : found;
}

/* --- the whole -------------------------------------------------------------------------------- */

static int neighbour(struct denial *d, const struct name *name, bool before, bool below,
                     struct name *out)
{
    struct ptrs p;
    struct name at = *name;
    struct addr addr;
    if (!ptrs_begin(&p, d))
        return PTRD_ABSENT;
    addr.family = p.own.family;
    for (;;) {
        struct spot spot = find_spot(&p, &at);
        int found = p.step == 8 ? octets_beside(&p, &spot, before, below, &addr.num)
                                : nibbles_beside(&p, &spot, before, below, &addr.num);
        if (found != PTRD_FOUND)
            return found;
        table_reverse_name(d->s->table, &addr, &at);
        int kind = deny_look(d, &at);
        if (kind < 0)
            return kind;
        if (kind == DENY_ABSENT || kind == DENY_ENT)
            continue;
        *out = kind == DENY_RULED ? d->a->cut : at;
        return PTRD_FOUND;
    }
}

int deny_ptrs_before(struct denial *d, const struct name *name, struct name *out)
{
    return neighbour(d, name, true, false, out);
}

int deny_ptrs_behind(struct denial *d, const struct name *name, bool below, struct name *out)
{
    return neighbour(d, name, false, below, out);
}
