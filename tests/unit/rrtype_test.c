/* rrtype.h: mnemonics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ptrd/core/rrtype.h"

static void test_mnemonics(void **state)
{
    static const struct {
        const char *text;
        uint16_t type;
        const char *printed;
    } all[] = {{"A", 1, "A"},
               {"aaaa", 28, "AAAA"},
               {"Ptr", 12, "PTR"},
               {"SOA", 6, "SOA"},
               {"ANY", 255, "ANY"},
               {"TYPE1", 1, "A"},
               {"type65280", 65280, "TYPE65280"},
               {"ALIAS", 65401, "ALIAS"},
               {"DNAME", 39, "DNAME"},
               {"DS", 43, "DS"},
               {"CNAME", 5, "CNAME"},
               {"HTTPS", 65, "HTTPS"},
               {"CAA", 257, "CAA"},
               {"TLSA", 52, "TLSA"},
               {"SVCB", 64, "SVCB"}};
    (void)state;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        uint16_t type = 0;
        char text[RRTYPE_TEXT_SIZE];
        if (rrtype_parse(all[i].text, strlen(all[i].text), &type) != 0)
            fail_msg("%s is refused", all[i].text);
        assert_int_equal(type, all[i].type);
        assert_int_equal(rrtype_print(type, text), strlen(all[i].printed));
        assert_string_equal(text, all[i].printed);
    }
}

static void test_what_is_no_type(void **state)
{
    static const char *const bad[] = {"",       "AA", "TYPE", "TYPE65536",       "TYPE-1",
                                      "TYPE1 ", " A", "PTRX", "TYPE99999999999", "A\001"};
    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint16_t type = 4711;
        if (rrtype_parse(bad[i], strlen(bad[i]), &type) != PTRD_EINVAL)
            fail_msg("`%s` is taken", bad[i]);
        assert_int_equal(type, 4711);
    }
}

static void test_every_type_is_read_back(void **state)
{
    char text[RRTYPE_TEXT_SIZE];
    (void)state;
    assert_int_equal(rrtype_print(RRTYPE_ENT, text), 0);
    assert_string_equal(text, "");
    for (unsigned type = 1; type <= 65535; type++) {
        uint16_t back = 0;
        size_t len = rrtype_print((uint16_t)type, text);
        assert_int_equal(rrtype_parse(text, len, &back), 0);
        assert_int_equal(back, type);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mnemonics),
        cmocka_unit_test(test_what_is_no_type),
        cmocka_unit_test(test_every_type_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
