/* name.h: text forms, limits, kinds. Order and inverses: tests/law/order_test.c. */
#include "support/law.h"

#define L63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"

static void test_texts(void **state)
{
    static const struct {
        const char *text, *printed; /* printed NULL: refused */
    } all[] = {
        {".", "."},
        {"example", "example"},
        {"ISP.Example.", "isp.example"},
        {"a\\.b.example", "a\\.b.example"},
        {"a\\\\b", "a\\\\b"},
        {"a\\046b", "a\\.b"},
        {"\\065", "a"}, /* folded as any other letter */
        {"\\000.x", "\\000.x"},
        {"\\255", "\\255"},
        {"64/26.113.0.203.in-addr.arpa", "64/26.113.0.203.in-addr.arpa"},
        {"*._x.example", "*._x.example"},
        {L63 ".x", L63 ".x"},
        {"", NULL},
        {"..", NULL},
        {".x", NULL},
        {"a..b", NULL},
        {"a.b..", NULL},
        {"a" L63, NULL},
        {"\\256", NULL},
        {"\\12", NULL},
        {"\\1x2", NULL},
        {"a\\", NULL},
        {L63 "." L63 "." L63 "." L63, NULL}, /* 257 octets */
    };
    (void)state;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct name name = {.len = 99};
        struct diag diag = {.file = NULL};
        char text[NAME_TEXT_SIZE];
        int err = name_parse(all[i].text, strlen(all[i].text), &name, &diag);
        if (err != (all[i].printed ? 0 : PTRD_EINVAL))
            fail_msg("`%s`: %d %s", all[i].text, err, diag.message);
        if (err) {
            assert_true(strlen(diag.message) > 0);
            assert_int_equal(name.len, 99);
            continue;
        }
        assert_int_equal(name_print(&name, text), strlen(all[i].printed));
        assert_string_equal(text, all[i].printed);
    }
}

static void test_the_longest_name(void **state)
{
    struct name name, more;
    char text[NAME_TEXT_SIZE];
    (void)state;
    static const char longest[] =
        L63 "." L63 "." L63 "."
            "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy";
    assert_int_equal(sizeof longest - 1, 253);
    assert_int_equal(name_parse(longest, 253, &name, NULL), 0);
    assert_int_equal(name.len, 255);
    assert_int_equal(name_parse("x"
                                "." L63 "." L63 "." L63 "."
                                "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy",
                                255, &more, NULL),
                     PTRD_EINVAL);
    for (unsigned i = 0; i < 4; i++)
        memset(name.wire + 64 * i + 1, 0xff, name.wire[64 * i]);
    assert_int_equal(name_print(&name, text), 4 * 250 + 3); /* every octet escaped */
    assert_int_equal(name_parse(text, strlen(text), &more, NULL), 0);
    assert_true(name_equal(&name, &more));
    struct name_key key;
    memset(name.wire + 1, 0, 63);
    name_key(&name, &key);
    assert_in_range(key.len, 255, NAME_KEY_MAX);
}

static void test_relative_texts(void **state)
{
    (void)state;
    struct name origin = law_name("isp.example"), name;
    static const struct {
        const char *text, *absolute;
    } all[] = {{"@", "isp.example"},
               {"www", "www.isp.example"},
               {"a.b", "a.b.isp.example"},
               {"other.", "other"},
               {".", "."},
               {"*", "*.isp.example"},
               {"\\@", "\\@.isp.example"}};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        assert_int_equal(
            name_parse_relative(all[i].text, strlen(all[i].text), &origin, &name, NULL), 0);
        struct name expected = law_name(all[i].absolute);
        if (!name_equal(&name, &expected))
            fail_msg("%s: %s", all[i].text, law_text(&name));
    }
    assert_int_equal(name_parse_relative("", 0, &origin, &name, NULL), PTRD_EINVAL);
    struct name deep = law_name(L63 "." L63 "." L63);
    assert_true(name_parse_relative(L63, 63, &deep, &name, NULL) < 0);
}

/* name_parse reads labels of one octet eight at a time; what is relative is always read one by one.
 */
static void test_short_labels(void **state)
{
    (void)state;
    static const char octets[] = "0123456789abcdefABCDEFZz@[`{/\x80\xff";
    struct name root = {.len = 1}, quick, slow;
    uint32_t seed = 1;
    for (unsigned i = 0; i < 200000; i++) {
        char text[80];
        size_t len = 0, end = 1 + i % 79;
        while (len < end) {
            seed = seed * 1664525 + 1013904223;
            unsigned odd =
                seed >> 8 & 127; /* a dot, a backslash or a digit too many, now and then */
            text[len++] = odd == 0   ? '.'
                          : odd == 1 ? '\\'
                                     : octets[(seed >> 16) % (sizeof octets - 1)];
            if (len < end && odd != 2)
                text[len++] = '.';
        }
        int err = name_parse(text, len, &quick, NULL);
        if (len == 1 && text[0] == '.')
            continue;
        assert_int_equal(name_parse_relative(text, len, &root, &slow, NULL),
                         len == 1 && text[0] == '@' ? 0 : err);
        if (err == 0 && !(len == 1 && text[0] == '@'))
            assert_true(name_equal(&quick, &slow));
    }
}

static void test_wire_names(void **state)
{
    static const struct {
        const char *wire;
        size_t len;
        bool good;
    } all[] = {{"\0", 1, true},      {"\1a\0", 3, true},    {"\1A\0", 3, true},
               {"", 0, false},       {"\1a", 2, false},     {"\1a\0\0", 4, false},
               {"\2a\0", 3, false},  {"\100a\0", 3, false}, {"\300\14", 2, false},
               {"\1a\1b\0", 5, true}};
    (void)state;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct name name;
        int err = name_from_wire((const uint8_t *)all[i].wire, all[i].len, &name);
        assert_int_equal(err, all[i].good ? 0 : PTRD_ECORRUPT);
    }
    uint8_t wire[256] = {0};
    struct name name;
    for (unsigned i = 0; i < 254; i += 2)
        wire[i] = 1;
    assert_int_equal(name_from_wire(wire, 255, &name), 0);
    assert_int_equal(name_labels(&name), NAME_LABELS_MAX);
    uint8_t offsets[NAME_LABELS_MAX];
    assert_int_equal(name_label_offsets(&name, offsets), NAME_LABELS_MAX);
    assert_int_equal(offsets[0], 0);
    assert_int_equal(offsets[126], 252);
}

static void test_the_key_of_a_name(void **state)
{
    (void)state;
    struct name name = law_name("Example.Com"), odd = law_name("\\000\\001\\002.x");
    struct name_key key;
    name_key(&name, &key);
    assert_int_equal(key.len, 12);
    assert_memory_equal(key.bytes, "com\0example", 12);
    name_key(&odd, &key);
    assert_int_equal(key.len, 8);
    assert_memory_equal(key.bytes, "x\0\1\1\1\2\2", 8);
    name_key(&(struct name){.len = 1}, &key);
    assert_int_equal(key.len, 0);
}

static void test_kinds_of_names(void **state)
{
    static const struct {
        const char *text;
        bool host, wildcard;
    } all[] = {{"www.example", true, false},
               {"a", true, false},
               {".", false, false},
               {"*.example", false, true},
               {"*", false, true},
               {"**.example", false, false},
               {"a.*.example", false, false},
               {"_sip.example", false, false},
               {"-a.example", false, false},
               {"a-.example", false, false},
               {"a-b.3com.example", true, false},
               {"1.2.3.4", true, false},
               {"64/26.x", false, false},
               {"a.-.b", false, false},
               {"\\195\\188.x", false, false}};
    (void)state;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct name name = law_name(all[i].text);
        if (name_is_host(&name) != all[i].host || name_is_wildcard(&name) != all[i].wildcard)
            fail_msg("%s", all[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),          cmocka_unit_test(test_the_longest_name),
        cmocka_unit_test(test_relative_texts), cmocka_unit_test(test_short_labels),
        cmocka_unit_test(test_wire_names),     cmocka_unit_test(test_the_key_of_a_name),
        cmocka_unit_test(test_kinds_of_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
