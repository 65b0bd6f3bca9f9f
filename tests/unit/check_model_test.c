/* check/model.h, check_model: what the whole of a configuration may not be, and where the refusal
 * points. */
#include "support/loaded.h"

#define ZONES                                                                                      \
    "zones:\n  - name: isp.example\n  - name: dyn.isp.example\n  - prefix: 198.51.100.0/24\n"      \
    "  - prefix: 2001:db8::/32\n"
#define LINE0 10 /* line of the first line after ZONES */

static struct loaded where;

static int check(const char *text, struct diag *diag, char *file_seen)
{
    struct model *m = loaded_read(&where, text);
    struct table *t = NULL;
    *diag = (struct diag){.file = NULL};
    int err = check_model(m, &t, diag);
    if (file_seen)
        snprintf(file_seen, 128, "%s", diag->file ? diag->file : "");
    assert_int_equal(t == NULL, err != 0);
    table_free(t);
    model_free(m);
    return err;
}

struct refusal {
    const char *text;
    uint32_t line; /* counted from the first behind ZONES; 0: accepted */
    const char *says[4];
};

static void check_all(const struct refusal *all, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char text[4096], file[128];
        struct diag diag;
        snprintf(text, sizeof text, ZONES "%s", all[i].text);
        int err = check(text, &diag, file);
        if ((err == 0) != (all[i].line == 0))
            fail_msg("%s: %d %s", all[i].text, err, diag.message);
        if (!err)
            continue;
        if (diag.line != all[i].line + LINE0 - 1)
            fail_msg("%s: line %u: %s", all[i].text, diag.line, diag.message);
        assert_string_equal(file, where.zones);
        for (unsigned k = 0; k < 4 && all[i].says[k]; k++)
            if (!strstr(diag.message, all[i].says[k]))
                fail_msg("`%s` does not say `%s`", diag.message, all[i].says[k]);
    }
}
#define CHECK(all) check_all(all, sizeof(all) / sizeof *(all))
#define BLOCK(range, name) "  - {prefix: '" range "', name: '" name "'}\n"

static void test_blocks_and_their_zones(void **state)
{
    static const struct refusal all[] = {
        {"blocks:\n" BLOCK("198.51.100.0/24", "{ip}.isp.example"), 0, {NULL}},
        {"blocks:\n" BLOCK("198.51.101.0/24", "{ip}.isp.example"),
         2,
         {"198.51.101.0", "reverse: external"}},
        {"blocks:\n" BLOCK("198.51.100.0/23", "{ip}.isp.example"),
         2,
         {"198.51.101.0", "198.51.100.0/23"}},
        {"blocks:\n" BLOCK("198.51.101.0/24", "none"), 2, {"198.51.101.0"}},
        {"blocks:\n" BLOCK("0.0.0.0/0", "{ip}.isp.example"), 2, {"0.0.0.0"}},
        {"blocks:\n" BLOCK("2001:db8::/31", "none"), 2, {"2001:db9::"}},
        {"blocks:\n  - {prefix: 198.51.101.0/24, name: '{ip}.isp.example', reverse: external}\n",
         0,
         {NULL}},
        {"blocks:\n" BLOCK("198.51.100.0/24", "{ip}.other.example"),
         2,
         {"{ip}.other.example", "forward: external"}},
        {"blocks:\n" BLOCK("198.51.100.0/24", "{ip}.xisp.example"), 2, {"forward zone"}},
        {"blocks:\n" BLOCK("198.51.100.0/24", "isp.{ip}"), 2, {"forward zone"}},
        {"blocks:\n  - {prefix: 198.51.100.0/24, name: '{ip}.other.example', forward: external}\n",
         0,
         {NULL}},
        {"blocks:\n" BLOCK("198.51.100.0/24", "{ip}.100.51.198.in-addr.arpa"), 2, {"forward zone"}},
        {"blocks:\n" BLOCK("198.51.100.0/24", "{ip}.isp.example") BLOCK("198.51.100.0/25", "none"),
         0,
         {NULL}},
        {"blocks:\n" BLOCK("198.51.100.0/24", "{ip}.isp.example") BLOCK("198.51.100.0/24", "none"),
         3,
         {"198.51.100.0/24", "the same", "line 11"}},
        {"blocks:\n" BLOCK("198.51.100.0/25",
                           "none") "  - {range: 198.51.100.5-198.51.100.200, name: none}\n",
         3,
         {"198.51.100.5-198.51.100.200", "crosses", "198.51.100.0/25"}},
    };
    (void)state;
    CHECK(all);
}

static void test_templates_are_proved(void **state)
{
    static const struct refusal all[] = {
        {"blocks:\n" BLOCK("198.51.100.0/24", "{3}{4}.isp.example"), 0, {NULL}},
        {"blocks:\n" BLOCK("198.51.100.0/24", "{3}.isp.example"),
         2,
         {"{3}.isp.example", "198.51.100."}},
        {"blocks:\n" BLOCK("198.51.100.0/24", "-{4}.isp.example"), 2, {"-"}},
        {"blocks:\n" BLOCK("198.51.100.0/24", "{4}-.isp.example"), 2, {"-"}},
        {"blocks:\n" BLOCK("198.51.100.0/24", "ab--{4}.isp.example"), 2, {"--"}},
        {"blocks:\n" BLOCK("198.51.100.0/24", "xn--{4}.isp.example"), 0, {NULL}},
        {"blocks:\n" BLOCK("198.51.100.0/24", "a{4}.xn--p.isp.example"), 0, {NULL}},
        {"blocks:\n" BLOCK("198.51.100.0/24", "a{4}--b.isp.example"),
         2,
         {"--"}}, /* {4} of one digit */
        {"blocks:\n" BLOCK("2001:db8::/64", "{ip:hex}{ip:hex}.isp.example"), 2, {"63"}},
        {"blocks:\n" BLOCK("2001:db8::/64", "{ip:short}.isp.example"), 0, {NULL}},
        {"blocks:\n" BLOCK("2001:db8::/64", "{g8}.isp.example"), 2, {"2001:db8:"}},
    };
    (void)state;
    CHECK(all);
}

static void test_collisions(void **state)
{
    static const struct refusal all[] = {
        {"blocks:\n" BLOCK("198.51.100.0/25", "{host}.isp.example")
             BLOCK("198.51.100.128/25", "{host}.isp.example"),
         3,
         {"collision", "line 11", "198.51.100.0/25", "198.51.100.128/25"}},
        {"blocks:\n" BLOCK("198.51.100.0/25", "{host}.isp.example")
             BLOCK("198.51.100.128/25", "{host}.dyn.isp.example"),
         0,
         {NULL}},
        {"blocks:\n" BLOCK("198.51.100.0/28", "1{4}.isp.example")
             BLOCK("198.51.100.112/28", "{4}.isp.example"),
         3,
         {"`112.isp.example`", "198.51.100.12",
          "198.51.100.112"}}, /* 1+12 and 112: the first of several */
        /* inner blocks take away all that would collide, or not all */
        {"blocks:\n" BLOCK("198.51.100.0/28", "1{4}.isp.example")
             BLOCK("198.51.100.112/28", "{4}.isp.example") BLOCK("198.51.100.12/30", "none"),
         0,
         {NULL}},
        {"blocks:\n" BLOCK("198.51.100.0/28", "1{4}.isp.example")
             BLOCK("198.51.100.112/28", "{4}.isp.example") BLOCK("198.51.100.12/31", "none")
                 BLOCK("198.51.100.15/32", "none"),
         3,
         {"`114.isp.example`", "198.51.100.14", "198.51.100.114"}},
        {"blocks:\n" BLOCK("198.51.100.0/28", "{4}.isp.example")
             BLOCK("2001:db8::/124", "{host:dec}.isp.example"),
         3,
         {"shared_names"}},
        {"blocks:\n  - {prefix: 198.51.100.0/28, name: 'a{host}.isp.example', shared_names: yes}\n"
         "  - {prefix: '2001:db8::/124', name: 'a{host}.isp.example', shared_names: yes}\n",
         0,
         {NULL}},
        {"blocks:\n  - {prefix: 198.51.100.0/28, name: 'a{host}.isp.example', shared_names: yes}\n"
         "  - {prefix: '2001:db8::/124', name: 'a{host}.isp.example'}\n",
         3,
         {"shared_names"}},
    };
    (void)state;
    CHECK(all);
}

static void test_ptrs_and_aliases(void **state)
{
    static const struct refusal all[] = {
        {"ptrs:\n  198.51.100.1: a.example\n", 0, {NULL}},
        {"ptrs:\n  198.51.101.1: a.example\n", 2, {"198.51.101.1"}},
        {"ptrs:\n  '2001:db9::1': a.example\n", 2, {"2001:db9::1"}},
    };
    (void)state;
    CHECK(all);
    static const struct {
        const char *records;
        const char *says;
    } aliases[] = {
        {"{name: a, type: CNAME, content: b.example}", NULL},
        {"{name: '@', type: CNAME, content: b.example}", "apex"},
        {"{name: a, type: CNAME, content: b.example}\n      - {name: a, type: TXT, content: x}",
         "other records"},
        {"{name: a, type: CNAME, content: b.example}\n      - {name: a, type: CNAME, content: "
         "c.example}",
         "other records"},
        {"{name: a, type: CNAME, content: b.example}\n      - {name: x.a, type: TXT, content: x}",
         NULL},
    };
    for (unsigned i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        char text[1024];
        struct diag diag;
        snprintf(text, sizeof text, "zones:\n  - name: isp.example\n    records:\n      - %s\n",
                 aliases[i].records);
        int err = check(text, &diag, NULL);
        if ((err == 0) != (aliases[i].says == NULL) ||
            (err && !strstr(diag.message, aliases[i].says)))
            fail_msg("%s: %d %s", aliases[i].records, err, diag.message);
    }
    struct diag diag;
    assert_int_equal(check("zones:\n  - prefix: 198.51.100.0/24\n    records:\n"
                           "      - {name: '1', type: CNAME, content: b.example}\n"
                           "ptrs:\n  198.51.100.1: a.example\n",
                           &diag, NULL),
                     PTRD_ECONFLICT);
    assert_non_null(strstr(diag.message, "explicit PTR"));
}

/* What delegated addresses would be called does not matter: neither to a collision nor to where
 * their names lie. */
static void test_delegated_addresses_generate_nothing(void **state)
{
#define COLLIDING                                                                                  \
    "blocks:\n" BLOCK("198.51.100.0/25", "{host}.isp.example")                                     \
        BLOCK("198.51.100.128/25", "{host}.isp.example")
    static const struct refusal all[] = {
        {COLLIDING "delegations:\n  - {prefix: 198.51.100.0/25, ns: a.example}\n", 0, {NULL}},
        {COLLIDING "delegations:\n  - {prefix: 198.51.100.0/25, ns: a.example, style: 0/25}\n",
         0,
         {NULL}},
        {COLLIDING "delegations:\n  - {prefix: 198.51.100.64/26, ns: a.example, style: 64/26}\n",
         3,
         {"collision", "`00.isp.example`"}},
        {"blocks:\n" BLOCK("2001:db8::/32",
                           "{ip}.isp.example") "delegations:\n  - {prefix: "
                                               "'2001:db8:1::/48', ns: a.example}\n"
                                               "ptrs:\n  '2001:db8::1': a.example\n",
         0,
         {NULL}},
    };
    (void)state;
    CHECK(all);
}

/* Records of isp.example and a block of its names. */
static void check_names(const char *records, const char *name, const char *says)
{
    char text[2048];
    struct diag diag;
    snprintf(text, sizeof text,
             "zones:\n  - prefix: 198.51.100.0/24\n  - name: in.sub.isp.example\n"
             "  - {prefix: 203.0.113.0/25, zone: rev.isp.example}\n"
             "  - name: isp.example\n    records:\n%sblocks:\n"
             "  - {prefix: 198.51.100.0/24, name: '%s'}\n"
             "  - {prefix: 198.51.100.3/32, name: none}\n",
             records, name);
    int err = check(text, &diag, NULL);
    if ((err == 0) != (says == NULL) || (says && !strstr(diag.message, says)))
        fail_msg("%s%s: %d %s", records, name, err, diag.message);
}
#define RECORD(name, rest) "      - {name: " name ", type: " rest "}\n"

static void test_names_at_and_below_cuts(void **state)
{
    (void)state;
    check_names(RECORD("sub", "NS, content: a.example"), "{4}.isp.example", NULL);
    check_names(RECORD("sub", "NS, content: a.example"), "{4}.sub.isp.example",
                "`0.sub.isp.example` of 198.51.100.0 lies below the delegation (NS) of "
                "`sub.isp.example` (line ");
    check_names(RECORD("sub", "NS, content: a.example"), "{4}.a.sub.isp.example", "lies below");
    /* the cut above a zone of ours hides nothing of it */
    check_names(RECORD("sub", "NS, content: a.example"), "{4}.in.sub.isp.example", NULL);
    check_names(RECORD("sub", "DNAME, content: a.example"), "{4}.in.sub.isp.example", NULL);
    check_names(RECORD("sub", "DNAME, content: a.example"), "{4}.sub.isp.example",
                "`0.sub.isp.example` of 198.51.100.0 lies below the DNAME of `sub.isp.example`");
    check_names(RECORD("'9'", "NS, content: a.example"), "{4}.isp.example",
                "`9.isp.example` of 198.51.100.9 lies at the delegation (NS) of `9.isp.example`");
    check_names(RECORD("'9'", "NS, content: a.example"), "x.{4}.isp.example",
                "`x.9.isp.example` of 198.51.100.9 lies below the delegation (NS)");
    check_names(RECORD("'9'", "DNAME, content: a.example"), "{4}.isp.example", NULL);
    check_names(RECORD("'9'", "DNAME, content: a.example"), "x.{4}.isp.example",
                "198.51.100.9 lies below the DNAME");
    /* names of the block that the block does not give */
    check_names(RECORD("'3'", "NS, content: a.example"), "{4}.isp.example", NULL);
    check_names(RECORD("'256'", "NS, content: a.example"), "{4}.isp.example", NULL);
    check_names(RECORD("'09'", "NS, content: a.example"), "{4}.isp.example", NULL);
    check_names(RECORD("a.9", "NS, content: a.example"), "{4}.isp.example", NULL);
    /* a zone of RFC 2317 is a reverse zone whatever its name is */
    check_names(RECORD("a", "A, content: 192.0.2.1"), "{4}.rev.isp.example", "no forward zone");
}

static void test_cuts_dnames_and_what_stands_beside(void **state)
{
    static const struct {
        const char *records, *says;
    } all[] = {
        {RECORD("a", "NS, content: b.example"), NULL},
        {RECORD("a", "NS, content: [b.example, c.example]"), NULL},
        {RECORD("a", "NS, content: b.example") RECORD("x.a", "NS, content: c.example"), NULL},
        {RECORD("a", "NS, content: b.example") RECORD("a", "TXT, content: x"), NULL},
        {RECORD("a", "NS, content: b.example") RECORD("a", "DNAME, content: c.example"), NULL},
        {RECORD("a", "NS, content: b.example") RECORD("a", "CNAME, content: c.example"),
         "a.isp.example CNAME: other records"},
        {RECORD("a", "NS, content: b.example") RECORD("x.a", "CNAME, content: c.example"), NULL},
        {RECORD("a", "NS, content: b.example") RECORD("a.a", "DNAME, content: c.example")
             RECORD("a.a.a", "TXT, content: x"),
         NULL}, /* hidden by the cut, not by the DNAME */
        {RECORD("a", "DNAME, content: b.example") RECORD("a", "A, content: 192.0.2.1"), NULL},
        {RECORD("a", "DNAME, content: b.example") RECORD("xa", "A, content: 192.0.2.1"), NULL},
        {RECORD("a", "DNAME, content: b.example") RECORD("x.a", "A, content: 192.0.2.1"),
         "x.a.isp.example A: nothing may stand below the DNAME at `a.isp.example`"},
        {RECORD("'*'", "A, content: 192.0.2.1") RECORD("'*.x'", "CNAME, content: b.example"), NULL},
        {RECORD("'*'", "NS, content: b.example"), "wildcard"},
        {RECORD("'x.*'", "NS, content: b.example"), NULL},
        {RECORD("'@'", "DNAME, content: b.example"), NULL},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        char text[1024];
        struct diag diag;
        snprintf(text, sizeof text, "zones:\n  - name: isp.example\n    records:\n%s",
                 all[i].records);
        int err = check(text, &diag, NULL);
        if ((err == 0) != (all[i].says == NULL) || (err && !strstr(diag.message, all[i].says)))
            fail_msg("%s: %d %s", all[i].records, err, diag.message);
    }
}

static void test_blocks_in_zones_of_rfc_2317(void **state)
{
    struct diag diag;
    (void)state;
    static const char zones[] = "zones:\n  - name: isp.example\n"
                                "  - {prefix: 203.0.113.0/26, zone: 0/26}\n"
                                "  - {prefix: 203.0.113.64/26, zone: rev.isp.example}\n";
    static const struct {
        const char *block;
        const char *says;
    } all[] = {
        {"203.0.113.0/26", NULL},
        {"203.0.113.64/26", NULL},
        {"203.0.113.0/25", NULL},
        {"203.0.113.128/25", "holds 203.0.113.128"},
        {"203.0.113.0/24", "holds 203.0.113.128"},
    };
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        char text[1024];
        snprintf(text, sizeof text, "%sblocks:\n  - {prefix: %s, name: '{ip}.isp.example'}\n",
                 zones, all[i].block);
        int err = check(text, &diag, NULL);
        if ((err == 0) != (all[i].says == NULL) || (err && !strstr(diag.message, all[i].says)))
            fail_msg("%s: %d %s", all[i].block, err, diag.message);
    }
}

/* The number of all IPv6 addresses is 0 in 128 bits. */
static void test_a_block_of_the_whole_ipv6_space_is_not_empty(void **state)
{
    struct diag diag;
    (void)state;
    assert_int_equal(check("zones:\n  - name: isp.example\nblocks:\n"
                           "  - {prefix: '::/0', name: '{ip}.other.example', reverse: external}\n",
                           &diag, NULL),
                     PTRD_ECONFLICT);
    assert_non_null(strstr(diag.message, "lies in no forward zone"));
    assert_int_equal(check("zones:\n  - name: isp.example\nblocks:\n"
                           "  - {prefix: '::/0', name: '{ip}.isp.example', reverse: external}\n",
                           &diag, NULL),
                     0);
}

static int setup(void **state)
{
    (void)state;
    loaded_make(&where);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    loaded_remove(&where);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_and_their_zones),
        cmocka_unit_test(test_templates_are_proved),
        cmocka_unit_test(test_collisions),
        cmocka_unit_test(test_ptrs_and_aliases),
        cmocka_unit_test(test_delegated_addresses_generate_nothing),
        cmocka_unit_test(test_names_at_and_below_cuts),
        cmocka_unit_test(test_cuts_dnames_and_what_stands_beside),
        cmocka_unit_test(test_blocks_in_zones_of_rfc_2317),
        cmocka_unit_test(test_a_block_of_the_whole_ipv6_space_is_not_empty),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
