/* template.h: every row of the table in ptrd-zones(5), and what is refused. Inverses:
 * tests/law/forward_test.c. */
#include "support/law.h"

static const struct template_var vars[] = {
    {"pop", "ams1"}, {"site_2", "FRA"}, {"empty", ""}, {"bad", "a.b"}};

/* g(address) for one template and block; NULL when compiling refuses it. */
static const char *generated(const char *text, const char *block, const char *address,
                             struct diag *diag)
{
    static char out[NAME_TEXT_SIZE];
    struct template *t = NULL;
    struct range range;
    struct prefix prefix;
    struct addr addr;
    struct name name;
    if (strchr(block, '/')) {
        assert_int_equal(prefix_parse(block, strlen(block), &prefix, NULL), 0);
        range = range_of_prefix(&prefix);
    } else {
        assert_int_equal(range_parse(block, strlen(block), &range, NULL), 0);
    }
    if (template_compile(text, strlen(text), &range, vars, 4, &t, diag) < 0)
        return NULL;
    assert_int_equal(addr_parse(address, strlen(address), &addr), 0);
    assert_int_equal(template_generate(t, addr.num, &name), 0);
    name_print(&name, out);
    template_free(t);
    return out;
}

static void test_every_placeholder(void **state)
{
    static const struct {
        const char *text, *block, *address, *name;
    } all[] = {
#define V4(text, name) {text ".z", "198.51.100.0/24", "198.51.100.7", name ".z"}
#define V6(text, name)                                                                             \
    {                                                                                              \
        text ".z", "2001:db8::/32", "2001:db8::25", name ".z"                                      \
    }
        V4("{ip}", "198-51-100-7"),
        V4("{ip:short}", "198-51-100-7"),
        V4("{ip:hex}", "c6336407"),
        V4("{ip:b32}", "3336p07"),
        V4("{ip:rev}", "7-100-51-198"),
        V4("{1}", "198"),
        V4("{4}", "7"),
        V4("{4:03}", "007"),
        V4("{4:x}", "7"),
        V4("{3:x}", "64"),
        V4("{4:02x}", "07"),
        V4("{host}", "07"),
        V4("{host:dec}", "007"),
        V4("{host:b32}", "07"),
        V4("{pop}", "ams1"),
        V4("x-{site_2}{4}", "x-fra7"),
        V4("{net/28}-{4}", "0-7"),
        V4("{4}.{3}.A", "7.100.a"),
        V6("{ip}", "2001-0db8-0000-0000-0000-0000-0000-0025"),
        V6("{ip:short}", "2001-db8--25"),
        V6("{ip:hex}", "20010db8000000000000000000000025"),
        V6("{ip:b32}", "10046rg0000000000000000015"),
        V6("{g2}", "0db8"),
        V6("{g2:x}", "db8"),
        V6("{n1}{n5}{n6}{n32}", "20d5"),
        V6("{host}", "000000000000000000000025"),
        V6("{net/56}", "000000"),
        V6("{net/57}", "0000000"),
        V6("{host:dec}", "00000000000000000000000000037"),
        V6("{host:b32}", "00000000000000000015"),
        {"{ip:short}.z", "::/64", "::", "0--0.z"},
        {"{ip:short}.z", "::/64", "::1", "0--1.z"},
        {"{ip:short}.z", "2001:db8::/64", "2001:db8::", "2001-db8--0.z"},
        {"{ip:short}.z", "::/0", "::102:304", "0--102-304.z"},
        {"{ip:short}.z", "::/0", "::ffff:1.2.3.4", "0--ffff-102-304.z"},
        {"{ip:short}.z", "::/0", "1:2:3:4:5:6:7:8", "1-2-3-4-5-6-7-8.z"},
        {"{net/56}.z", "2001:db8::/32", "2001:db8:ab:cd00::1", "00abcd.z"},
        {"{net/57}.z", "2001:db8::/32", "2001:db8:ab:cd80::1", "001579b.z"},
        {"{net/32}.z", "2001:db8::/32", "2001:db8::1", "0.z"},
        {"{host:dec}.z", "198.51.100.10-198.51.100.29", "198.51.100.10", "00.z"},
        {"{host:dec}.z", "198.51.100.10-198.51.100.29", "198.51.100.29", "19.z"},
        {"{host}.z", "198.51.100.10-198.51.100.29", "198.51.100.29", "13.z"},
        {"{host}.z", "198.51.100.7/32", "198.51.100.7", "0.z"},
        {"{host}.z", "198.51.96.0/20", "198.51.100.7", "407.z"},
        {"{host:dec}.z", "0.0.0.0/0", "255.255.255.255", "4294967295.z"},
        {"{ip:b32}.z", "0.0.0.0/0", "255.255.255.255", "3vvvvvv.z"},
        {"{ip:b32}.z", "::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         "7vvvvvvvvvvvvvvvvvvvvvvvvv.z"},
        {"{host:dec}.z", "::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         "340282366920938463463374607431768211455.z"},
        {"{4}.z.", "198.51.100.0/24", "198.51.100.7", "7.z"}, /* a final dot is taken */
    };
    (void)state;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct diag diag = {.file = NULL};
        const char *name = generated(all[i].text, all[i].block, all[i].address, &diag);
        if (!name || strcmp(name, all[i].name) != 0)
            fail_msg("%s over %s: %s %s, expected %s", all[i].text, all[i].block,
                     name ? name : "refused:", diag.message, all[i].name);
    }
}

static void test_refused_texts(void **state)
{
    static const struct {
        const char *text, *says;
        bool v4;
    } all[] = {
        {"", "empty", true},
        {".", "", true},
        {"a..z", "empty label", true},
        {".z", "empty label", true},
        {"{ip}..", "", true},
        {"{ip.z", "`{`", true},
        {"{}.z", "empty", true},
        {"{ip}_.z", "_", true},
        {"{ip} .z", "", true},
        {"{ip}}.z", "}", true},
        {"*.{ip}.z", "*", true},
        {"{IP}.z", "IP", true},
        {"{ip:foo}.z", "ip:foo", true},
        {"{ip:rev}.z", "ip:rev", false},
        {"{1}.z", "IPv4", false},
        {"{5}.z", "5", true},
        {"{0}.z", "0", true},
        {"{4:04}.z", "4:04", true},
        {"{4:X}.z", "4:X", true},
        {"{g1}.z", "IPv6", true},
        {"{n1}.z", "IPv6", true},
        {"{g0}.z", "g0", false},
        {"{g9}.z", "g9", false},
        {"{g01}.z", "g01", false},
        {"{n33}.z", "n33", false},
        {"{n1:x}.z", "n1:x", false},
        {"{host:hex}.z", "host:hex", true},
        {"{net}.z", "net", true},
        {"{net/}.z", "net/", true},
        {"{net/33}.z", "net/33", true},
        {"{net/129}.z", "net/129", false},
        {"{net/16}.z", "net/16", true},
        {"{net/31}.z", "net/31", false},
        {"{nowhere}.z", "nowhere", true},
        {"{empty}.z", "empty", true},
        {"{bad}.z", "bad", true},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct diag diag = {.file = NULL};
        const char *block = all[i].v4 ? "198.51.100.0/24" : "2001:db8::/32";
        const char *address = all[i].v4 ? "198.51.100.7" : "2001:db8::25";
        const char *name = generated(all[i].text, block, address, &diag);
        if (name || !strstr(diag.message, all[i].says) || !diag.message[0])
            fail_msg("`%s`: %s, message `%s`", all[i].text, name ? name : "refused", diag.message);
    }
}

static void test_too_long(void **state)
{
    struct range block = {0, 255, FAMILY_IPV4};
    struct template *t = NULL;
    struct diag diag = {.file = NULL};
    char text[TEMPLATE_TEXT_MAX + 8];
    (void)state;
    memset(text, 'a', sizeof text);
    assert_true(template_compile(text, TEMPLATE_TEXT_MAX + 1, &block, NULL, 0, &t, &diag) < 0);
    assert_null(t);
    for (unsigned i = 0; i < TEMPLATE_TEXT_MAX; i += 4)
        memcpy(text + i, "{1}-", 4);
    assert_true(template_compile(text, TEMPLATE_TEXT_MAX, &block, NULL, 0, &t, &diag) < 0);
    assert_null(t);
    /* A label of 64: compiled, but never generated. */
    assert_int_equal(
        template_compile("{ip:hex}{ip:hex}{ip:hex}{ip:hex}{ip:hex}{ip:hex}{ip:hex}{ip:hex}.z", 66,
                         &block, NULL, 0, &t, &diag),
        0);
    struct name name;
    assert_int_equal(template_generate(t, 0, &name), PTRD_ELIMIT);
    template_free(t);
    template_free(NULL);
}

static void test_equal_templates(void **state)
{
    struct range a = {256, 511, FAMILY_IPV4}, b = {512, 767, FAMILY_IPV4},
                 c = {513, 700, FAMILY_IPV4};
    const struct template_var x[] = {{"v", "ip"}};
    struct template *t[5] = {NULL};
    (void)state;
    assert_int_equal(template_compile("{host}-IP.z", 11, &a, x, 1, &t[0], NULL), 0);
    assert_int_equal(template_compile("{host}-{v}.z.", 13, &b, x, 1, &t[1], NULL), 0);
    assert_int_equal(template_compile("{host}-ip.z", 11, &c, x, 1, &t[2], NULL), 0);
    assert_int_equal(template_compile("{4:02x}-ip.z", 12, &a, x, 1, &t[3], NULL), 0);
    assert_int_equal(template_compile("{host}-ip.y", 11, &a, x, 1, &t[4], NULL), 0);
    assert_true(template_equal(t[0], t[1]));  /* of one prefix length */
    assert_false(template_equal(t[0], t[2])); /* relative to a range */
    assert_true(template_equal(t[0], t[3]));  /* one spelling of the other */
    assert_false(template_equal(t[0], t[4]));
    for (unsigned i = 0; i < 5; i++)
        template_free(t[i]);
}

static void test_names_that_can_be_generated_have_a_text(void **state)
{
    char text[256];
    size_t len;
    (void)state;
    struct name good = law_name("A-1.b.z"),
                bad[] = {law_name("_a.z"), law_name("*.z"), law_name("a\\.b.z")};
    assert_int_equal(template_name_text(&good, text, &len), PTRD_FOUND);
    assert_int_equal(len, 7);
    assert_memory_equal(text, "a-1.b.z", 7);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(template_name_text(&bad[i], text, &len), PTRD_ABSENT);
}

struct readings {
    unsigned count;
    u128 values[8], masks[8];
    unsigned stop_at;
};

static bool take(void *ctx, u128 mask, u128 value)
{
    struct readings *r = ctx;
    if (r->count < 8) {
        r->values[r->count] = value;
        r->masks[r->count] = mask;
    }
    r->count++;
    return r->count != r->stop_at;
}

static void test_every_reading_is_given(void **state)
{
    struct range block = {0, 0xffff, FAMILY_IPV4};
    struct template *t = NULL;
    struct readings r = {.count = 0};
    (void)state;
    assert_int_equal(template_compile("{3}{4}.{2}.z", 12, &block, NULL, 0, &t, NULL), 0);
    template_match(t, "111.0.z", 7, true, take, &r);
    assert_int_equal(r.count, 2); /* 1+11 and 11+1 */
    assert_true((r.values[0] == 0x10b && r.values[1] == 0xb01) ||
                (r.values[0] == 0xb01 && r.values[1] == 0x10b));
    r = (struct readings){.stop_at = 1};
    template_match(t, "111.0.z", 7, true, take, &r);
    assert_int_equal(r.count, 1);
    r = (struct readings){.count = 0};
    template_match(t, "011.0.z", 7, true, take, &r); /* 0+11: the first octet is 0, without zeros */
    assert_int_equal(r.count, 1);
    assert_true(r.values[0] == 11);
    r = (struct readings){.count = 0};
    template_match(t, "7.z", 3, false, take, &r);
    assert_int_equal(r.count, 1);
    assert_true(r.masks[0] == 0xff0000 && r.values[0] == 0x70000);
    r = (struct readings){.count = 0};
    template_match(t, "07.z", 4, false, take, &r);
    template_match(t, "256.z", 5, false, take, &r);
    template_match(t, "7.y", 3, false, take, &r);
    template_match(t, "1.1.7.z", 7, true, take, &r);
    assert_int_equal(r.count, 0);
    template_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_placeholder),
        cmocka_unit_test(test_refused_texts),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_equal_templates),
        cmocka_unit_test(test_names_that_can_be_generated_have_a_text),
        cmocka_unit_test(test_every_reading_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
