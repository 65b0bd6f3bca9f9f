/* leaf.h: which names are leaves, what is answered there, and that keys and metadata end it at
 * once. */
#include "ptrd/resolve/leaf.h"
#include "support/edited.h"

#define FULL6(nibbles, rest) nibbles ".0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0" rest
#define APEX6 "8.b.d.0.1.0.0.2.ip6.arpa"
#define V6(last) FULL6(last, "." APEX6) /* 2001:db8::LAST */
#define DARK(last)                                                                                 \
    last ".0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.c.0.0.0." APEX6 /* 2001:db8:c::LAST */
#define WILD(last) last ".0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.3.0.0.0." APEX6
#define HIDDEN(last) last ".0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.a.3.0.0.0." APEX6
#define ENT(last) last ".0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.4.0.0.0." APEX6
#define BARE(last) last ".0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.0.0.0.f.f.f.3.ip6.arpa"

#define RECORD(before, last, data) "      - {name: " before FULL6(last, "") ", type: " data "}\n"

static const char zones[] =
    "zones:\n"
    "  - name: isp.example\n"
    "  - prefix: 2001:db8::/32\n"
    "    records:\n"
    "      - {name: '*.3.0.0.0', type: TXT, content: '\"wild\"'}\n"
    "      - {name: 'a.3.0.0.0', type: TXT, content: '\"encloser\"'}\n"
    "      - {name: 'x.*.4.0.0.0', type: TXT, content: '\"below a wildcard\"'}\n"
    "      - {name: '9.0.0.0', type: DNAME, content: other.example}\n" RECORD(
        "", "d", "DNAME, content: other.example") RECORD("", "e", "NS, content: ns.out.example")
        RECORD("", "f", "CNAME, content: www.isp.example")
            RECORD("x.y.", "2", "TXT, content: '\"below\"'") "  - {name: x." V6(
                "3") "}\n"
                     "  - {name: 9.9.51.198.in-addr.arpa}\n"
                     "  - prefix: 2001:db8:5::/48\n"
                     "  - prefix: 2001:db8:7::1/128\n"
                     "  - prefix: 3fff:d::/32\n"
                     "  - prefix: 198.51.0.0/16\n"
                     "  - {prefix: 198.51.7.64/26, zone: 64/26}\n"
                     "  - {prefix: 198.51.7.192/28, zone: low.isp.example}\n"
                     "blocks:\n"
                     "  - {prefix: '2001:db8::/32', name: '{ip}.isp.example'}\n"
                     "  - {prefix: '2001:db8:c::/48', name: none}\n"
                     "  - {prefix: '2001:db8:3::/48', name: none}\n"
                     "  - {prefix: '2001:db8:4::/48', name: none}\n"
                     "  - {prefix: 198.51.0.0/16, name: '{ip}.isp.example'}\n"
                     "ptrs:\n"
                     "  '2001:db8:3:b::9': mail.out.example\n"
                     "delegations:\n"
                     "  - {prefix: '2001:db8:8::/48', ns: [ns.out.example]}\n";

static int setup(void **state)
{
    struct edited *t = calloc(1, sizeof *t);
    assert_non_null(t);
    edited_start(t, zones, 1000);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    edited_stop(*state);
    free(*state);
    return 0;
}

static bool found(struct edited *t, enum leaf_mode mode, const char *text)
{
    struct name name = edited_name(text);
    struct snapshot s;
    struct answer a;
    answer_init(&a);
    edited_look(t, &s);
    int rc = leaf_find(&s, mode, &name, &a);
    assert_true(rc == PTRD_FOUND || rc == PTRD_ABSENT);
    if (rc == PTRD_FOUND)
        assert_true(name_within(&name, &a.zone->apex) && !name_equal(&name, &a.zone->apex));
    edited_looked(&s);
    answer_done(&a);
    return rc == PTRD_FOUND;
}

/* least: the least mode in which the name is a leaf. */
static void check(struct edited *t, const char *name, enum leaf_mode least)
{
    for (enum leaf_mode mode = LEAF_OFF; mode <= LEAF_ALL; mode++) {
        bool expected = least != LEAF_OFF && mode >= least;
        if (found(t, mode, name) != expected)
            fail_msg("%s in mode %d: expected %d", name, (int)mode, expected);
    }
}

static void test_names_of_addresses(void **state)
{
    check(*state, V6("1"), LEAF_IPV6);
    check(*state, "1.5.51.198.in-addr.arpa", LEAF_ALL);
    check(*state, DARK("1"), LEAF_IPV6);
    check(*state, BARE("1"), LEAF_IPV6);
    check(*state, V6("f"), LEAF_IPV6); /* a CNAME */
}

static void test_other_names(void **state)
{
    static const char *const names[] = {
        "isp.example",
        APEX6,
        "0." APEX6,
        "x." V6("1"),
        V6("00"),
        V6("g"),
        V6("*"),
        "51.198.in-addr.arpa",
        "5.51.198.in-addr.arpa",
        "005.5.51.198.in-addr.arpa",
        "256.5.51.198.in-addr.arpa",
        "x.1.5.51.198.in-addr.arpa",
        "1.0.0.10.in-addr.arpa",
        "arpa",
        "2001-0db8-0000-0000-0000-0000-0000-0001.isp.example",
    };
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        check(*state, names[i], LEAF_OFF);
}

static void test_an_apex_is_no_leaf_and_its_neighbour_is_one(void **state)
{
    check(*state, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.0.0.0." APEX6, LEAF_OFF);
    check(*state, "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.0.0.0." APEX6, LEAF_IPV6);
}

static void test_what_lies_below_a_leaf_leaves_it_one(void **state)
{
    check(*state, V6("2"), LEAF_IPV6); /* explicit names below it */
    check(*state, "y." V6("2"), LEAF_OFF);
    check(*state, "x.y." V6("2"), LEAF_OFF);
    check(*state, V6("3"), LEAF_IPV6); /* a zone of ours below it */
    check(*state, "x." V6("3"), LEAF_OFF);
    check(*state, "1.x." V6("3"), LEAF_OFF);
    check(*state, "9.9.51.198.in-addr.arpa", LEAF_OFF); /* the apex of a zone as small as it */
    check(*state, "8.9.51.198.in-addr.arpa", LEAF_ALL);
    check(*state, "1.9.9.51.198.in-addr.arpa", LEAF_OFF);
}

static void test_cuts_and_dnames_hide_leaves(void **state)
{
    check(*state, V6("d"), LEAF_OFF); /* the owner of a DNAME */
    check(*state, V6("e"), LEAF_OFF); /* a cut */
    check(*state, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.0.0.0." APEX6, LEAF_OFF);
    check(*state, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.9.0.0.0." APEX6, LEAF_OFF);
}

static void test_wildcards_cover_what_is_absent(void **state)
{
    check(*state, WILD("1"), LEAF_OFF);
    check(*state, HIDDEN("1"), LEAF_IPV6); /* its closest encloser is below the wildcard's */
    check(*state, ENT("1"), LEAF_OFF);
    check(*state, "9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.0.0.0.3.0.0.0." APEX6, LEAF_IPV6); /* a PTR */
    check(*state, "8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.0.0.0.3.0.0.0." APEX6, LEAF_IPV6);
}

static void test_classless_homes(void **state)
{
    check(*state, "64.64/26.7.51.198.in-addr.arpa", LEAF_ALL);
    check(*state, "63.64/26.7.51.198.in-addr.arpa", LEAF_OFF);
    check(*state, "064.64/26.7.51.198.in-addr.arpa", LEAF_OFF);
    check(*state, "x.64.64/26.7.51.198.in-addr.arpa", LEAF_OFF);
    check(*state, "192.low.isp.example", LEAF_ALL);
    check(*state, "208.low.isp.example", LEAF_OFF);
    check(*state, "64.7.51.198.in-addr.arpa", LEAF_ALL); /* the CNAME to its home */
}

static const char *ask(struct edited *t, const char *name, const char *type, int64_t zone_id)
{
    static char out[2 * NAME_TEXT_SIZE];
    struct question q = {edited_name(name), edited_type(type), zone_id};
    struct snapshot s;
    struct answer a;
    answer_init(&a);
    edited_look(t, &s);
    assert_int_equal(leaf_resolve(&s, LEAF_IPV6, &q, &a), 0);
    assert_true(a.count <= 1);
    out[0] = '\0';
    if (a.count)
        edited_row(out, sizeof out, &a.rows[0]);
    edited_looked(&s);
    answer_done(&a);
    return out;
}

#define SOA "SOA 3600 ns1.isp.example. hostmaster.isp.example. 1000 10800 3600 604800 300"
#define PTR "PTR 3600 2001-0db8-0000-0000-0000-0000-0000-0001.isp.example"

static void test_only_the_soa_asked_without_a_zone_is_answered(void **state)
{
    int64_t id = edited_id(*state, APEX6);
    assert_string_equal(ask(*state, V6("1"), "SOA", -1), SOA);
    assert_string_equal(ask(*state, V6("1"), "SOA", 0), SOA);
    assert_string_equal(ask(*state, V6("1"), "SOA", id), "");
    assert_string_equal(ask(*state, V6("1"), "ANY", id), PTR);
    assert_string_equal(ask(*state, V6("1"), "ANY", -1), PTR);
    assert_string_equal(ask(*state, V6("1"), "NS", id), "");
    assert_string_equal(ask(*state, DARK("1"), "SOA", -1), SOA);
    assert_string_equal(ask(*state, DARK("1"), "ANY", id), "");
    assert_string_equal(ask(*state, WILD("1"), "SOA", -1), "");
    assert_string_equal(ask(*state, "1.5.51.198.in-addr.arpa", "SOA", -1), "");
    assert_string_equal(ask(*state, APEX6, "SOA", -1), SOA);
}

static void set_metadata(struct edited *t, const char *apex, const char *kind, const char *value)
{
    struct name name = edited_name(apex);
    struct span item = {(const uint8_t *)value, strlen(value)};
    struct edit *e = edited_begin(t);
    assert_int_equal(edit_metadata(e, &name, kind, &item, *value != '\0', &t->diag), PTRD_FOUND);
    assert_int_equal(edit_commit(e, 2000, &t->diag), 0);
}

/* One reader all along: what it remembers of a zone ends with the generation. */
struct watch {
    struct snapshot s;
    struct answer a;
};

static bool seen(struct watch *w, const char *text)
{
    struct name name = edited_name(text);
    assert_int_equal(snapshot_begin(&w->s), 0);
    int rc = leaf_find(&w->s, LEAF_ALL, &name, &w->a);
    snapshot_end(&w->s);
    assert_true(rc == PTRD_FOUND || rc == PTRD_ABSENT);
    return rc == PTRD_FOUND;
}

static void set_key(struct edited *t, const char *apex, uint32_t id, bool active)
{
    struct name name = edited_name(apex);
    struct edit *e = edited_begin(t);
    assert_int_equal(edit_key_set(e, &name, id, EDIT_KEY_ACTIVE, active, &t->diag), PTRD_FOUND);
    assert_int_equal(edit_commit(e, 2000, &t->diag), 0);
}

static void test_keys_and_metadata_end_it_at_the_next_request(void **state)
{
    static const char child[] = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.5.0.0.0." APEX6;
    struct edited *t = *state;
    struct watch w;
    answer_init(&w.a);
    assert_int_equal(snapshot_init(&w.s, t->engine), 0);
    assert_true(seen(&w, V6("1")) && seen(&w, child));
    uint32_t id = edited_add_key(t, APEX6, false);
    assert_true(seen(&w, V6("1")));
    set_key(t, APEX6, id, true);
    assert_false(seen(&w, V6("1")));
    assert_false(seen(&w, DARK("1")));
    assert_true(seen(&w, child)); /* each zone for itself */
    set_key(t, APEX6, id, false);
    assert_true(seen(&w, V6("1")));
    set_metadata(t, APEX6, "PRESIGNED", "1");
    assert_false(seen(&w, V6("1")));
    set_metadata(t, APEX6, "PRESIGNED", "");
    assert_true(seen(&w, V6("1")));
    set_metadata(t, APEX6, "ALLOW-AXFR-FROM", "192.0.2.1");
    assert_true(seen(&w, V6("1")));
    snapshot_done(&w.s);
    answer_done(&w.a);
}

static void test_there_are_none_inside_an_edit(void **state)
{
    struct edited *t = *state;
    struct name name = edited_name(V6("1"));
    struct answer a;
    answer_init(&a);
    struct edit *e = edited_begin(t);
    assert_int_equal(leaf_find(edit_snapshot(e), LEAF_ALL, &name, &a), PTRD_ABSENT);
    edit_abort(e);
    answer_done(&a);
}

static void test_modes_by_name(void **state)
{
    enum leaf_mode mode = LEAF_OFF;
    (void)state;
    assert_int_equal(leaf_mode_parse("ipv6", &mode), 0);
    assert_int_equal(mode, LEAF_IPV6);
    assert_int_equal(leaf_mode_parse("all", &mode), 0);
    assert_int_equal(mode, LEAF_ALL);
    assert_int_equal(leaf_mode_parse("blue", &mode), PTRD_EINVAL);
    assert_int_equal(leaf_mode_parse("", &mode), PTRD_EINVAL);
    assert_int_equal(leaf_mode_parse("ALL", &mode), PTRD_EINVAL);
    assert_int_equal(mode, LEAF_ALL);
    assert_int_equal(leaf_mode_parse("off", &mode), 0);
    assert_int_equal(mode, LEAF_OFF);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_names_of_addresses),
        TEST(test_other_names),
        TEST(test_an_apex_is_no_leaf_and_its_neighbour_is_one),
        TEST(test_what_lies_below_a_leaf_leaves_it_one),
        TEST(test_cuts_and_dnames_hide_leaves),
        TEST(test_wildcards_cover_what_is_absent),
        TEST(test_classless_homes),
        TEST(test_only_the_soa_asked_without_a_zone_is_answered),
        TEST(test_keys_and_metadata_end_it_at_the_next_request),
        TEST(test_there_are_none_inside_an_edit),
        cmocka_unit_test(test_modes_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
