/* The proof of templates at its borders: what ptrd-zones(5) names, and each rule from both
 * sides. */
#include "ptrd/core/proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct range range_of(const char *text)
{
    struct range range;
    struct prefix prefix;
    if (strchr(text, '/')) {
        assert_int_equal(prefix_parse(text, strlen(text), &prefix, NULL), 0);
        return range_of_prefix(&prefix);
    }
    assert_int_equal(range_parse(text, strlen(text), &range, NULL), 0);
    return range;
}

struct block_case {
    const char *block, *text;
    const char *says; /* NULL: accepted; else part of the refusal */
};

static void check_blocks(const struct block_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct block_case *c = &cases[i];
        struct range range = range_of(c->block);
        struct template *t;
        struct diag diag = {0};
        assert_int_equal(template_compile(c->text, strlen(c->text), &range, NULL, 0, &t, &diag), 0);
        int got = proof_block(t, &range, &diag);
        if (got != (c->says ? PTRD_ECONFLICT : 0) || (c->says && !strstr(diag.message, c->says)))
            fail_msg("%s over %s: %d, `%s`", c->text, c->block, got, diag.message);
        assert_int_equal(proof_block(t, &range, NULL), got);
        template_free(t);
    }
}

#define CHECK_BLOCKS(cases) check_blocks(cases, sizeof(cases) / sizeof *(cases))

static void every_varying_bit_is_shown(void **state)
{
    (void)state;
    static const struct block_case cases[] = {
        {"198.51.100.0/24", "{4}.z", NULL},
        {"198.51.100.0/23", "{4}.z",
         "gives `0.z` for both 198.51.100.0 and 198.51.101.0: it does not show"},
        {"198.51.100.128-198.51.101.127", "{4}.z", NULL},
        {"198.51.100.128-198.51.101.128", "{4}.z", "198.51.100.128 and 198.51.101.128"},
        {"198.51.100.0-198.51.101.255", "{3}.z", "198.51.100.0 and 198.51.100.1"},
        {"198.51.100.255-198.51.101.0", "{3}.z", NULL},
        {"198.51.100.255-198.51.101.0", "x.z", "198.51.100.255 and 198.51.101.0"},
        {"198.51.100.7/32", "x.z", NULL},
        {"198.51.100.4-198.51.100.11", "{net/31}.z", "198.51.100.4 and 198.51.100.5"},
        {"198.51.100.4-198.51.100.11", "{net/31}{4}.z", NULL},
        {"10.0.0.3-10.0.4.2", "{host}.z", NULL},
        {"2001:db8::/48", "{net/64}.z", "2001:db8:: and 2001:db8::1"},
        {"2001:db8::/48", "{net/56}-{g5}.z", "2001:db8:: and 2001:db8::1"},
        {"2001:db8::/48", "{net/56}-{g4}-{g5}-{g6}-{g7}-{g8}.z", NULL},
        {"2001:db8::/124", "{n32}.z", NULL},
        {"2001:db8::/123", "{n32}.z", "2001:db8:: and 2001:db8::10"},
        {"::/0", "{ip:hex}.z", NULL},
        {"0.0.0.0/0", "{ip:b32}.z", NULL},
    };
    CHECK_BLOCKS(cases);
}

static void fields_can_be_told_apart(void **state)
{
    (void)state;
    static const struct block_case cases[] = {
        {"198.51.100.0/24", "{3}{4}.z", NULL},
        {"198.51.100.0/23", "{3}{4}.z", NULL}, /* 100 and 101: both three digits */
        {"198.51.0.0/16", "{3}{4}.z", " for both "},
        {"198.51.1.11-198.51.11.1", "{3}{4}.z", " for both "},
        {"198.51.9.0-198.51.10.255", "{3}{4}.z", NULL}, /* 9.. and 10..: no common text */
        {"198.51.9.0-198.51.90.255", "{3}{4}.z", NULL}, /* 9 + 0.. would be a leading zero */
        {"198.51.9.0-198.51.91.255", "{3}{4}.z", " for both "}, /* 9 + 11, 91 + 1 */
        {"198.51.0.0/16", "{3}{4}-{3}.z", NULL},
        {"198.51.0.0/16", "{3}-{3}{4}.z", NULL},
        {"198.51.0.0/16", "{3}{4}.{4:x}.z", NULL},
        {"198.51.0.0/16", "{3:03}{4}.z", NULL},
        {"198.51.0.0/16", "{3}{4:03}.z", NULL},
        {"198.51.0.0/16", "{3}1{4}.z", " for both "},
        {"198.51.0.0/16", "{3}x{4}.z", NULL},
        {"198.51.0.0/16", "{4:x}{3:x}.z", " for both "},
        {"198.51.0.0/16", "{4:x}f{3:x}.z", " for both "},
        {"198.51.0.0/16", "{4:x}g{3:x}.z", NULL},
        {"198.51.0.0/16", "{4}a{3:x}.z", NULL},
        {"198.51.0.0/16", "{3:x}a{4}.z", NULL}, /* the last octet that is no decimal digit */
        {"198.51.0.0/16", "{3:x}a{4:x}.z", " for both "},
        {"198.51.0.0/16", "{3}{4}{4}.z", " for both "},
        {"198.51.100.0/24", "{4}{4}.z", NULL},
        {"198.51.100.0/24", "{3}{4}1{4}.z", NULL},
        {"0.0.0.0/0", "{ip:rev}.{ip}.z", NULL},
        {"0.0.0.0/0", "{1}{2}.{2}{1}.{3}-{4}.z", " for both "}, /* 22, 222 */
        {"0.0.0.0/0", "{1}{2}.{2}{1:x}.{1:x}-{3}-{4}.z", NULL},
        {"2001:db8::/96", "{g7:x}{g8:x}.z", " for both "},
        {"2001:db8::/96", "{g7:x}{g8:x}.{g8:x}.z", NULL},
        {"2001:db8::/32", "{ip:short}{g8}.z", NULL},
        {"2001:db8::/32", "{ip:short}-{g8:x}.z", NULL},
        {"2001:db8::/32", "{ip:short}.z", NULL},
    };
    CHECK_BLOCKS(cases);
}

#define TEN "0123456789"

static void lengths_are_those_of_the_longest(void **state)
{
    (void)state;
    static const struct block_case cases[] = {
        {"198.51.100.0/24", TEN TEN TEN TEN TEN TEN "{4}.z", NULL},
        {"198.51.100.0/24", TEN TEN TEN TEN TEN TEN "1{4}.z",
         "of 64 octets; a label has at most 63"},
        {"198.51.100.0-198.51.100.99", TEN TEN TEN TEN TEN TEN "1{4}.z", NULL},
        {"198.51.100.0-198.51.100.100", TEN TEN TEN TEN TEN TEN "1{4}.z",
         "gives 198.51.100.100 the label"},
        {"2001:db8::/32", TEN TEN "123{ip:short}.z", NULL},
        {"2001:db8::/32", TEN TEN "123xx{ip:short}.z", NULL}, /* db8 is one digit short */
        {"2001:db8::/32", TEN TEN "123xxx{ip:short}.z", "of 64 octets"},
        {"2001:db8::/64", TEN TEN TEN "{ip:short}.z", NULL},
        {"2001:db8::/64", TEN TEN TEN "123{ip:short}.z", NULL}, /* 2001-db8--ffff-ffff-ffff-ffff */
        {"2001:db8::/64", TEN TEN TEN "12345{ip:short}.z", "of 64 octets"},
        {"198.51.100.0/24",
         "{4}." TEN TEN TEN TEN TEN "." TEN TEN TEN TEN TEN "." TEN TEN TEN TEN TEN
         "." TEN TEN TEN TEN TEN "." TEN TEN TEN TEN "12345",
         NULL},
        {"198.51.100.0/24",
         "{4}." TEN TEN TEN TEN TEN "." TEN TEN TEN TEN TEN "." TEN TEN TEN TEN TEN
         "." TEN TEN TEN TEN TEN "." TEN TEN TEN TEN "123456",
         "gives 198.51.100.255 a name of more than 255 octets"},
    };
    CHECK_BLOCKS(cases);
}

static void hyphens_stand_where_they_may(void **state)
{
    (void)state;
    static const struct block_case cases[] = {
        {"198.51.100.0/24", "-{4}.z", "the label `-0`, which begins with `-`"},
        {"198.51.100.0/24", "{4}-.z", "the label `0-`, which ends with `-`"},
        {"198.51.100.0/24", "{4}.-z", "begins with `-`"},
        {"198.51.100.0/24", "a{4}--b.z", "gives 198.51.100.0 the label `a0--b`"},
        {"198.51.100.10-198.51.100.255", "a{4}--b.z", NULL},
        {"198.51.100.0/24", "{4}--b.z", "the label `10--b`"},
        {"198.51.100.100/30", "{4}--b.z", NULL},
        {"198.51.100.0-198.51.100.10", "{4}--b.z", "gives 198.51.100.10 the label"},
        {"198.51.100.0-198.51.100.9", "{4}--b.z", NULL},
        {"198.51.0.0/16", "{3}{4:02x}--b.z", NULL},
        {"198.51.0.0/16", "{3}x{4}--b.{3}.z", NULL},
        {"198.51.100.0/24", "xn--{4}.z", NULL},
        {"198.51.100.0/24", "{4}.xn--a.z", NULL},
        {"198.51.100.0/24", "{4}.xx--a.z", "the label `xx--a`"},
        {"198.51.100.0/24", "{4}.x---a.z", "the label `x---a`"},
        {"198.51.100.0/24", "{4}.xxx--a.z", NULL},
        {"20::/16", "{ip:short}.z", "the label `20--"},
        {"2000::/16", "{ip:short}.z", NULL},
        {"20:1::/32", "{ip:short}.z", NULL},
        {"20:0:0:1::/64", "{ip:short}.z", "the label `20--1-ffff-"}, /* not where all else is 0 */
        {"::/64", "x{ip:short}.z", "the label `x0--"},
        {"::/64", "{ip:short}.z", NULL},
        {"::/64", "xx{ip:short}.z", NULL},
        {"1::/64", "x{ip:short}.z", "the label `x1--"},
        {"11::/64", "x{ip:short}.z", NULL},
        {"20::/126", "{ip:short}.z", "gives 20::"},
        {"20:0:0:1::1/128", "{ip:short}.z", NULL},
        {"::/0", "{n1}{ip:short}.z", " the label `"},
        {"2001:db8::/32", "{n4}{ip:short}.z", NULL},
    };
    CHECK_BLOCKS(cases);
}

/* Too much shared between fields to be decided: the refusal says so. */
static void giving_up_is_a_refusal_that_says_so(void **state)
{
    (void)state;
    struct range range = range_of("2001:db8::/64");
    const char *text = "{ip:short}{g8:x}.z";
    struct template *t;
    struct diag diag = {0};
    assert_int_equal(template_compile(text, strlen(text), &range, NULL, 0, &t, &diag), 0);
    assert_int_equal(proof_block(t, &range, &diag), PTRD_ELIMIT);
    assert_non_null(strstr(diag.message, "neither proved nor refuted"));
    template_free(t);
}

/* --- collisions ------------------------------------------------------------------------------- */

struct collision_block {
    const char *block, *text;
    uint8_t flags;
};

#define TABLE_BLOCKS_MAX 6

struct collision_case {
    struct collision_block blocks[TABLE_BLOCKS_MAX];
    const char *name, *a, *b; /* NULL: no collision; a or b may be NULL: any */
};

static void check_found(const struct collision_case *c, const struct proof_collision *found)
{
    char name[NAME_TEXT_SIZE], a[ADDR_TEXT_SIZE], b[ADDR_TEXT_SIZE];
    name_print(&found->name, name);
    addr_print(&found->a, a);
    addr_print(&found->b, b);
    if (*c->name)
        assert_string_equal(name, c->name);
    assert_true(found->a.family != found->b.family || found->a.num != found->b.num);
    for (unsigned side = 0; side < 2; side++) {
        const struct addr *addr = side ? &found->b : &found->a;
        uint32_t ref = side ? found->block_b : found->block_a;
        struct range range = range_of(c->blocks[ref].block);
        assert_true(range_contains(&range, addr));
    }
    if (c->a)
        assert_true((strcmp(c->a, a) == 0 && strcmp(c->b, b) == 0) ||
                    (strcmp(c->a, b) == 0 && strcmp(c->b, a) == 0));
}

static void check_table(const struct collision_case *c)
{
    struct table_builder *b;
    struct table *table;
    assert_int_equal(table_builder_new(&b), 0);
    for (unsigned i = 0; i < TABLE_BLOCKS_MAX && c->blocks[i].block; i++) {
        struct range range = range_of(c->blocks[i].block);
        assert_int_equal(table_add_block(b, &range, c->blocks[i].text, NULL, 0, 300,
                                         c->blocks[i].flags, i, NULL),
                         0);
    }
    assert_int_equal(table_finish(b, &table, NULL, NULL), 0);
    table_builder_free(b);
    struct proof_collision found;
    int got = proof_collision(table, &found);
    if (got != (c->name ? PTRD_FOUND : PTRD_ABSENT))
        fail_msg("%s %s and %s %s: %d", c->blocks[0].block, c->blocks[0].text, c->blocks[1].block,
                 c->blocks[1].text ? c->blocks[1].text : "none", got);
    if (got == PTRD_FOUND)
        check_found(c, &found);
    table_free(table);
}

#define SHARED BLOCK_SHARED_NAMES

static const struct collision_case collision_cases[] = {
    {{{"10.0.0.0/24", "{ip}.z", 0}, {"10.0.1.0/24", "{ip}.z", 0}}, NULL, NULL, NULL},
    {{{"10.0.0.0/24", "{4}.z", 0}, {"10.0.1.0/24", "{4}.z", 0}}, "", NULL, NULL},
    {{{"10.0.0.0/25", "{4}.z", 0}, {"10.0.1.128/25", "{4}.z", 0}}, NULL, NULL, NULL},
    {{{"10.0.0.0/24", "{4}.z", 0}, {"10.0.1.7/32", "{4}.z", 0}}, "7.z", "10.0.0.7", "10.0.1.7"},
    {{{"10.0.0.0/24", "{4}.z", 0}, {"10.0.0.7/32", NULL, 0}, {"10.0.1.7/32", "{4}.z", 0}},
     NULL,
     NULL,
     NULL},
    {{{"10.0.0.0/24", "{4}.z", 0}, {"10.0.0.7/32", "7.z", 0}}, NULL, NULL, NULL},
    {{{"10.0.0.0/24", "{4}.z", 0}, {"10.0.0.7/32", "8.z", 0}}, "8.z", "10.0.0.8", "10.0.0.7"},
    {{{"10.0.0.0/24", "{host}.z", 0}, {"10.0.1.0/25", "{host}.z", 0}}, "", NULL, NULL},
    {{{"10.0.0.0/24", "{host}.z", 0}, {"10.0.1.0/28", "{host}.z", 0}}, NULL, NULL, NULL},
    {{{"10.0.0.0/24", "{4:02x}.z", 0}, {"10.0.1.0/24", "{4}.z", 0}}, "", NULL, NULL},
    {{{"10.0.0.0/24", "c1{4}.z", 0}, {"10.0.1.0/24", "c{4}.z", 0}}, "", NULL, NULL},
    {{{"10.0.0.0/24", "c1{4}.z", 0}, {"10.0.1.0/29", "c{4}.z", 0}}, NULL, NULL, NULL},
    {{{"10.0.0.0/24", "c1{4}.z", 0}, {"10.0.1.0-10.0.1.10", "c{4}.z", 0}},
     "c10.z",
     "10.0.0.0",
     "10.0.1.10"},
    {{{"198.51.1.0/24", "{3}{4}.z", 0}, {"198.51.11.0/24", "{3}{4}.z", 0}}, "", NULL, NULL},
    {{{"198.51.1.11/32", "{3}{4}.z", 0}, {"198.51.11.1/32", "{3}{4}.z", 0}},
     "111.z",
     "198.51.1.11",
     "198.51.11.1"},
    {{{"198.51.100.0/24", "{3}{4}.z", 0}, {"198.51.101.0/24", "{3}{4}.z", 0}}, NULL, NULL, NULL},
    {{{"10.0.0.0/24", "{ip}.z", 0}, {"5.0.0.0/24", "{ip:rev}.z", 0}},
     "10-0-0-5.z",
     "10.0.0.5",
     "5.0.0.10"},
    {{{"10.0.0.0/24", "{ip}.z", 0}, {"5.0.1.0/24", "{ip:rev}.z", 0}}, NULL, NULL, NULL},
    /* 10-0-0-10.z is 10.0.0.10 either way */
    {{{"10.0.0.0/24", "{ip}.z", 0}, {"10.0.0.0/28", "{ip:rev}.z", 0}}, NULL, NULL, NULL},
    {{{"10.0.0.0/8", "{ip:rev}.z", 0}, {"10.2.3.0/24", "{ip}.z", 0}},
     "10-2-3-10.z",
     "10.3.2.10",
     "10.2.3.10"},
    {{{"10.0.0.0/8", "{ip:rev}.z", 0}, {"10.2.3.0/24", "{ip}.z", 0}, {"10.3.2.10/32", NULL, 0}},
     NULL,
     NULL,
     NULL},
    {{{"2001:db8::/32", "{ip:short}.z", 0}, {"2001:db8:1::/48", "{ip}.z", 0}}, NULL, NULL, NULL},
    {{{"2001:db8::/32", "{ip:short}.z", 0}, {"2001:db8:1::/48", "{ip:short}.z", 0}},
     NULL,
     NULL,
     NULL},
    {{{"2001:db8:1::/48", "{g4:x}.{g5}{g6}{g7}{g8}.z", 0},
      {"2001:db8:2::/48", "{g4}.{g5}{g6}{g7}{g8}.z", 0}},
     "",
     NULL,
     NULL},
    {{{"1:2:3:4:5:6:7:0/112", "{ip:short}.z", 0}, {"5:6:7:8::/64", "5-6-7-{g4}.{ip}.z", 0}},
     NULL,
     NULL,
     NULL},
    {{{"2001:db8::/64", "{ip:short}.z", 0}, {"2001:db9::/120", "2001-db8--{g8:x}.z", 0}},
     "",
     NULL,
     NULL},
    {{{"2001:db8::/64", "{ip:short}.z", 0}, {"2001:db9::7:0/128", "2001-db8--7-{g8:x}.z", 0}},
     "2001-db8--7-0.z",
     "2001:db8::7:0",
     "2001:db9::7:0"},
    {{{"2001:db8::/64", "{ip:short}.z", 0}, {"2001:db9::/128", "2001-db8-0-{g8:x}.z", 0}},
     NULL,
     NULL,
     NULL},
    {{{"10.0.0.0/24", "{4:02x}.z", 0}, {"2001:db8::/120", "{n31}{n32}.z", 0}}, "", NULL, NULL},
    {{{"10.0.0.0/24", "{4:02x}.z", SHARED}, {"2001:db8::/120", "{n31}{n32}.z", 0}}, "", NULL, NULL},
    {{{"10.0.0.0/24", "{4:02x}.z", SHARED}, {"2001:db8::/120", "{n31}{n32}.z", SHARED}},
     NULL,
     NULL,
     NULL},
    {{{"10.0.0.0/24", "{4}.z", SHARED}, {"10.0.1.0/24", "{4}.z", SHARED}}, "", NULL, NULL},
    {{{"10.0.0.250-10.0.1.5", "{4}.z", 0}, {"10.0.2.6-10.0.2.249", "{4}.z", 0}}, NULL, NULL, NULL},
    {{{"10.0.0.250-10.0.1.5", "{4}.z", 0}, {"10.0.2.5-10.0.2.249", "{4}.z", 0}},
     "5.z",
     "10.0.1.5",
     "10.0.2.5"},
    {{{"0.0.0.46/32", "{2}-{4}.z", 0}, {"0.0.0.209-0.0.1.98", "{2}-{4}.z", 0}},
     "0-46.z",
     "0.0.0.46",
     "0.0.1.46"},
    {{{"0.0.0.46/32", "{2}{4:x}{4:x}.z", 0}, {"0.0.0.209-0.0.1.98", "{2}{4:x}{4:x}.z", 0}},
     "02e2e.z",
     "0.0.0.46",
     "0.0.1.46"},
    {{{"0.0.0.0/0", "{ip}.z", 0}, {"::/0", "{ip}.z", 0}}, NULL, NULL, NULL},
    {{{"0.0.0.0/0", NULL, 0}, {"::/0", NULL, 0}}, NULL, NULL, NULL},
    {{{"10.0.0.0/24", "{4}.z", 0},
      {"10.0.0.0/25", NULL, 0},
      {"10.0.0.128/25", NULL, 0},
      {"10.0.1.0/24", "{4}.z", 0}},
     NULL,
     NULL,
     NULL},
};

static void collisions_count_over_effective_sets(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof collision_cases / sizeof *collision_cases; i++)
        check_table(&collision_cases[i]);
}

/* One {ip:short} template on many blocks inside one that shows the same groups: a common text is
 * always of one address. */
static void nested_views_of_one_address_do_not_collide(void **state)
{
    (void)state;
    struct table_builder *b;
    struct table *table;
    struct range range = range_of("2001:db8::/32");
    assert_int_equal(table_builder_new(&b), 0);
    const char *all = "{g1:x}-{g2:x}-{g3:x}-{g4:x}-{g5:x}-{g6:x}-{g7:x}-{g8:x}.z";
    assert_int_equal(table_add_block(b, &range, all, NULL, 0, 300, 0, 0, NULL), 0);
    for (unsigned i = 1; i < 2000; i++) {
        char text[64];
        snprintf(text, sizeof text, "2001:db8:%x::/48", i * 7);
        range = range_of(text);
        assert_int_equal(table_add_block(b, &range, "{ip:short}.z", NULL, 0, 300, 0, i, NULL), 0);
    }
    assert_int_equal(table_finish(b, &table, NULL, NULL), 0);
    table_builder_free(b);
    struct proof_collision found;
    assert_int_equal(proof_collision(table, &found), PTRD_ABSENT);
    table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_varying_bit_is_shown),
        cmocka_unit_test(fields_can_be_told_apart),
        cmocka_unit_test(lengths_are_those_of_the_longest),
        cmocka_unit_test(hyphens_stand_where_they_may),
        cmocka_unit_test(giving_up_is_a_refusal_that_says_so),
        cmocka_unit_test(collisions_count_over_effective_sets),
        cmocka_unit_test(nested_views_of_one_address_do_not_collide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
