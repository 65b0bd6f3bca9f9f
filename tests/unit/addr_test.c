/* addr.h: what is an address and what is none. */
#include "support/law.h"

static void test_addresses_and_their_canonical_text(void **state)
{
    static const struct {
        const char *text, *canonical;
    } good[] = {
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"198.51.100.7", "198.51.100.7"},
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"2001:DB8::25", "2001:db8::25"},
        {"2001:0db8:0000:0000:0000:0000:0000:0025", "2001:db8::25"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* RFC 5952 4.2.2: one group stays */
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},    /* 4.2.3: the first of two equals */
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},          /* 4.2.3: the longest */
        {"::ffff:1.2.3.4", "::ffff:102:304"},
        {"::1.2.3.4", "::102:304"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof good / sizeof *good; i++) {
        struct addr addr;
        char text[ADDR_TEXT_SIZE];
        if (addr_parse(good[i].text, strlen(good[i].text), &addr) != 0)
            fail_msg("%s is refused", good[i].text);
        assert_int_equal(addr_print(&addr, text), strlen(good[i].canonical));
        assert_string_equal(text, good[i].canonical);
    }
}

static void test_what_is_no_address(void **state)
{
    static const char *const bad[] = {
        "",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "01.2.3.4",
        "1.2.3.04",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.-4",
        "1..2.3",
        "1.2.3.",
        ".1.2.3.4",
        "1.2.3.4/32",
        "0x1.2.3.4",
        ":",
        ":::",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "::1::",
        "12345::",
        "g::",
        "fe80::1%lo",
        "1:",
        ":1",
        "::1/128",
        "1.2.3.4:5",
        "::1.2.3.4.5",
        "::01.2.3.4",
        "1:2:3:4:5:6:7:1.2.3.4",
    };
    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct addr addr = {.num = 42, .family = FAMILY_IPV4};
        if (addr_parse(bad[i], strlen(bad[i]), &addr) != PTRD_EINVAL)
            fail_msg("`%s` is taken", bad[i]);
        assert_true(addr.num == 42);
    }
    struct addr addr;
    assert_int_equal(addr_parse("1.2.3.4\0", 8, &addr), PTRD_EINVAL);
    assert_int_equal(addr_parse("1.2.3.45", 7, &addr), 0); /* exactly len bytes */
    assert_true(addr.num == 0x01020304);
}

static void test_order(void **state)
{
    (void)state;
    struct addr low = {1, FAMILY_IPV4}, high = {2, FAMILY_IPV4}, six = {0, FAMILY_IPV6};
    assert_true(addr_compare(&low, &high) < 0 && addr_compare(&high, &low) > 0);
    assert_true(addr_compare(&high, &six) < 0 && addr_compare(&six, &low) > 0);
    assert_int_equal(addr_compare(&six, &six), 0);
    struct addr top = {(u128)1 << 127, FAMILY_IPV6}, next = {((u128)1 << 127) + 1, FAMILY_IPV6};
    assert_true(addr_compare(&top, &next) < 0);
    assert_true(low_bits(0) == 0 && low_bits(1) == 1 && low_bits(128) == ~(u128)0);
    assert_true(family_max(FAMILY_IPV4) == 0xffffffffu && family_max(FAMILY_IPV6) == ~(u128)0);
}

static void test_sorted_each_once_and_found(void **state)
{
    struct addr addrs[] = {{0, FAMILY_IPV6}, {7, FAMILY_IPV4}, {2, FAMILY_IPV4},
                           {7, FAMILY_IPV4}, {0, FAMILY_IPV6}, {1, FAMILY_IPV4}};
    const struct addr wanted[] = {
        {1, FAMILY_IPV4}, {2, FAMILY_IPV4}, {7, FAMILY_IPV4}, {0, FAMILY_IPV6}};
    const struct addr absent = {7, FAMILY_IPV6};
    (void)state;
    assert_int_equal(addr_sort(addrs, 6), 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(addr_compare(&addrs[i], &wanted[i]), 0);
        assert_ptr_equal(addr_find(addrs, 4, &wanted[i]), &addrs[i]);
    }
    assert_null(addr_find(addrs, 4, &absent));
    assert_int_equal(addr_sort(NULL, 0), 0);
    assert_null(addr_find(NULL, 0, &absent));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_and_their_canonical_text),
        cmocka_unit_test(test_what_is_no_address),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_sorted_each_once_and_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
