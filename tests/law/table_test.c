/* The zone table against linear scans: longest match, flattened segments, what generates, the zone
 * of a name; and the exactness of table_forward_below against all generated names written down. */
#include "support/law.h"

#include "ptrd/core/proof.h"

#define BLOCKS_MAX 200
#define ZONES_MAX 60

/* --- blocks ----------------------------------------------------------------------------------- */

struct plan {
    struct range ranges[BLOCKS_MAX];
    bool generates[BLOCKS_MAX];
    unsigned count;
};

static bool may_stand_beside(const struct range *a, const struct range *b)
{
    if (a->family != b->family || a->last < b->first || b->last < a->first)
        return true;
    bool holds = a->first <= b->first && a->last >= b->last;
    bool held = b->first <= a->first && b->last >= a->last;
    return holds != held;
}

/* Nested and disjoint intervals of all sizes, crowded so that they nest deeply. */
static void make_plan(struct plan *p, unsigned wanted)
{
    p->count = 0;
    for (unsigned tries = 0; p->count < wanted && tries < 20 * wanted; tries++) {
        enum family family = law_below(3) ? FAMILY_IPV6 : FAMILY_IPV4;
        struct range r = law_block(family, law_below(family_bits(family) + 1), law_below(2));
        if (p->count && law_below(2)) { /* inside one that is there, often at its border */
            const struct range *in = &p->ranges[law_below(p->count)];
            u128 a = law_in(in), b = law_in(in);
            r = (struct range){a < b ? a : b, a < b ? b : a, in->family};
        }
        bool fits = true;
        for (unsigned i = 0; i < p->count && fits; i++)
            fits = may_stand_beside(&p->ranges[i], &r);
        if (!fits)
            continue;
        p->generates[p->count] = law_below(3) > 0;
        p->ranges[p->count++] = r;
    }
}

static struct table *build(const struct plan *p)
{
    struct table_builder *b;
    struct table *t;
    assert_int_equal(table_builder_new(&b), 0);
    for (unsigned i = 0; i < p->count; i++)
        assert_int_equal(table_add_block(b, &p->ranges[i], p->generates[i] ? "{ip}.z" : NULL, NULL,
                                         0, 60, 0, i, NULL),
                         0);
    assert_int_equal(table_finish(b, &t, NULL, NULL), 0);
    table_builder_free(b);
    return t;
}

/* The smallest block that holds the address. */
static int64_t scan(const struct plan *p, const struct addr *a)
{
    int64_t best = -1;
    for (unsigned i = 0; i < p->count; i++)
        if (range_contains(&p->ranges[i], a) &&
            (best < 0 ||
             p->ranges[i].last - p->ranges[i].first < p->ranges[best].last - p->ranges[best].first))
            best = i;
    return best;
}

static void check_match(const struct plan *p, const struct table *t, const struct addr *a)
{
    const struct block *b = table_block_for(t, a);
    int64_t expected = scan(p, a), got = b ? (int64_t)b->ref : -1;
    if (got != expected)
        fail_msg("%s: block %lld, expected %lld", law_addr(a->family, a->num), (long long)got,
                 (long long)expected);
}

static void check_segments(const struct plan *p, const struct table *t, enum family family)
{
    const struct block_set *set = table_blocks(t, family);
    assert_true(set->segment_count > 0 && set->segments[0].first == 0);
    for (uint32_t i = 0; i < set->segment_count; i++) {
        const struct segment *s = &set->segments[i];
        u128 last = i + 1 < set->segment_count ? s[1].first - 1 : family_max(family);
        assert_true(last >= s->first && last <= family_max(family));
        struct addr ends[2] = {{s->first, family}, {last, family}};
        for (unsigned k = 0; k < 2; k++) {
            int64_t expected = scan(p, &ends[k]);
            int64_t got = s->block == TABLE_NONE ? -1 : (int64_t)set->blocks[s->block].ref;
            assert_int_equal(got, expected);
            assert_int_equal(table_segment_for(set, ends[k].num), i);
        }
    }
}

/* Some segment that touches the range belongs to a block with a template: by borders of blocks. */
static bool scan_generates(const struct plan *p, const struct range *r)
{
    for (unsigned i = 0; i <= 2 * p->count; i++) {
        struct addr a = {r->first, r->family};
        if (i) {
            const struct range *k = &p->ranges[(i - 1) / 2];
            a.num = (i & 1) ? k->first : k->last + 1;
            if (k->family != r->family)
                continue;
        }
        int64_t best = range_contains(r, &a) ? scan(p, &a) : -1;
        if (best >= 0 && p->generates[best])
            return true;
    }
    return false;
}

static void test_longest_match_and_segments(void **state)
{
    unsigned generating = 0, asked = 0;
    (void)state;
    law_seed();
    for (unsigned round = 0; round < law_rounds(60); round++) {
        struct plan p;
        make_plan(&p, 1 + law_below(BLOCKS_MAX - 1));
        struct table *t = build(&p);
        for (unsigned i = 0; i < p.count; i++) {
            const struct range *r = &p.ranges[i];
            u128 ends[4] = {r->first, r->last, r->first - 1, r->last + 1};
            for (unsigned k = 0; k < 4; k++)
                check_match(&p, t, &(struct addr){ends[k] & family_max(r->family), r->family});
            check_match(&p, t, &(struct addr){law_address(r->family), r->family});
            struct range any = law_block(r->family, law_below(family_bits(r->family) + 1), true);
            const struct range *ranges[2] = {&any, r};
            for (unsigned k = 0; k < 2; k++) {
                bool got = table_generates(t, ranges[k]);
                if (got != scan_generates(&p, ranges[k]))
                    fail_msg("%s: generates %d", law_range(ranges[k]), got);
                generating += got;
                asked++;
            }
        }
        check_segments(&p, t, FAMILY_IPV4);
        check_segments(&p, t, FAMILY_IPV6);
        table_free(t);
    }
    assert_true(generating > 100 && generating < asked);
}

/* --- many borders ----------------------------------------------------------------------------- */

#define BORDERS_MAX 40000

enum spread { SCATTERED, CROWDED, TWO_PLACES, HALVING, SPREADS };

static u128 make_border(enum spread spread, enum family family, unsigned i)
{
    u128 max = family_max(family);
    unsigned bits = family_bits(family);
    switch (spread) {
    case SCATTERED:
        return law_address(family);
    case CROWDED:
        return max / 3 + i;
    case TWO_PLACES: /* the second one ends with the space */
        return i % 2 ? max - i : max / 5 + ((u128)i << (bits / 3));
    case HALVING: /* crowded around ever smaller distances */
        return (max >> i % bits) - i / bits;
    case SPREADS:
        break;
    }
    return 0;
}

static int by_number(const void *a, const void *b)
{
    const u128 *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Where blocks begin, each of which ends before the next one: sorted, distinct, count at most. */
static unsigned make_borders(u128 *out, enum spread spread, enum family family, unsigned count)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < count; i++)
        out[i] = make_border(spread, family, i) & family_max(family);
    if (count && law_below(2))
        out[law_below(count)] = family_max(family);
    if (count && law_below(2))
        out[law_below(count)] = 0;
    qsort(out, count, sizeof *out, by_number);
    for (unsigned i = 0; i < count; i++)
        if (kept == 0 || out[kept - 1] != out[i])
            out[kept++] = out[i];
    return kept;
}

static struct table *table_of_borders(const u128 *borders, enum family family, unsigned count)
{
    struct table_builder *b;
    struct table *t;
    assert_int_equal(table_builder_new(&b), 0);
    for (unsigned i = 0; i < count; i++) {
        u128 last = i + 1 < count ? borders[i + 1] - 1 : family_max(family);
        struct range r = {borders[i], last, family};
        assert_int_equal(table_add_block(b, &r, NULL, NULL, 0, 60, 0, i, NULL), 0);
    }
    assert_int_equal(table_finish(b, &t, NULL, NULL), 0);
    table_builder_free(b);
    return t;
}

static void check_number(const struct table *t, enum family family, u128 num, int64_t expected)
{
    const struct block *b = table_block_for(t, &(struct addr){num, family});
    int64_t got = b ? (int64_t)b->ref : -1;
    if (got != expected)
        fail_msg("%s: block %lld, expected %lld", law_addr(family, num), (long long)got,
                 (long long)expected);
}

static int64_t scan_borders(const u128 *borders, unsigned count, u128 num)
{
    int64_t found = -1;
    for (unsigned i = 0; i < count; i++)
        if (borders[i] <= num)
            found = i;
    return found;
}

static void check_borders(enum spread spread, enum family family, unsigned wanted)
{
    static u128 borders[BORDERS_MAX];
    unsigned count = make_borders(borders, spread, family, wanted);
    struct table *t = table_of_borders(borders, family, count);
    assert_int_equal(table_blocks(t, family)->segment_count, count + (!count || borders[0] != 0));
    for (unsigned i = 0; i < count; i++) {
        check_number(t, family, borders[i], i);
        if (borders[i])
            check_number(t, family, borders[i] - 1, (int64_t)i - 1);
    }
    for (unsigned i = 0; i < 50; i++) {
        u128 num =
            count && law_below(2) ? borders[law_below(count)] + law_below(3) : law_address(family);
        num &= family_max(family);
        check_number(t, family, num, scan_borders(borders, count, num));
    }
    check_number(t, family, 0, scan_borders(borders, count, 0));
    check_number(t, family, family_max(family), (int64_t)count - 1);
    table_free(t);
}

/* Also of as many as fill the levels of the tree above the segments, and one more or less. */
static void test_longest_match_wherever_borders_lie(void **state)
{
    (void)state;
    law_seed();
    for (unsigned spread = 0; spread < SPREADS; spread++)
        for (unsigned family = 0; family < 2; family++) {
            enum family f = family ? FAMILY_IPV6 : FAMILY_IPV4;
            for (unsigned count = 0; count < 140; count++)
                check_borders((enum spread)spread, f, count);
            for (unsigned full = 512; full < BORDERS_MAX; full *= 8)
                for (unsigned count = full - 3; count <= full + 2; count++)
                    check_borders((enum spread)spread, f, count);
            check_borders((enum spread)spread, f, 1 + law_below(BORDERS_MAX));
        }
}

static void test_equal_and_crossing_intervals_are_refused(void **state)
{
    unsigned refused = 0;
    (void)state;
    law_seed();
    for (unsigned round = 0; round < law_rounds(2000); round++) {
        struct range a = law_block(FAMILY_IPV4, 20 + law_below(12), true), b = a;
        struct table_builder *builder;
        struct table *t = NULL;
        uint32_t conflict[2] = {9, 9};
        if (law_below(4)) {
            u128 x = law_in(&a), y = law_in(&a) + law_below(3);
            b = (struct range){x < y ? x : y, x < y ? y : x, FAMILY_IPV4};
        }
        assert_int_equal(table_builder_new(&builder), 0);
        assert_int_equal(table_add_block(builder, &a, NULL, NULL, 0, 60, 0, 0, NULL), 0);
        assert_int_equal(table_add_block(builder, &b, NULL, NULL, 0, 60, 0, 1, NULL), 0);
        int err = table_finish(builder, &t, conflict, NULL);
        if (err != (may_stand_beside(&a, &b) ? 0 : PTRD_ECONFLICT))
            fail_msg("%s, %s: %d", law_range(&a), law_range(&b), err);
        if (err) {
            assert_int_equal(conflict[0] + conflict[1], 1);
            refused++;
        } else {
            table_free(t);
        }
        table_builder_free(builder);
    }
    assert_in_range(refused, 10, law_rounds(2000) - 10);
}

/* --- zones ------------------------------------------------------------------------------------ */

static void test_zone_of_a_name(void **state)
{
    (void)state;
    law_seed();
    for (unsigned round = 0; round < law_rounds(300); round++) {
        struct name apexes[ZONES_MAX];
        unsigned count = 0, wanted = law_below(ZONES_MAX);
        struct table_builder *b;
        struct table *t;
        assert_int_equal(table_builder_new(&b), 0);
        for (unsigned i = 0; i < wanted; i++) {
            struct name label = law_any_name(2), apex = label;
            bool twice = false;
            if (count && law_below(2) && name_concat(&label, &apexes[law_below(count)], &apex) < 0)
                apex = label;
            for (unsigned k = 0; k < count; k++)
                twice |= name_equal(&apexes[k], &apex);
            if (twice)
                continue;
            assert_int_equal(table_add_zone(b, &apex, 1000 - count, false, NULL, count), 0);
            apexes[count++] = apex;
        }
        assert_int_equal(table_finish(b, &t, NULL, NULL), 0);
        table_builder_free(b);
        for (unsigned i = 0; i < 200; i++) {
            struct name label = law_any_name(3), right = {.len = 1}, name;
            if (count && law_below(3))
                right = apexes[law_below(count)];
            if (law_below(2))
                label = (struct name){.len = 1};
            if (name_concat(&label, &right, &name) < 0)
                name = label;
            int best = -1;
            bool below = false;
            for (unsigned k = 0; k < count; k++) {
                below |= name_within(&apexes[k], &name) && !name_equal(&apexes[k], &name);
                if (name_within(&name, &apexes[k]) &&
                    (best < 0 || name_labels(&apexes[k]) > name_labels(&apexes[best])))
                    best = (int)k;
            }
            const struct zone *z = table_zone_for(t, &name);
            assert_int_equal(z ? (int)z->ref : -1, best);
            assert_int_equal(table_zone_below(t, &name), below);
            if (z)
                assert_int_equal(table_zone_below_in(t, z, &name), below);
        }
        for (unsigned k = 0; k < count; k++) {
            const struct zone *z = table_zone_by_id(t, 1000 - k);
            struct name above;
            assert_non_null(z);
            assert_int_equal(z->ref, k);
            if (z->apex.len == 1)
                continue;
            name_strip(&z->apex, 1, &above);
            const struct zone *parent = table_zone_for(t, &above);
            assert_ptr_equal(parent, z->parent == TABLE_NONE ? NULL : &t->zones[z->parent]);
        }
        assert_null(table_zone_by_id(t, 1001));
        assert_null(table_zone_by_id(t, 0));
        table_free(t);
    }
}

/* --- empty non-terminals ---------------------------------------------------------------------- */

#define NAMES_MAX 3000

struct names {
    struct name all[NAMES_MAX];
    unsigned count;
};

static void collect(const struct table *t, enum family family, struct names *out)
{
    const struct block_set *set = table_blocks(t, family);
    for (uint32_t i = 0; i < set->count; i++)
        for (u128 num = set->blocks[i].range.first;; num++) {
            struct addr a = {num, family};
            const struct block *b = table_block_for(t, &a);
            if (b == &set->blocks[i] && b->template && !(b->flags & BLOCK_FORWARD_EXTERNAL) &&
                out->count < NAMES_MAX)
                assert_int_equal(template_generate(b->template, num, &out->all[out->count++]), 0);
            if (num == set->blocks[i].range.last)
                break;
        }
}

/* Some blocks of one or both families, cut up by many inside them. */
static void ent_plan(struct plan *p)
{
    unsigned roots = 1 + law_below(3), inside = law_below(2) ? law_below(8) : law_below(60);
    for (unsigned i = 0; i < roots; i++) {
        enum family family = law_below(2) ? FAMILY_IPV4 : FAMILY_IPV6;
        struct range r = law_block(family, family_bits(family) - 3 - law_below(7), law_below(2));
        bool fits = true;
        for (unsigned k = 0; k < p->count && fits; k++)
            fits = may_stand_beside(&p->ranges[k], &r);
        if (fits)
            p->ranges[p->count++] = r;
    }
    for (unsigned tries = 0; tries < inside; tries++) {
        const struct range *in = &p->ranges[law_below(p->count)];
        u128 x = law_in(in), y = law_below(3) ? x + law_below(20) : law_in(in);
        struct range r = {x < y ? x : y, x < y ? y : x, in->family};
        bool fits = r.first >= in->first && r.last <= in->last; /* x + .. may wrap */
        for (unsigned i = 0; i < p->count && fits; i++)
            fits = may_stand_beside(&p->ranges[i], &r);
        if (fits)
            p->ranges[p->count++] = r;
    }
}

/* Blocks with multi-label templates, and blocks inside that are excluded or have other ones. */
static struct table *ent_table(void)
{
    static const char *const v4[] = {
        "{4}.{3}", "{4:02x}.{3}.x", "{host:dec}.{net/28}", "{4}.{3}.{2}.{1}", "{net/30}.{4}.a",
        "{ip}",    "{3}.{4}",       "{4}.{host}.{3}",      "{host}",          "{ip}.{4}.b"};
    static const char *const v6[] = {"{n29}.{n30}.{n31}.{n32}",
                                     "{n32}.{n31}.{n30}.{n29}",
                                     "{g8:x}.{g7}",
                                     "{net/121}.{host}",
                                     "{host}.{net/120}",
                                     "{ip:short}.s",
                                     "{ip:short}",
                                     "{g8}.{g7:x}.{ip:short}",
                                     "{n31}.{g8:x}",
                                     "{host:b32}.{n32}"};
    struct plan p = {.count = 0};
    struct table_builder *b;
    struct table *t;
    unsigned forms = 1 + law_below(3), pick[3] = {law_below(10), law_below(10), law_below(10)};
    bool one_length = law_below(2);
    ent_plan(&p);
    assert_int_equal(table_builder_new(&b), 0);
    for (unsigned i = 0; i < p.count; i++) {
        char text[LAW_TEMPLATE_SIZE];
        bool four = p.ranges[i].family == FAMILY_IPV4;
        unsigned form = one_length ? pick[law_below(forms)] : law_below(10);
        uint8_t flags = law_below(8) ? 0 : BLOCK_FORWARD_EXTERNAL;
        snprintf(text, sizeof text, "%s%s.%s", four ? v4[form] : v6[form], law_below(4) ? "" : "-q",
                 law_below(4) ? "dyn.z" : "z");
        bool none = law_below(3) == 0;
        if (table_add_block(b, &p.ranges[i], none ? NULL : text, NULL, 0, 60, flags, i, NULL) < 0)
            assert_int_equal(table_add_block(b, &p.ranges[i], NULL, NULL, 0, 60, 0, i, NULL), 0);
    }
    assert_int_equal(table_finish(b, &t, NULL, NULL), 0);
    table_builder_free(b);
    return t;
}

static void check_below(const struct table *t, const struct names *n, const struct name *name,
                        unsigned *yes)
{
    bool expected = false;
    for (unsigned i = 0; i < n->count && !expected; i++)
        expected = n->all[i].len > name->len && name_within(&n->all[i], name);
    bool got = table_forward_below(t, name);
    *yes += expected;
    if (got == expected)
        return;
    for (uint32_t i = 0; i < t->v4.count + t->v6.count; i++) {
        const struct block *b = i < t->v4.count ? &t->v4.blocks[i] : &t->v6.blocks[i - t->v4.count];
        char text[TEMPLATE_OUT_MAX] = "none";
        if (b->template && template_print(b->template, b->range.first, text) < 0)
            continue;
        print_error("block %s: its first name %s, flags %u\n", law_range(&b->range), text,
                    b->flags);
    }
    fail_msg("%s: names below it: %d, table_forward_below: %d", law_text(name), expected, got);
}

static void test_forward_below_is_exact(void **state)
{
    static struct names n;
    unsigned yes = 0, asked = 0;
    (void)state;
    law_seed();
    for (unsigned round = 0; round < law_rounds(400); round++) {
        struct table *t = ent_table();
        n.count = 0;
        collect(t, FAMILY_IPV4, &n);
        collect(t, FAMILY_IPV6, &n);
        for (unsigned i = 0; n.count && i < 60; i++) {
            struct name name = n.all[law_below(n.count)];
            check_below(t, &n, &name, &yes);
            name_strip(&name, law_below(name_labels(&name)), &name);
            check_below(t, &n, &name, &yes);

            name = law_mutate(&name);
            check_below(t, &n, &name, &yes);
            asked += 3;
        }
        struct name z = law_name("z"), dyn = law_name("dyn.z");
        check_below(t, &n, &z, &yes);
        check_below(t, &n, &dyn, &yes);
        table_free(t);
    }
    print_message("%u names, %u with names below\n", asked, yes);
    assert_in_range(yes, 100, asked - 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_longest_match_and_segments),
        cmocka_unit_test(test_longest_match_wherever_borders_lie),
        cmocka_unit_test(test_equal_and_crossing_intervals_are_refused),
        cmocka_unit_test(test_zone_of_a_name),
        cmocka_unit_test(test_forward_below_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
