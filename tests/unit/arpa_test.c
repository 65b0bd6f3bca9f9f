/* arpa.h: reverse names. Inverses: tests/law/arpa_test.c. */
#include "support/law.h"

static void test_kinds(void **state)
{
    static const struct {
        const char *text;
        enum arpa_kind kind;
        const char *prefix;
    } all[] = {
        {"7.100.51.198.in-addr.arpa", ARPA_FULL, "198.51.100.7/32"},
        {"7.100.51.198.IN-ADDR.ARPA", ARPA_FULL, "198.51.100.7/32"},
        {"100.51.198.in-addr.arpa", ARPA_PARTIAL, "198.51.100.0/24"},
        {"0.in-addr.arpa", ARPA_PARTIAL, "0.0.0.0/8"},
        {"in-addr.arpa", ARPA_PARTIAL, "0.0.0.0/0"},
        {"ip6.arpa", ARPA_PARTIAL, "::/0"},
        {"8.b.d.0.1.0.0.2.ip6.arpa", ARPA_PARTIAL, "2001:db8::/32"},
        {"5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6.arpa", ARPA_FULL,
         "2001:db8::25/128"},
        {"x.7.100.51.198.in-addr.arpa", ARPA_BELOW, "198.51.100.7/32"},
        {"1.7.100.51.198.in-addr.arpa", ARPA_BELOW, "198.51.100.7/32"},
        {"007.100.51.198.in-addr.arpa", ARPA_NONE, NULL},
        {"x.007.100.51.198.in-addr.arpa", ARPA_NONE, NULL},
        {"256.51.198.in-addr.arpa", ARPA_NONE, NULL},
        {"64/26.100.51.198.in-addr.arpa", ARPA_NONE, NULL},
        {"*.51.198.in-addr.arpa", ARPA_NONE, NULL},
        {"10.ip6.arpa", ARPA_NONE, NULL},
        {"g.ip6.arpa", ARPA_NONE, NULL},
        {"arpa", ARPA_NONE, NULL},
        {".", ARPA_NONE, NULL},
        {"1.in-addr.arpa.example", ARPA_NONE, NULL},
        {"1.ip6.int", ARPA_NONE, NULL},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct name name = law_name(all[i].text);
        struct arpa arpa;
        char text[RANGE_TEXT_SIZE];
        arpa_parse(&name, &arpa);
        if (arpa.kind != all[i].kind)
            fail_msg("%s: kind %d", all[i].text, arpa.kind);
        if (!all[i].prefix)
            continue;
        prefix_print(&arpa.prefix, text);
        assert_string_equal(text, all[i].prefix);
    }
}

static void test_names_of_prefixes(void **state)
{
    static const struct {
        const char *prefix, *name; /* NULL: off the boundary */
    } all[] = {{"198.51.100.0/24", "100.51.198.in-addr.arpa"},
               {"0.0.0.0/0", "in-addr.arpa"},
               {"::/0", "ip6.arpa"},
               {"2001:db8::/32", "8.b.d.0.1.0.0.2.ip6.arpa"},
               {"2000::/4", "2.ip6.arpa"},
               {"198.51.100.0/23", NULL},
               {"2001:db8::/33", NULL}};
    (void)state;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct prefix p;
        struct name name;
        assert_int_equal(prefix_parse(all[i].prefix, strlen(all[i].prefix), &p, NULL), 0);
        int err = arpa_prefix_name(&p, &name);
        assert_int_equal(err, all[i].name ? 0 : PTRD_EINVAL);
        if (!err)
            assert_string_equal(law_text(&name), all[i].name);
    }
}

static void test_zones_of_prefixes(void **state)
{
    static const struct {
        const char *prefix;
        int count;
        uint8_t step_len;
    } all[] = {{"198.51.100.0/24", 1, 24},
               {"198.51.96.0/20", 16, 24},
               {"198.51.100.0/23", 2, 24},
               {"128.0.0.0/1", 128, 8},
               {"0.0.0.0/0", 1, 0},
               {"198.51.100.0/25", PTRD_EINVAL, 0},
               {"198.51.100.7/32", PTRD_EINVAL, 0},
               {"2001:db8::/32", 1, 32},
               {"2001:db8::/29", 8, 32},
               {"2001:db8::/31", 2, 32},
               {"2001:db8::25/128", 1, 128},
               {"2001:db8::/125", 8, 128}};
    (void)state;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct prefix p;
        uint8_t step_len = 0;
        assert_int_equal(prefix_parse(all[i].prefix, strlen(all[i].prefix), &p, NULL), 0);
        assert_int_equal(arpa_zones(&p, &step_len), all[i].count);
        assert_int_equal(step_len, all[i].step_len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_names_of_prefixes),
        cmocka_unit_test(test_zones_of_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
