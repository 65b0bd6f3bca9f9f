/* Zones, cuts, DNAMEs, classless zones (RFC 2317) and delegated prefixes, against definitions that
 * look at every one of them for each name and each address: where a name and a PTR stand, what is
 * delegated, and what the blocks then generate, in both directions. */
#include "support/law.h"

#include "ptrd/core/proof.h"

#define ZONES_MAX 14
#define CUTS_MAX 14
#define DELEGATED_MAX 6
#define BLOCKS_MAX 14
#define NAMES_MAX 800

/* All blocks and prefixes lie in a /23 and a /120, at an end of the space or inside. */
struct world {
    struct range v4, v6;
    struct {
        struct name apex;
        bool classless;
        struct prefix prefix;
    } zones[ZONES_MAX];
    unsigned zone_count;
    struct {
        struct name name;
        uint8_t flags;
    } cuts[CUTS_MAX];
    unsigned cut_count;
    struct {
        struct prefix prefix;
        struct name child;
    } delegated[DELEGATED_MAX];
    unsigned delegated_count;
    struct {
        struct range range;
        char text[64]; /* empty: none */
        uint8_t flags;
    } blocks[BLOCKS_MAX];
    unsigned block_count;
};

/* --- the definitions -------------------------------------------------------------------------- */

/* The zone (its ref) with the longest apex that encloses the name, or -1. */
static int zone_of(const struct world *w, const struct name *name)
{
    int best = -1;
    for (unsigned i = 0; i < w->zone_count; i++)
        if (name_within(name, &w->zones[i].apex) &&
            (best < 0 || name_labels(&w->zones[i].apex) > name_labels(&w->zones[best].apex)))
            best = (int)i;
    return best;
}

struct ruled {
    int zone;
    enum place_rule rule;
    struct name cut;
};

static struct ruled ruled(const struct world *w, const struct name *name)
{
    struct ruled r = {zone_of(w, name), PLACE_FREE, {.len = 0}};
    for (unsigned i = 0; i < w->cut_count; i++) {
        const struct name *cut = &w->cuts[i].name;
        if (zone_of(w, cut) != r.zone || r.zone < 0 || !name_within(name, cut) ||
            (r.cut.len && r.cut.len < cut->len))
            continue;
        bool at = name_equal(name, cut), topmost = !r.cut.len || cut->len < r.cut.len;
        if (w->cuts[i].flags & CUT_NS && !name_equal(cut, &w->zones[r.zone].apex)) {
            r.cut = *cut;
            r.rule = at ? PLACE_AT_CUT : PLACE_BELOW_CUT;
        } else if (w->cuts[i].flags & CUT_DNAME && !at && topmost) {
            r.cut = *cut;
            r.rule = PLACE_BELOW_DNAME;
        }
    }
    return r;
}

static int classless_of(const struct world *w, const struct addr *a)
{
    for (unsigned i = 0; i < w->zone_count; i++) {
        struct range r = range_of_prefix(&w->zones[i].prefix);
        if (w->zones[i].classless && range_contains(&r, a))
            return (int)i;
    }
    return -1;
}

static struct name reverse_name(const struct world *w, const struct addr *a)
{
    struct name name;
    int classless = classless_of(w, a);
    arpa_name(a, &name);
    if (classless >= 0) {
        char octet[8];
        snprintf(octet, sizeof octet, "%u", (unsigned)(a->num & 255));
        assert_int_equal(
            name_parse_relative(octet, strlen(octet), &w->zones[classless].apex, &name, NULL), 0);
    }
    return name;
}

static int home(const struct world *w, const struct addr *a)
{
    int classless = classless_of(w, a);
    if (classless >= 0)
        return classless;
    struct name name;
    arpa_name(a, &name);
    int zone = zone_of(w, &name);
    return zone >= 0 && w->zones[zone].classless ? -1 : zone;
}

static bool delegated(const struct world *w, const struct addr *a)
{
    struct name name = reverse_name(w, a);
    struct ruled r = ruled(w, &name);
    int at = home(w, a);
    if (r.rule != PLACE_FREE || (at >= 0 && r.zone != at))
        return true;
    for (unsigned i = 0; i < w->delegated_count; i++) {
        struct range range = range_of_prefix(&w->delegated[i].prefix);
        if (range_contains(&range, a) &&
            (at < 0 || !name_within(&w->zones[at].apex, &w->delegated[i].child)))
            return true;
    }
    return false;
}

/* The ref of the most specific block, -1 for none or where the address is delegated. */
static int block_of(const struct world *w, const struct addr *a)
{
    int best = -1;
    if (delegated(w, a))
        return -1;
    for (unsigned i = 0; i < w->block_count; i++) {
        const struct range *r = &w->blocks[i].range;
        if (range_contains(r, a) &&
            (best < 0 ||
             r->last - r->first < w->blocks[best].range.last - w->blocks[best].range.first))
            best = (int)i;
    }
    return best;
}

static struct arpa reverse_parse(const struct world *w, int zone, const struct name *name)
{
    struct arpa arpa = {.kind = ARPA_NONE};
    const struct prefix *p = &w->zones[zone].prefix;
    if (!w->zones[zone].classless) {
        arpa_parse(name, &arpa);
        return arpa;
    }
    if (name_equal(name, &w->zones[zone].apex))
        return (struct arpa){.kind = ARPA_PARTIAL, .prefix = *p};
    struct range r = range_of_prefix(p);
    for (u128 num = r.first; num <= r.last; num++) {
        struct name one = reverse_name(w, &(struct addr){num, FAMILY_IPV4});
        if (name_within(name, &one))
            return (struct arpa){.kind = name_equal(name, &one) ? ARPA_FULL : ARPA_BELOW,
                                 .prefix = {.num = num, .family = FAMILY_IPV4, .len = 32}};
    }
    return arpa;
}

/* --- worlds ----------------------------------------------------------------------------------- */

static u128 any_address(const struct world *w, enum family family)
{
    return law_in(family == FAMILY_IPV4 ? &w->v4 : &w->v6);
}

/* A name beside which others are likely: of an address, above or below one, or of a zone. */
static struct name any_name(const struct world *w)
{
    static const char *const labels[] = {"x", "5", "64/26", "64", "255", "0", "005", "y"};
    struct addr a = {.family = law_below(3) ? FAMILY_IPV4 : FAMILY_IPV6};
    struct name name, below;
    a.num = any_address(w, a.family);
    arpa_name(&a, &name);
    unsigned strip = law_below(3) ? 1 + law_below(4) : law_below(name_labels(&name) + 1);
    name_strip(&name, law_below(3) ? strip : 0, &name);
    if (w->zone_count && law_below(3) == 0)
        name = w->zones[law_below(w->zone_count)].apex;
    if (w->zone_count && law_below(4) == 0) {
        const struct prefix *p = &w->zones[law_below(w->zone_count)].prefix;
        if (p->family)
            name = reverse_name(w, &(struct addr){p->num, FAMILY_IPV4});
    }
    if (law_below(9) == 0)
        name = law_name((const char *[]){"rev.z", "64.rev.z", ".", "arpa", "arpa", "in-addr.arpa",
                                         "ip6.arpa"}[law_below(7)]);
    for (unsigned more = law_below(3); more > 1; more--) {
        const char *label = labels[law_below(sizeof labels / sizeof *labels)];
        if (name_parse_relative(label, strlen(label), &name, &below, NULL) == 0)
            name = below;
    }
    return name;
}

static struct prefix any_classless(const struct world *w)
{
    struct prefix p = {.family = FAMILY_IPV4, .len = (uint8_t)(25 + law_below(8))};
    p.num = any_address(w, FAMILY_IPV4) & ~low_bits(32u - p.len);
    return p;
}

static void add_zones(struct world *w)
{
    unsigned wanted = law_below(ZONES_MAX + 1);
    for (unsigned i = 0; i < wanted; i++) {
        struct name apex = any_name(w);
        struct prefix prefix = any_classless(w);
        struct range range = range_of_prefix(&prefix);
        bool classless = law_below(3) == 0, twice = false;
        for (unsigned k = 0; k < w->zone_count; k++) {
            struct range other = range_of_prefix(&w->zones[k].prefix);
            twice |= name_equal(&apex, &w->zones[k].apex);
            if (w->zones[k].classless && other.first <= range.last && range.first <= other.last)
                classless = false;
        }
        if (twice)
            continue;
        w->zones[w->zone_count].apex = apex;
        w->zones[w->zone_count].classless = classless;
        if (classless)
            w->zones[w->zone_count].prefix = prefix;
        w->zone_count++;
    }
}

/* Each name once here; build adds some with their flags one by one. */
static void add_cuts(struct world *w)
{
    unsigned wanted = law_below(4) ? law_below(CUTS_MAX + 1) : 0;
    for (unsigned i = 0; i < wanted; i++) {
        struct name name = any_name(w);
        bool twice = false;
        for (unsigned k = 0; k < w->cut_count; k++)
            twice |= name_equal(&name, &w->cuts[k].name);
        if (twice)
            continue;
        w->cuts[w->cut_count].name = name;
        w->cuts[w->cut_count++].flags = (uint8_t[]){CUT_NS, CUT_NS, CUT_DNAME, 3}[law_below(4)];
    }
    if (law_below(3) == 0)
        return;
    w->delegated_count = law_below(DELEGATED_MAX + 1);
    for (unsigned i = 0; i < w->delegated_count; i++) {
        w->delegated[i].prefix = any_classless(w);
        w->delegated[i].child = any_name(w);
    }
}

static bool proved(const struct range *r, const char *text)
{
    struct template *t;
    if (template_compile(text, strlen(text), r, NULL, 0, &t, NULL) < 0)
        return false;
    int err = proof_block(t, r, NULL);
    template_free(t);
    return err == 0;
}

static void add_blocks(struct world *w)
{
    static const char *const forms[2][5] = {
        {"{ip}.z", "{4}.b#.z", "h{host}.b#.y.z", "{4:x}.{3}.b#.z", "{net/30}.{4}.m#.z"},
        {"{ip}.z", "{n32}.{n31}.b#.z", "h{host}.b#.y.z", "{ip:short}.b#.z", "{g8:x}.m#.z"}};
    for (unsigned tries = law_below(3 * BLOCKS_MAX); tries; tries--) {
        enum family family = law_below(2) ? FAMILY_IPV4 : FAMILY_IPV6;
        u128 a = any_address(w, family), b = any_address(w, family);
        struct range r = {a < b ? a : b, a < b ? b : a, family};
        bool fits = w->block_count < BLOCKS_MAX;
        for (unsigned i = 0; i < w->block_count && fits; i++) {
            const struct range *k = &w->blocks[i].range;
            bool holds = k->first <= r.first && k->last >= r.last,
                 held = r.first <= k->first && r.last >= k->last;
            fits = k->family != family || k->last < r.first || r.last < k->first || holds != held;
        }
        if (!fits)
            continue;
        unsigned i = w->block_count++;
        w->blocks[i].range = r;
        w->blocks[i].flags = law_below(6) ? 0 : BLOCK_FORWARD_EXTERNAL;
        if (law_below(5)) {
            const char *form = forms[family == FAMILY_IPV6][law_below(5)],
                       *number = strchr(form, '#');
            if (number)
                snprintf(w->blocks[i].text, sizeof w->blocks[i].text, "%.*s%u%s",
                         (int)(number - form), form, i, number + 1);
            else
                strcpy(w->blocks[i].text, form);
            if (!proved(&r, w->blocks[i].text))
                w->blocks[i].text[0] = '\0';
        }
    }
}

static void make_world(struct world *w)
{
    static const char *const v4[] = {"0.0.0.0/23", "10.3.4.0/23", "255.255.254.0/23"};
    static const char *const v6[] = {"::/120", "2001:db8::5a00/120",
                                     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ff00/120"};
    struct prefix p;
    unsigned which = law_below(3);
    memset(w, 0, sizeof *w);
    assert_int_equal(prefix_parse(v4[which], strlen(v4[which]), &p, NULL), 0);
    w->v4 = range_of_prefix(&p);
    assert_int_equal(prefix_parse(v6[which], strlen(v6[which]), &p, NULL), 0);
    w->v6 = range_of_prefix(&p);
    add_zones(w);
    add_cuts(w);
    add_blocks(w);
}

static void build_cuts(const struct world *w, struct table_builder *b)
{
    for (unsigned i = 0; i < w->cut_count; i++) {
        uint8_t flags = w->cuts[i].flags;
        if (law_below(2)) {
            assert_int_equal(table_add_cut(b, &w->cuts[i].name, flags & CUT_DNAME ? 2 : 1), 0);
            assert_int_equal(table_add_cut(b, &w->cuts[i].name, flags & CUT_NS ? 1 : 2), 0);
        } else {
            assert_int_equal(table_add_cut(b, &w->cuts[i].name, flags), 0);
        }
    }
}

static struct table *build(const struct world *w)
{
    struct table_builder *b;
    struct table *t;
    assert_int_equal(table_builder_new(&b), 0);
    for (unsigned i = 0; i < w->zone_count; i++)
        assert_int_equal(table_add_zone(b, &w->zones[i].apex, i + 1, false,
                                        w->zones[i].classless ? &w->zones[i].prefix : NULL, i),
                         0);
    build_cuts(w, b);
    for (unsigned i = 0; i < w->delegated_count; i++)
        assert_int_equal(table_add_delegated(b, &w->delegated[i].prefix, &w->delegated[i].child),
                         0);
    for (unsigned i = 0; i < w->block_count; i++) {
        const char *text = w->blocks[i].text;
        assert_int_equal(table_add_block(b, &w->blocks[i].range, *text ? text : NULL, NULL, 0, 60,
                                         w->blocks[i].flags, i, NULL),
                         0);
    }
    assert_int_equal(table_finish(b, &t, NULL, NULL), 0);
    table_builder_free(b);
    return t;
}

/* --- what a failure shows --------------------------------------------------------------------- */

static void show(const struct world *w)
{
    char prefix[RANGE_TEXT_SIZE];
    for (unsigned i = 0; i < w->zone_count; i++) {
        prefix_print(&w->zones[i].prefix, prefix);
        print_error("zone %u %s %s\n", i, law_text(&w->zones[i].apex),
                    w->zones[i].classless ? prefix : "");
    }
    for (unsigned i = 0; i < w->cut_count; i++)
        print_error("cut %s %u\n", law_text(&w->cuts[i].name), w->cuts[i].flags);
    for (unsigned i = 0; i < w->delegated_count; i++) {
        prefix_print(&w->delegated[i].prefix, prefix);
        print_error("delegated %s %s\n", prefix, law_text(&w->delegated[i].child));
    }
    for (unsigned i = 0; i < w->block_count; i++)
        print_error("block %u %s %s %u\n", i, law_range(&w->blocks[i].range), w->blocks[i].text,
                    w->blocks[i].flags);
}

/* --- names ------------------------------------------------------------------------------------ */

static int ref_of(const struct zone *z)
{
    return z ? (int)z->ref : -1;
}

struct seen {
    unsigned rules[4], delegated, addresses, generated, below, homeless, full;
};

static void check_parse(const struct world *w, const struct table *t, const struct zone *z,
                        const struct name *name, struct seen *seen)
{
    struct arpa expected = reverse_parse(w, (int)z->ref, name), got;
    table_reverse_parse(t, z, name, &got);
    if (got.kind != expected.kind ||
        (got.kind != ARPA_NONE &&
         (got.prefix.num != expected.prefix.num || got.prefix.len != expected.prefix.len ||
          got.prefix.family != expected.prefix.family))) {
        show(w);
        fail_msg("%s in zone %u: kind %u, expected %u", law_text(name), z->ref, got.kind,
                 expected.kind);
    }
    seen->full += z->classless && got.kind == ARPA_FULL;
}

static void check_name(const struct world *w, const struct table *t, const struct name *name,
                       struct seen *seen)
{
    struct ruled expected = ruled(w, name);
    struct place got = table_place(t, name);
    bool same_cut = got.cut ? name_equal(&got.cut->name, &expected.cut) : expected.cut.len == 0;
    if (ref_of(got.zone) != expected.zone || got.rule != expected.rule || !same_cut ||
        ref_of(table_zone_for(t, name)) != expected.zone) {
        show(w);
        fail_msg("%s: zone %d, rule %u, cut %s; expected %d, %u, %s", law_text(name),
                 ref_of(got.zone), got.rule, got.cut ? law_text(&got.cut->name) : "none",
                 expected.zone, expected.rule, expected.cut.len ? law_text(&expected.cut) : "none");
    }
    seen->rules[got.rule]++;
    if (got.zone)
        check_parse(w, t, got.zone, name, seen);
}

static void check_names(const struct world *w, const struct table *t, struct seen *seen)
{
    for (unsigned i = 0; i < 150; i++) {
        struct name name = any_name(w);
        if (w->cut_count && law_below(2)) {
            const struct name *cut = &w->cuts[law_below(w->cut_count)].name;
            struct name label = law_name("w");
            if (law_below(2) || name_concat(&label, cut, &name) < 0)
                name = *cut;
        }
        check_name(w, t, &name, seen);
    }
    for (unsigned i = 0; i < w->zone_count; i++) {
        const struct zone *z = table_zone_by_id(t, i + 1);
        bool cuts = false;
        for (unsigned k = 0; k < w->cut_count; k++)
            cuts |= zone_of(w, &w->cuts[k].name) == (int)i &&
                    (w->cuts[k].flags & CUT_DNAME || !name_equal(&w->cuts[k].name, &z->apex));
        assert_int_equal(z->has_cuts, cuts);
    }
}

/* --- addresses -------------------------------------------------------------------------------- */

static void check_address(const struct world *w, const struct table *t, const struct addr *a,
                          struct seen *seen)
{
    struct name name, expected = reverse_name(w, a);
    bool is = delegated(w, a);
    const struct block *b = table_block_for(t, a);
    table_reverse_name(t, a, &name);
    if (ref_of(table_home(t, a)) != home(w, a) || !name_equal(&name, &expected) ||
        table_delegated(t, a) != is || (b ? (int)b->ref : -1) != block_of(w, a)) {
        show(w);
        fail_msg("%s: home %d, name %s, delegated %d, block %d; expected %d, %s, %d, %d",
                 law_addr(a->family, a->num), ref_of(table_home(t, a)), law_text(&name),
                 table_delegated(t, a), b ? (int)b->ref : -1, home(w, a), law_text(&expected), is,
                 block_of(w, a));
    }
    seen->delegated += is;
    seen->addresses++;
    seen->homeless += home(w, a) < 0;
}

static void check_delegated_ranges(const struct range *r, uint32_t count, enum family family)
{
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(r[i].family, family);
        assert_true(r[i].first <= r[i].last && r[i].last <= family_max(family));
        assert_true(i == 0 || r[i].first > r[i - 1].last + 1);
    }
}

static bool generates(const struct world *w, u128 num, enum family family)
{
    int block = block_of(w, &(struct addr){num, family});
    return block >= 0 && w->blocks[block].text[0];
}

static void check_family(const struct world *w, const struct table *t, enum family family,
                         struct seen *seen)
{
    struct range all = family == FAMILY_IPV4 ? w->v4 : w->v6;
    static bool yes[512];
    for (u128 num = all.first;; num++) {
        check_address(w, t, &(struct addr){num, family}, seen);
        yes[num - all.first] = generates(w, num, family);
        if (num == all.last)
            break;
    }
    for (unsigned i = 0; i < 10; i++)
        check_address(w, t, &(struct addr){law_address(family), family}, seen);
    for (unsigned i = 0; i < 100; i++) {
        u128 span = all.last - all.first, x = law_in(&all) - all.first,
             y = law_below(3) ? x + law_below(8) : law_in(&all) - all.first;
        y = y > span ? span : y;
        struct range r = {all.first + (x < y ? x : y), all.first + (x < y ? y : x), family};
        bool any = false;
        for (u128 num = r.first; num - r.first <= r.last - r.first; num++)
            any |= yes[num - all.first];
        if (table_generates(t, &r) != any) {
            show(w);
            fail_msg("%s: generates: %d expected", law_range(&r), any);
        }
    }
}

/* --- generated names -------------------------------------------------------------------------- */

struct generated {
    struct name name;
    struct addr addr;
    bool masked; /* a delegated address, or one of another block: no name */
};

static unsigned generate(const struct world *w, const struct table *t, struct generated *out)
{
    unsigned count = 0;
    for (unsigned f = 0; f < 2; f++) {
        const struct block_set *set = f ? &t->v6 : &t->v4;
        for (uint32_t i = 0; i < set->count; i++) {
            const struct block *b = &set->blocks[i];
            if (!b->template || b->flags & BLOCK_FORWARD_EXTERNAL)
                continue;
            for (unsigned k = 0; k < 60 && count < NAMES_MAX; k++) {
                struct addr a = {law_in(&b->range), b->range.family};
                out[count].addr = a;
                out[count].masked = block_of(w, &a) != (int)b->ref;
                assert_int_equal(template_generate(b->template, a.num, &out[count++].name), 0);
            }
        }
    }
    return count;
}

/* Some address has a name below `name`: all of them are tried. */
static bool below(const struct world *w, const struct table *t, const struct name *name)
{
    for (unsigned f = 0; f < 2; f++) {
        const struct block_set *set = f ? &t->v6 : &t->v4;
        for (uint32_t i = 0; i < set->count; i++) {
            const struct block *b = &set->blocks[i];
            struct name one;
            if (!b->template || b->flags & BLOCK_FORWARD_EXTERNAL)
                continue;
            for (u128 num = b->range.first; num - b->range.first <= b->range.last - b->range.first;
                 num++) {
                assert_int_equal(template_generate(b->template, num, &one), 0);
                if (one.len > name->len && name_within(&one, name) &&
                    block_of(w, &(struct addr){num, b->range.family}) == (int)b->ref)
                    return true;
                if (num == b->range.last)
                    break;
            }
        }
    }
    return false;
}

static void check_forward(const struct world *w, const struct table *t, struct seen *seen)
{
    static struct generated all[NAMES_MAX];
    unsigned count = generate(w, t, all);
    for (unsigned i = 0; i < count; i++) {
        struct addr addrs[2];
        const struct block *blocks[2];
        unsigned got = table_forward(t, &all[i].name, addrs, blocks);
        bool right = all[i].masked ? got == 0
                                   : got == 1 && addr_compare(&addrs[0], &all[i].addr) == 0 &&
                                         (int)blocks[0]->ref == block_of(w, &all[i].addr);
        /* Two blocks with {ip} give a masked address the name that the other one's has. */
        if (all[i].masked && got == 1 && block_of(w, &all[i].addr) == (int)blocks[0]->ref &&
            addr_compare(&addrs[0], &all[i].addr) == 0)
            right = true;
        if (!right) {
            show(w);
            fail_msg("%s of %s: %u addresses", law_text(&all[i].name),
                     law_addr(all[i].addr.family, all[i].addr.num), got);
        }
        seen->generated += got;
        if (i % 16 || name_labels(&all[i].name) < 2)
            continue;
        struct name name;
        name_strip(&all[i].name, 1 + law_below(name_labels(&all[i].name) - 1), &name);
        bool expected = below(w, t, &name);
        if (table_forward_below(t, &name) != expected) {
            show(w);
            fail_msg("%s: names below: %d expected", law_text(&name), expected);
        }
        seen->below += expected;
    }
}

/* ---------------------------------------------------------------------------------------------- */

static void test_tables_are_what_the_definitions_say(void **state)
{
    struct seen seen = {.below = 0};
    (void)state;
    law_seed();
    for (unsigned round = 0; round < law_rounds(300); round++) {
        struct world w;
        make_world(&w);
        struct table *t = build(&w);
        check_names(&w, t, &seen);
        check_delegated_ranges(t->delegated_v4, t->delegated_v4_count, FAMILY_IPV4);
        check_delegated_ranges(t->delegated_v6, t->delegated_v6_count, FAMILY_IPV6);
        check_family(&w, t, FAMILY_IPV4, &seen);
        check_family(&w, t, FAMILY_IPV6, &seen);
        check_forward(&w, t, &seen);
        table_free(t);
    }
    print_message("names: %u free, %u at and %u below cuts, %u below DNAMEs; addresses: %u "
                  "delegated, %u without a home of %u; %u generated names, %u above some\n",
                  seen.rules[PLACE_FREE], seen.rules[PLACE_AT_CUT], seen.rules[PLACE_BELOW_CUT],
                  seen.rules[PLACE_BELOW_DNAME], seen.delegated, seen.homeless, seen.addresses,
                  seen.generated, seen.below);
    for (unsigned i = 0; i < 4; i++)
        assert_true(seen.rules[i] > 100);
    assert_in_range(seen.delegated, seen.addresses / 20, seen.addresses - seen.addresses / 20);
    assert_true(seen.homeless > 100 && seen.generated > 1000 && seen.below > 100 &&
                seen.full > 100);
}

/* Two addresses with one name in blocks that have them, delegated ones left out. */
static bool collides(const struct world *w, const struct table *t)
{
    static struct {
        struct name name;
        unsigned block;
    } all[512 + 256];
    unsigned count = 0;
    for (unsigned f = 0; f < 2; f++) {
        struct range r = f ? w->v6 : w->v4;
        for (u128 i = 0; i <= r.last - r.first; i++) {
            struct addr a = {r.first + i, r.family};
            const struct block *b = table_block_for(t, &a);
            if (!b || !b->template)
                continue;
            all[count].block = b->ref;
            assert_int_equal(template_generate(b->template, a.num, &all[count].name), 0);
            for (unsigned k = 0; k < count; k++) {
                bool shared =
                    w->blocks[all[k].block].range.family != r.family &&
                    w->blocks[all[k].block].flags & w->blocks[b->ref].flags & BLOCK_SHARED_NAMES;
                if (!shared && name_equal(&all[k].name, &all[count].name))
                    return true;
            }
            count++;
        }
    }
    return false;
}

static void test_delegated_addresses_do_not_collide(void **state)
{
    static const char *const forms[] = {"{4}.z", "{host:dec}.z", "{n31}{n32}.z", "{ip}.z",
                                        "{4:x}.z"};
    unsigned found = 0, saved = 0;
    (void)state;
    law_seed();
    for (unsigned round = 0; round < law_rounds(600); round++) {
        struct world w;
        make_world(&w);
        for (unsigned i = 0; i < w.block_count; i++) {
            const char *text = forms[law_below(5)];
            w.blocks[i].flags = law_below(2) ? BLOCK_SHARED_NAMES : 0;
            strcpy(w.blocks[i].text, proved(&w.blocks[i].range, text) ? text : "");
        }
        struct table *t = build(&w);
        struct proof_collision out;
        int got = proof_collision(t, &out);
        bool expected = collides(&w, t);
        table_free(t);
        if (got != (expected ? PTRD_FOUND : PTRD_ABSENT)) {
            show(&w);
            fail_msg("collision %d, expected %d", got, expected);
        }
        found += expected;
        if (expected)
            continue;
        w.cut_count = w.delegated_count = 0; /* would they collide if nothing were delegated? */
        t = build(&w);
        saved += collides(&w, t);
        table_free(t);
    }
    print_message("%u tables with a collision, %u without one because of delegations\n", found,
                  saved);
    assert_true(found > law_rounds(600) / 20 && saved > law_rounds(600) / 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_are_what_the_definitions_say),
        cmocka_unit_test(test_delegated_addresses_do_not_collide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
