/* range.h: prefixes and ranges as text. Pieces and inverses: tests/law/arpa_test.c. */
#include "support/law.h"

static void test_prefixes(void **state)
{
    static const char *const good[] = {"198.51.100.0/24", "0.0.0.0/0", "198.51.100.7/32",
                                       "2001:db8::/32",   "::/0",      "2001:db8::25/128"};
    (void)state;
    for (unsigned i = 0; i < sizeof good / sizeof *good; i++) {
        struct prefix p;
        char text[RANGE_TEXT_SIZE];
        assert_int_equal(prefix_parse(good[i], strlen(good[i]), &p, NULL), 0);
        assert_int_equal(prefix_print(&p, text), strlen(good[i]));
        assert_string_equal(text, good[i]);
        struct range r = range_of_prefix(&p);
        uint8_t len = 200;
        assert_true(range_prefix_len(&r, &len));
        assert_int_equal(len, p.len);
        range_print(&r, text);
        assert_string_equal(text, good[i]);
    }
}

static void test_what_is_no_prefix(void **state)
{
    static const char *const bad[] = {"",
                                      "198.51.100.0",
                                      "198.51.100.0/",
                                      "198.51.100.0/33",
                                      "/24",
                                      "198.51.100.0/024",
                                      "198.51.100.0/-1",
                                      "198.51.100.0/2 4",
                                      "::/129",
                                      "198.51.100.0/24/24",
                                      "198.51.100/24",
                                      "198.51.100.0/24x",
                                      "198.51.100.0/99999999999",
                                      "198.51.100.0/+24"};
    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct prefix p = {.len = 77};
        struct diag diag = {.file = NULL};
        if (prefix_parse(bad[i], strlen(bad[i]), &p, &diag) != PTRD_EINVAL)
            fail_msg("`%s` is taken", bad[i]);
        assert_int_equal(p.len, 77);
        assert_true(strlen(diag.message) > 0);
    }
}

static void test_host_bits_are_refused_with_the_prefix_that_was_meant(void **state)
{
    struct prefix p;
    struct diag diag = {.file = NULL};
    (void)state;
    assert_int_equal(prefix_parse("198.51.100.7/24", 15, &p, &diag), PTRD_EINVAL);
    assert_non_null(strstr(diag.message, "198.51.100.0/24"));
    assert_int_equal(prefix_parse("2001:db8::1/32", 14, &p, &diag), PTRD_EINVAL);
    assert_non_null(strstr(diag.message, "2001:db8::/32"));
    assert_int_equal(prefix_parse("0.0.0.1/0", 9, &p, NULL), PTRD_EINVAL);
}

static void test_ranges(void **state)
{
    static const struct {
        const char *text, *printed; /* printed NULL: refused */
    } all[] = {
        {"198.51.100.16-198.51.100.31", "198.51.100.16/28"},
        {"198.51.100.16 - 198.51.100.32", "198.51.100.16-198.51.100.32"},
        {"198.51.100.5-198.51.100.5", "198.51.100.5/32"},
        {"::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0"},
        {"0.0.0.0-255.255.255.255", "0.0.0.0/0"},
        {"2001:db8::1-2001:db8::2", "2001:db8::1-2001:db8::2"},
        {"198.51.100.31-198.51.100.16", NULL},
        {"198.51.100.1-2001:db8::", NULL},
        {"198.51.100.1", NULL},
        {"198.51.100.1-", NULL},
        {"-198.51.100.1", NULL},
        {"198.51.100.1-31", NULL},
        {"198.51.100.0/24-198.51.101.0/24", NULL},
        {"1.1.1.1-1.1.1.2-1.1.1.3", NULL},
        {"", NULL},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct range r;
        char text[RANGE_TEXT_SIZE];
        int err = range_parse(all[i].text, strlen(all[i].text), &r, NULL);
        if (err != (all[i].printed ? 0 : PTRD_EINVAL))
            fail_msg("`%s`: %d", all[i].text, err);
        if (!all[i].printed)
            continue;
        range_print(&r, text);
        assert_string_equal(text, all[i].printed);
    }
}

static void test_contains_looks_at_the_family(void **state)
{
    (void)state;
    struct range r = {10, 20, FAMILY_IPV4};
    assert_true(range_contains(&r, &(struct addr){10, FAMILY_IPV4}));
    assert_true(range_contains(&r, &(struct addr){20, FAMILY_IPV4}));
    assert_false(range_contains(&r, &(struct addr){9, FAMILY_IPV4}));
    assert_false(range_contains(&r, &(struct addr){21, FAMILY_IPV4}));
    assert_false(range_contains(&r, &(struct addr){15, FAMILY_IPV6}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_what_is_no_prefix),
        cmocka_unit_test(test_host_bits_are_refused_with_the_prefix_that_was_meant),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_contains_looks_at_the_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
