/* table.h: zones and blocks by hand. Against linear scans: tests/law/table_test.c. */
#include "support/law.h"

static struct range range_of(const char *text)
{
    struct prefix p;
    struct range r;
    if (prefix_parse(text, strlen(text), &p, NULL) == 0)
        return range_of_prefix(&p);
    assert_int_equal(range_parse(text, strlen(text), &r, NULL), 0);
    return r;
}

static void add_zone(struct table_builder *b, const char *apex, uint32_t id)
{
    struct name name = law_name(apex);
    assert_int_equal(table_add_zone(b, &name, id, id & 1, NULL, id), 0);
}

static void add_block(struct table_builder *b, const char *range, const char *text, uint8_t flags,
                      uint32_t ref)
{
    struct range r = range_of(range);
    assert_int_equal(table_add_block(b, &r, text, NULL, 0, 60 + ref, flags, ref, NULL), 0);
}

static struct table *make(void)
{
    struct table_builder *b;
    struct table *t;
    assert_int_equal(table_builder_new(&b), 0);
    add_zone(b, "isp.example", 5);
    add_zone(b, "dyn.isp.example", 2);
    add_zone(b, "100.51.198.in-addr.arpa", 9);
    add_zone(b, "in-addr.arpa.example", 4);
    add_block(b, "198.51.100.0/24", "{ip}.dyn.isp.example", 0, 0);
    add_block(b, "198.51.100.16-198.51.100.31", NULL, 0, 1);
    add_block(b, "198.51.100.20/32", "{4}.dyn.isp.example", 0, 2);
    add_block(b, "198.51.101.0/24", "{4}.{3}.isp.example", BLOCK_FORWARD_EXTERNAL, 3);
    add_block(b, "255.255.255.0/24", "{ip}.dyn.isp.example", 0, 4);
    add_block(b, "2001:db8::/32", "{n32}.{n31}.m.isp.example", BLOCK_SHARED_NAMES, 5);
    assert_int_equal(table_finish(b, &t, NULL, NULL), 0);
    table_builder_free(b);
    return t;
}

static void test_zones(void **state)
{
    struct table *t = make();
    static const struct {
        const char *name;
        uint32_t id;
    } all[] = {{"isp.example", 5},
               {"a.b.isp.example", 5},
               {"dyn.isp.example", 2},
               {"x.DYN.isp.example", 2},
               {"example", 0},
               {".", 0},
               {"xisp.example", 0},
               {"7.100.51.198.in-addr.arpa", 9},
               {"51.198.in-addr.arpa", 0}};
    (void)state;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct name name = law_name(all[i].name);
        const struct zone *z = table_zone_for(t, &name);
        if ((z ? z->id : 0) != all[i].id)
            fail_msg("%s: zone %u", all[i].name, z ? z->id : 0);
    }
    const struct zone *dyn = table_zone_by_id(t, 2);
    assert_non_null(dyn);
    assert_int_equal(t->zones[dyn->parent].id, 5);
    assert_int_equal(table_zone_by_id(t, 5)->parent, TABLE_NONE);
    assert_true(table_zone_by_id(t, 9)->reverse);
    assert_false(table_zone_by_id(t, 4)->reverse);
    assert_true(table_zone_by_id(t, 5)->forward_auto && !dyn->forward_auto);
    assert_null(table_zone_by_id(t, 3));
    struct name below[] = {law_name("isp.example"), law_name("example"), law_name(".")},
                leaf = dyn->apex;
    for (unsigned i = 0; i < 3; i++)
        assert_true(table_zone_below(t, &below[i]));
    assert_false(table_zone_below(t, &leaf));
    table_free(t);
}

static void test_the_most_specific_block(void **state)
{
    struct table *t = make();
    static const struct {
        const char *address;
        int ref;
    } all[] = {
        {"198.51.100.0", 0},  {"198.51.100.15", 0},   {"198.51.100.16", 1},
        {"198.51.100.19", 1}, {"198.51.100.20", 2},   {"198.51.100.21", 1},
        {"198.51.100.31", 1}, {"198.51.100.32", 0},   {"198.51.100.255", 0},
        {"198.51.101.0", 3},  {"198.51.102.0", -1},   {"198.51.99.255", -1},
        {"0.0.0.0", -1},      {"255.255.255.255", 4}, {"255.255.254.255", -1},
        {"::", -1},           {"2001:db8::", 5},      {"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 5},
        {"2001:db9::", -1},   {"::c633:6400", -1}};
    (void)state;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct addr addr;
        assert_int_equal(addr_parse(all[i].address, strlen(all[i].address), &addr), 0);
        const struct block *b = table_block_for(t, &addr);
        if ((b ? (int)b->ref : -1) != all[i].ref)
            fail_msg("%s: block %d", all[i].address, b ? (int)b->ref : -1);
    }
    struct range none = range_of("198.51.100.21-198.51.100.31"),
                 some = range_of("198.51.100.16/28"), gap = range_of("198.51.102.0/23"),
                 all_v6 = range_of("::/0"), low = range_of("::/8");
    assert_false(table_generates(t, &none));
    assert_true(table_generates(t, &some));
    assert_false(table_generates(t, &gap));
    assert_true(table_generates(t, &all_v6));
    assert_false(table_generates(t, &low));
    table_free(t);
}

static void test_forward(void **state)
{
    struct table *t = make();
    static const struct {
        const char *name, *address; /* NULL: no generated name */
    } all[] = {{"198-51-100-7.dyn.isp.example", "198.51.100.7"},
               {"255-255-255-255.dyn.isp.example", "255.255.255.255"},
               {"20.dyn.isp.example", "198.51.100.20"},
               {"198-51-100-20.dyn.isp.example", NULL}, /* another block's */
               {"198-51-100-16.dyn.isp.example", NULL}, /* excluded */
               {"21.dyn.isp.example", NULL},
               {"198-51-100-07.dyn.isp.example", NULL},
               {"198-51-102-7.dyn.isp.example", NULL},
               {"7.101.isp.example", NULL}, /* forward: external */
               {"198-51-100-7.isp.example", NULL},
               {"x.198-51-100-7.dyn.isp.example", NULL},
               {"198-51-100-256.dyn.isp.example", NULL},
               {"dyn.isp.example", NULL}};
    (void)state;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct name name = law_name(all[i].name);
        struct addr addrs[2];
        const struct block *blocks[2];
        unsigned count = table_forward(t, &name, addrs, blocks);
        if (count != (all[i].address ? 1u : 0u))
            fail_msg("%s: %u", all[i].name, count);
        if (count)
            assert_string_equal(law_addr(addrs[0].family, addrs[0].num), all[i].address);
    }
    static const struct {
        const char *name;
        bool below;
    } ents[] = {{"f.m.isp.example", true},
                {"m.isp.example", true},
                {"isp.example", true},
                {"dyn.isp.example", true},
                {"g.m.isp.example", false},
                {"00.m.isp.example", false},
                {"1.f.m.isp.example", false},
                {"101.isp.example", false},
                {"198-51-100-7.dyn.isp.example", false}};
    for (unsigned i = 0; i < sizeof ents / sizeof *ents; i++) {
        struct name name = law_name(ents[i].name);
        if (table_forward_below(t, &name) != ents[i].below)
            fail_msg("%s", ents[i].name);
    }
    table_free(t);
}

/* One name for both families, as `shared_names` allows: both addresses, IPv4 first. */
static void test_shared_names(void **state)
{
    struct table_builder *b;
    struct table *t;
    struct addr addrs[2];
    const struct block *blocks[2];
    (void)state;
    for (unsigned swap = 0; swap < 2; swap++) {
        assert_int_equal(table_builder_new(&b), 0);
        add_zone(b, "z", 1);
        add_block(b, swap ? "2001:db8::/120" : "198.51.100.0/24", "h{host}.z", BLOCK_SHARED_NAMES,
                  0);
        add_block(b, swap ? "198.51.100.0/24" : "2001:db8::/120", "h{host}.z", BLOCK_SHARED_NAMES,
                  1);
        assert_int_equal(table_finish(b, &t, NULL, NULL), 0);
        table_builder_free(b);
        struct name name = law_name("hff.z");
        assert_int_equal(table_forward(t, &name, addrs, blocks), 2);
        assert_string_equal(law_addr(addrs[0].family, addrs[0].num), "198.51.100.255");
        assert_string_equal(law_addr(addrs[1].family, addrs[1].num), "2001:db8::ff");
        assert_int_equal(blocks[0]->ref, swap);
        table_free(t);
    }
}

/* Names that show an address at an end of their first label, and names that seem to. */
static void test_names_that_show_an_address(void **state)
{
    static const struct {
        const char *name, *addr; /* NULL: none */
    } asked[] = {{"198-51-100-7.z", "198.51.100.7"},
                 {"198-51-100-007.z", NULL},
                 {"198-51-100-256.z", NULL},
                 {"198-51-100-7-.z", NULL},
                 {"198-51-100-.z", NULL},
                 {"198-51-102-7.z", NULL},
                 {"x-198-51-101-7.z", "198.51.101.7"},
                 {"x-198-51-100-7.z", NULL},
                 {"198-51-101-7.z", NULL},
                 {"7-102-51-198.z", "198.51.102.7"}, /* another one to the guess */
                 {"x198-51-103-7-y.z", "198.51.103.7"},
                 {"2001-0db8-0000-0000-0000-0000-0000-00ff.z", "2001:db8::ff"},
                 {"2001-0db8-0000-0000-0000-0000-0000-00fg.z", NULL},
                 {"2001-0db8-0000-0000-0000-0000-0000+00ff.z", NULL},
                 {"x2001-0db8-0001-0000-0000-0000-0000-00ff.z", "2001:db8:1::ff"},
                 {"2001-0db8-0001-0000-0000-0000-0000-00ff.z", NULL},
                 {"2001-0db8-0002-0000-0000-0000-0000-00ffy.z", "2001:db8:2::ff"}};
    struct table_builder *b;
    struct table *t;
    struct addr addrs[2];
    const struct block *blocks[2];
    (void)state;
    assert_int_equal(table_builder_new(&b), 0);
    add_zone(b, "z", 1);
    add_block(b, "198.51.100.0/24", "{ip}.z", 0, 0);
    add_block(b, "198.51.101.0/24", "x-{ip}.z", 0, 1);
    add_block(b, "198.51.102.0/24", "{ip:rev}.z", 0, 2);
    add_block(b, "198.51.103.0/24", "x{ip}-y.z", 0, 3);
    add_block(b, "2001:db8::/48", "{ip}.z", 0, 4);
    add_block(b, "2001:db8:1::/48", "x{ip}.z", 0, 5);
    add_block(b, "2001:db8:2::/48", "{ip}y.z", 0, 6);
    assert_int_equal(table_finish(b, &t, NULL, NULL), 0);
    table_builder_free(b);
    for (unsigned i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct name name = law_name(asked[i].name);
        unsigned count = table_forward(t, &name, addrs, blocks);
        if (count != (asked[i].addr ? 1 : 0))
            fail_msg("%s: %u addresses", asked[i].name, count);
        if (count)
            assert_string_equal(law_addr(addrs[0].family, addrs[0].num), asked[i].addr);
    }
    table_free(t);
}

/* A name that shows the IPv4 address and is shared has the IPv6 address too. */
static void test_shared_names_that_show_an_address(void **state)
{
    struct table_builder *b;
    struct table *t;
    struct addr addrs[2];
    const struct block *blocks[2];
    (void)state;
    assert_int_equal(table_builder_new(&b), 0);
    add_zone(b, "z", 1);
    add_block(b, "198.51.100.0/24", "{ip}.z", BLOCK_SHARED_NAMES, 0);
    add_block(b, "2001:db8::/120", "198-51-100-{host:dec}.z", BLOCK_SHARED_NAMES, 1);
    assert_int_equal(table_finish(b, &t, NULL, NULL), 0);
    table_builder_free(b);
    struct name name = law_name("198-51-100-200.z");
    assert_int_equal(table_forward(t, &name, addrs, blocks), 2);
    assert_string_equal(law_addr(addrs[0].family, addrs[0].num), "198.51.100.200");
    assert_string_equal(law_addr(addrs[1].family, addrs[1].num), "2001:db8::c8");
    table_free(t);
}

static void test_conflicts(void **state)
{
    struct table_builder *b;
    struct table *t = NULL;
    uint32_t conflict[2] = {7, 7};
    struct diag diag = {.file = NULL};
    (void)state;
    assert_int_equal(table_builder_new(&b), 0);
    add_zone(b, "a.example", 3);
    add_zone(b, "A.example", 4);
    assert_int_equal(table_finish(b, &t, conflict, &diag), PTRD_ECONFLICT);
    assert_int_equal(conflict[0] + conflict[1], 7);
    assert_non_null(strstr(diag.message, "a.example"));
    table_builder_free(b);
    assert_int_equal(table_builder_new(&b), 0);
    add_block(b, "198.51.100.0/24", NULL, 0, 1);
    add_block(b, "198.51.100.128-198.51.101.3", NULL, 0, 2);
    assert_int_equal(table_finish(b, &t, conflict, &diag), PTRD_ECONFLICT);
    assert_int_equal(conflict[0], 1);
    assert_int_equal(conflict[1], 2);
    assert_non_null(strstr(diag.message, "198.51.100.128-198.51.101.3"));
    table_builder_free(b);
    assert_null(t);
}

/* --- cuts, RFC 2317 --------------------------------------------------------------------------- */

static void add_classless(struct table_builder *b, const char *apex, const char *prefix,
                          uint32_t id)
{
    struct name name = law_name(apex);
    struct prefix p;
    assert_int_equal(prefix_parse(prefix, strlen(prefix), &p, NULL), 0);
    assert_int_equal(table_add_zone(b, &name, id, false, &p, id), 0);
}

static void add_cut(struct table_builder *b, const char *text, uint8_t flags)
{
    struct name name = law_name(text);
    assert_int_equal(table_add_cut(b, &name, flags), 0);
}

static void add_delegated(struct table_builder *b, const char *prefix, const char *child)
{
    struct name name = law_name(child);
    struct prefix p;
    assert_int_equal(prefix_parse(prefix, strlen(prefix), &p, NULL), 0);
    assert_int_equal(table_add_delegated(b, &p, &name), 0);
}

/* A /16 of ours with a /24 delegated, a zone of ours inside it, two RFC 2317 children, one of them
 * ours, a DNAME, and a cut in IPv6 with a zone of ours below it. */
static struct table *make_cuts(void)
{
    struct table_builder *b;
    struct table *t;
    assert_int_equal(table_builder_new(&b), 0);
    add_zone(b, "z", 1);
    add_zone(b, "51.198.in-addr.arpa", 2);
    add_zone(b, "7.102.51.198.in-addr.arpa", 3);
    add_classless(b, "64/26.100.51.198.in-addr.arpa", "198.51.100.64/26", 4);
    add_zone(b, "8.b.d.0.1.0.0.2.ip6.arpa", 5);
    add_zone(b, "1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", 6);
    add_cut(b, "102.51.198.in-addr.arpa", CUT_NS);
    add_cut(b, "9.102.51.198.in-addr.arpa", CUT_NS);     /* below another: nothing more */
    add_cut(b, "64/26.100.51.198.in-addr.arpa", CUT_NS); /* the apex of ours */
    add_cut(b, "128/26.100.51.198.in-addr.arpa", CUT_NS);
    add_cut(b, "70.64/26.100.51.198.in-addr.arpa", CUT_NS);
    add_cut(b, "71.64/26.100.51.198.in-addr.arpa", CUT_DNAME); /* its owner is free */
    add_cut(b, "103.51.198.in-addr.arpa", CUT_DNAME);
    add_cut(b, "0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", CUT_NS);
    add_cut(b, "cut.z", CUT_NS);
    add_cut(b, "cut.z", CUT_DNAME);
    add_cut(b, "elsewhere", CUT_NS);
    add_delegated(b, "198.51.100.64/26", "64/26.100.51.198.in-addr.arpa");
    add_delegated(b, "198.51.100.128/26", "128/26.100.51.198.in-addr.arpa");
    add_block(b, "198.51.0.0/16", "{ip}.dyn.z", 0, 0);
    add_block(b, "198.51.102.0/25", "low{4}.dyn.z", 0, 1);
    add_block(b, "2001:db8::/32", "{ip}.dyn.z", 0, 2);
    assert_int_equal(table_finish(b, &t, NULL, NULL), 0);
    table_builder_free(b);
    return t;
}

static void test_places(void **state)
{
    struct table *t = make_cuts();
    static const struct {
        const char *name;
        uint32_t zone;
        enum place_rule rule;
        const char *cut;
    } all[] = {
        {"z", 1, PLACE_FREE, NULL},
        {"cut.z", 1, PLACE_AT_CUT, "cut.z"},
        {"A.b.CUT.z", 1, PLACE_BELOW_CUT, "cut.z"},
        {"xcut.z", 1, PLACE_FREE, NULL},
        {"elsewhere", 0, PLACE_FREE, NULL},
        {"102.51.198.in-addr.arpa", 2, PLACE_AT_CUT, "102.51.198.in-addr.arpa"},
        {"9.102.51.198.in-addr.arpa", 2, PLACE_BELOW_CUT, "102.51.198.in-addr.arpa"},
        {"7.102.51.198.in-addr.arpa", 3, PLACE_FREE, NULL},
        {"103.51.198.in-addr.arpa", 2, PLACE_FREE, NULL},
        {"1.103.51.198.in-addr.arpa", 2, PLACE_BELOW_DNAME, "103.51.198.in-addr.arpa"},
        {"64/26.100.51.198.in-addr.arpa", 4, PLACE_FREE, NULL},
        {"70.64/26.100.51.198.in-addr.arpa", 4, PLACE_AT_CUT, "70.64/26.100.51.198.in-addr.arpa"},
        {"71.64/26.100.51.198.in-addr.arpa", 4, PLACE_FREE, NULL},
        {"129.128/26.100.51.198.in-addr.arpa", 2, PLACE_BELOW_CUT,
         "128/26.100.51.198.in-addr.arpa"},
        {"1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", 6, PLACE_FREE, NULL},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct name name = law_name(all[i].name);
        struct place p = table_place(t, &name);
        const char *cut = p.cut ? law_text(&p.cut->name) : "none";
        if ((p.zone ? p.zone->id : 0) != all[i].zone || p.rule != all[i].rule ||
            strcmp(cut, all[i].cut ? all[i].cut : "none") != 0)
            fail_msg("%s: zone %u, rule %u, %s", all[i].name, p.zone ? p.zone->id : 0, p.rule, cut);
    }
    assert_true(table_zone_by_id(t, 1)->has_cuts && table_zone_by_id(t, 4)->has_cuts);
    assert_false(table_zone_by_id(t, 3)->has_cuts || table_zone_by_id(t, 6)->has_cuts);
    assert_int_equal(t->cut_count, 8); /* no apex, no other zone's, each name once */
    table_free(t);
}

static void test_homes_and_delegated_addresses(void **state)
{
    struct table *t = make_cuts();
    static const struct {
        const char *address, *name;
        uint32_t home;
        bool delegated;
    } all[] = {
        {"198.51.100.63", "63.100.51.198.in-addr.arpa", 2, false},
        {"198.51.100.64", "64.64/26.100.51.198.in-addr.arpa", 4, false},
        {"198.51.100.127", "127.64/26.100.51.198.in-addr.arpa", 4, false},
        {"198.51.100.70", "70.64/26.100.51.198.in-addr.arpa", 4, true},
        {"198.51.100.71", "71.64/26.100.51.198.in-addr.arpa", 4, false},
        {"198.51.100.128", "128.100.51.198.in-addr.arpa", 2, true},
        {"198.51.100.192", "192.100.51.198.in-addr.arpa", 2, false},
        {"198.51.101.255", "255.101.51.198.in-addr.arpa", 2, false},
        {"198.51.102.0", "0.102.51.198.in-addr.arpa", 2, true},
        {"198.51.102.7", "7.102.51.198.in-addr.arpa", 3, false},
        {"198.51.102.255", "255.102.51.198.in-addr.arpa", 2, true},
        {"198.51.103.1", "1.103.51.198.in-addr.arpa", 2, true},
        {"198.52.0.0", "0.0.52.198.in-addr.arpa", 0, false},
        {"2001:db8::", "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
         5, true},
        {"2001:db8:1::", "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
         6, false},
        {"2001:db8:10::",
         "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.8.b.d.0.1.0.0.2.ip6.arpa", 5, false},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct addr a, found[2];
        struct name name;
        const struct block *blocks[2];
        assert_int_equal(addr_parse(all[i].address, strlen(all[i].address), &a), 0);
        table_reverse_name(t, &a, &name);
        const struct zone *home = table_home(t, &a);
        if ((home ? home->id : 0) != all[i].home || strcmp(law_text(&name), all[i].name) != 0 ||
            table_delegated(t, &a) != all[i].delegated)
            fail_msg("%s: home %u, %s, delegated %d", all[i].address, home ? home->id : 0,
                     law_text(&name), table_delegated(t, &a));
        bool in_block = all[i].home != 0 && !all[i].delegated;
        struct range one = {a.num, a.num, a.family};
        assert_int_equal(table_block_for(t, &a) != NULL, in_block);
        assert_int_equal(table_generates(t, &one), in_block);
        const struct block *any = a.family == FAMILY_IPV4 ? &t->v4.blocks[0] : &t->v6.blocks[0];
        assert_int_equal(template_generate(any->template, a.num, &name), 0);
        if (a.num >> 8 != 0xc63366)
            assert_int_equal(table_forward(t, &name, found, blocks), in_block);
    }
    table_free(t);
}

static void test_reverse_names_of_a_classless_zone(void **state)
{
    struct table *t = make_cuts();
    static const struct {
        const char *name;
        enum arpa_kind kind;
        const char *prefix;
    } all[] = {
        {"64/26.100.51.198.in-addr.arpa", ARPA_PARTIAL, "198.51.100.64/26"},
        {"64.64/26.100.51.198.in-addr.arpa", ARPA_FULL, "198.51.100.64/32"},
        {"x.y.127.64/26.100.51.198.in-addr.arpa", ARPA_BELOW, "198.51.100.127/32"},
        {"128.64/26.100.51.198.in-addr.arpa", ARPA_NONE, NULL},
        {"064.64/26.100.51.198.in-addr.arpa", ARPA_NONE, NULL},
        {"x.64/26.100.51.198.in-addr.arpa", ARPA_NONE, NULL},
        {"64.64.100.51.198.in-addr.arpa", ARPA_NONE, NULL},
        {"z", ARPA_NONE, NULL},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct name name = law_name(all[i].name);
        struct arpa arpa;
        char text[RANGE_TEXT_SIZE];
        table_reverse_parse(t, table_zone_by_id(t, 4), &name, &arpa);
        assert_int_equal(arpa.kind, all[i].kind);
        if (arpa.kind == ARPA_NONE)
            continue;
        prefix_print(&arpa.prefix, text);
        assert_string_equal(text, all[i].prefix);
    }
    table_free(t);
}

static void test_classless_zones_are_refused(void **state)
{
    static const char *const wrong[] = {"198.51.100.0/24", "2001:db8::/64"};
    struct table_builder *b;
    struct table *t = NULL;
    struct prefix p;
    struct name apex = law_name("rev.example"), longest = {.len = 0};
    uint32_t conflict[2] = {7, 7};
    struct diag diag = {.file = NULL};
    (void)state;
    assert_int_equal(table_builder_new(&b), 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(prefix_parse(wrong[i], strlen(wrong[i]), &p, NULL), 0);
        assert_int_equal(table_add_zone(b, &apex, 1, false, &p, 0), PTRD_EINVAL);
        assert_int_equal(table_add_delegated(b, &p, &apex), PTRD_EINVAL);
    }
    assert_int_equal(prefix_parse("198.51.100.255/32", 17, &p, NULL), 0);
    while (longest.len < 250) {
        longest.wire[longest.len] = 1;
        longest.wire[longest.len + 1] = 'a';
        longest.len = (uint8_t)(longest.len + 2);
    }
    longest.wire[longest.len++] = 0;
    assert_int_equal(longest.len, 251);
    assert_int_equal(table_add_zone(b, &longest, 1, false, &p, 0), 0);
    longest.wire[0] = 2;
    longest.wire[2] = 'a';
    longest.wire[3] = 1;
    for (unsigned i = 3; i < 251; i += 2) {
        longest.wire[i] = 1;
        longest.wire[i + 1] = 'a';
    }
    longest.wire[251] = 0;
    longest.len = 252;
    assert_int_equal(table_add_zone(b, &longest, 1, false, &p, 0), PTRD_EINVAL);
    table_builder_free(b);

    assert_int_equal(table_builder_new(&b), 0);
    add_classless(b, "a.example", "198.51.100.96/27", 3);
    add_classless(b, "c.example", "198.51.100.0/26", 5);
    add_classless(b, "b.example", "198.51.100.64/26", 4);
    assert_int_equal(table_finish(b, &t, conflict, &diag), PTRD_ECONFLICT);
    assert_int_equal(conflict[0], 4);
    assert_int_equal(conflict[1], 3);
    assert_non_null(strstr(diag.message, "198.51.100.96/27 of zone a.example"));
    assert_non_null(strstr(diag.message, "198.51.100.64/26 of zone b.example"));
    table_builder_free(b);
    assert_null(t);
}

/* --- has_block -------------------------------------------------------------------------------- */

struct holds {
    const char *apex;
    bool block;
};

static void assert_has_block(struct table_builder *b, const struct holds *all, unsigned count)
{
    struct table *t;
    assert_int_equal(table_finish(b, &t, NULL, NULL), 0);
    table_builder_free(b);
    for (unsigned i = 0; i < count; i++) {
        struct name apex = law_name(all[i].apex);
        const struct zone *z = table_zone_for(t, &apex);
        assert_true(z && name_equal(&z->apex, &apex));
        if (z->has_block != all[i].block)
            fail_msg("%s: %d", all[i].apex, z->has_block);
    }
    table_free(t);
}

static void test_reverse_zones_that_hold_blocks(void **state)
{
    static const struct holds all[] = {
        {"in-addr.arpa", true}, /* 9.9.9.0/24, in no zone below */
        {"203.in-addr.arpa", false},
        {"198.in-addr.arpa", false},
        {"51.198.in-addr.arpa", true},
        {"100.51.198.in-addr.arpa", false}, /* its one block is that of the classless zone */
        {"64/26.100.51.198.in-addr.arpa", true},
        {"70.100.51.198.in-addr.arpa", false}, /* at home in the classless one */
        {"101.51.198.in-addr.arpa", true},     /* "none" */
        {"9.101.51.198.in-addr.arpa", false},
        {"102.51.198.in-addr.arpa", false}, /* delegated */
        {"odd.51.198.in-addr.arpa", false},
        {"128/26.2.0.192.in-addr.arpa", false},
        {"2.0.192.in-addr.arpa", true},
        {"113.0.203.in-addr.arpa", false}, /* holds 203.0.113.0/25; the other half has no home */
        {"ip6.arpa", false},
        {"8.b.d.0.1.0.0.2.ip6.arpa", false}, /* all of its block in the child */
        {"1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", true},
        {"f.f.ip6.arpa", true}, /* to the last address of all */
        {"z", false},
    };
    struct table_builder *b;
    (void)state;
    assert_int_equal(table_builder_new(&b), 0);
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        const char *const classless[] = {"64/26.100",      "198.51.100.64/26", "128/26.2",
                                         "192.0.2.128/26", "113.0.203",        "203.0.113.0/25"};
        const char *prefix = NULL;
        for (unsigned k = 0; k < 6; k += 2)
            if (strncmp(all[i].apex, classless[k], strlen(classless[k])) == 0)
                prefix = classless[k + 1];
        if (prefix)
            add_classless(b, all[i].apex, prefix, i + 1);
        else
            add_zone(b, all[i].apex, i + 1);
    }
    add_cut(b, "102.51.198.in-addr.arpa", CUT_NS);
    add_cut(b, "5.102.51.198.in-addr.arpa", CUT_NS);
    add_block(b, "198.51.99.255-198.51.99.255", "{ip}.x", BLOCK_FORWARD_EXTERNAL, 0);
    add_block(b, "198.51.100.64/27", "{ip}.x", BLOCK_FORWARD_EXTERNAL, 1);
    add_block(b, "198.51.101.0/29", NULL, 0, 2);
    add_block(b, "198.51.102.5/32", "{ip}.x", BLOCK_FORWARD_EXTERNAL, 3);
    add_block(b, "192.0.2.100-192.0.2.127", "{ip}.x", BLOCK_FORWARD_EXTERNAL, 4);
    add_block(b, "203.0.113.128/25", "{ip}.x", BLOCK_FORWARD_EXTERNAL, 5);
    add_block(b, "2001:db8:1:ffff::/64", "{ip}.x", BLOCK_FORWARD_EXTERNAL, 6);
    add_block(b, "9.9.9.0/24", NULL, 0, 8);
    add_block(b, "ffff::/16", "{ip}.x", BLOCK_FORWARD_EXTERNAL, 7);
    assert_has_block(b, all, sizeof all / sizeof *all);
}

static void test_forward_zones_that_hold_generated_names(void **state)
{
    static const struct holds all[] = {
        {"isp.example", false}, /* {ip}.dyn.isp.example lies in the zone below */
        {"dyn.isp.example", true},
        {"other.isp.example", false},
        {"ext.example", false},      /* forward: external */
        {"none.example", false},     /* all addresses in blocks inside it */
        {"spread.example", true},    /* {4}.{3}.spread.example: 51.spread.example has some, */
        {"51.spread.example", true}, /* 99.spread.example none */
        {"99.spread.example", false},
        {"7.52.spread.example", true}, /* the very name of one address */
        {"x.7.52.spread.example", false},
        {"1.parts", true}, /* no zone at the suffix itself */
        {"2.parts", false},
        {"z.100.51.198.in-addr.arpa", false}, /* no forward zone */
    };
    struct table_builder *b;
    (void)state;
    assert_int_equal(table_builder_new(&b), 0);
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        add_zone(b, all[i].apex, i + 1);
    add_block(b, "198.51.100.0/24", "{ip}.dyn.isp.example", 0, 0);
    add_block(b, "198.51.101.0/24", "{ip}.ext.example", BLOCK_FORWARD_EXTERNAL, 1);
    add_block(b, "10.0.51.0-10.0.52.255", "{4}.{3}.spread.example", 0, 2);
    add_block(b, "10.1.1.0/24", "{4}.{3}.parts", 0, 3);
    add_block(b, "10.2.0.0/30", "{ip}.none.example", 0, 4);
    add_block(b, "10.2.0.0/31", "a{ip}.dyn.isp.example", 0, 5);
    add_block(b, "10.2.0.2/31", NULL, 0, 6);
    add_block(b, "198.51.102.0/24", "{ip}.z.100.51.198.in-addr.arpa", 0, 7);
    assert_has_block(b, all, sizeof all / sizeof *all);
}

static void test_nothing_at_all(void **state)
{
    struct table_builder *b;
    struct table *t;
    struct addr addrs[2];
    const struct block *blocks[2];
    struct name name = law_name("a.example");
    (void)state;
    assert_int_equal(table_builder_new(&b), 0);
    assert_int_equal(table_finish(b, &t, NULL, NULL), 0);
    table_builder_free(b);
    assert_null(table_zone_for(t, &name));
    assert_null(table_zone_by_id(t, 1));
    assert_null(table_block_for(t, &(struct addr){0, FAMILY_IPV6}));
    assert_int_equal(table_forward(t, &name, addrs, blocks), 0);
    assert_false(table_forward_below(t, &name));
    assert_false(table_zone_below(t, &name));
    assert_null(table_place(t, &name).zone);
    assert_null(table_home(t, &(struct addr){0, FAMILY_IPV4}));
    assert_false(table_delegated(t, &(struct addr){0, FAMILY_IPV4}));
    table_free(t);
    table_free(NULL);
    table_builder_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zones),
        cmocka_unit_test(test_the_most_specific_block),
        cmocka_unit_test(test_forward),
        cmocka_unit_test(test_shared_names),
        cmocka_unit_test(test_names_that_show_an_address),
        cmocka_unit_test(test_shared_names_that_show_an_address),
        cmocka_unit_test(test_conflicts),
        cmocka_unit_test(test_nothing_at_all),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_homes_and_delegated_addresses),
        cmocka_unit_test(test_reverse_names_of_a_classless_zone),
        cmocka_unit_test(test_classless_zones_are_refused),
        cmocka_unit_test(test_reverse_zones_that_hold_blocks),
        cmocka_unit_test(test_forward_zones_that_hold_generated_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
