/* 100,000 blocks, proved one by one and against each other, in the shapes that operators use and in
 * those that are hard: what is found is asserted, how long it took is printed. */
#include "ptrd/core/proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define BLOCKS 100000u

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct shape {
    const char *name;
    unsigned (*block)(unsigned i, struct range *range, char text[256]); /* 0: none */
    int expected;
};

static struct range v4(uint32_t first, unsigned bits)
{
    return (struct range){
        .first = first, .last = first | (uint32_t)low_bits(bits), .family = FAMILY_IPV4};
}

/* 2001:db8::/32 cut into /48s, then 2001:db9::/32 and so on. */
static struct range v6(unsigned i, unsigned bits)
{
    u128 first = (u128)0x20010db8 << 96 | 0;
    first += (u128)i << 80;
    return (struct range){.first = first, .last = first | low_bits(bits), .family = FAMILY_IPV6};
}

#define SLASH24(i) v4(0x0a000000u + ((i) << 8), 8)

static unsigned shared_ip(unsigned i, struct range *r, char *text)
{
    *r = SLASH24(i);
    strcpy(text, "{ip}.dyn.z");
    return 1;
}

static unsigned octet_behind_number(unsigned i, struct range *r, char *text)
{
    *r = SLASH24(i);
    sprintf(text, "c%u-{4}.z", i);
    return 1;
}

static unsigned host_in_own_domain(unsigned i, struct range *r, char *text)
{
    *r = SLASH24(i);
    sprintf(text, "{host}.c%u.z", i);
    return 1;
}

static unsigned host_between(unsigned i, struct range *r, char *text)
{
    *r = SLASH24(i);
    sprintf(text, "h{host}x%u.z", i);
    return 1;
}

static unsigned host_before_number(unsigned i, struct range *r, char *text)
{
    *r = SLASH24(i);
    sprintf(text, "{host}%u.z", i);
    return 1;
}

static unsigned number_before_octet(unsigned i, struct range *r, char *text)
{
    *r = SLASH24(i);
    sprintf(text, "a%06u{4:03}.z", i);
    return 1;
}

static unsigned number_runs_into_octet(unsigned i, struct range *r, char *text)
{
    *r = SLASH24(i);
    sprintf(text, "a%06u{4}.z", i);
    return 1;
}

static unsigned partial_pools(unsigned i, struct range *r, char *text)
{
    *r = SLASH24(i);
    sprintf(text, "{3}-{4}.pool%u.z", i >> 8);
    return 1;
}

static unsigned partial_pools_overlap(unsigned i, struct range *r, char *text)
{
    *r = SLASH24(i);
    sprintf(text, "{3}-{4}.pool%u.z", i == BLOCKS - 1 ? 7 : i >> 8);
    return 1;
}

static unsigned quarters(unsigned i, struct range *r, char *text)
{
    *r = v4(0x0a000000u + (i << 6), 6);
    strcpy(text, i & 1 ? "{ip}.odd.z" : "{ip}.even.z");
    return 1;
}

static unsigned pairs_of_two(unsigned i, struct range *r, char *text)
{
    *r = v4(0x0a000000u + (i << 1), 1);
    strcpy(text, i & 1 ? "{ip}.z" : "x{ip}.z");
    return 1;
}

static unsigned nested_and_excluded(unsigned i, struct range *r, char *text)
{
    *r = i == 0 ? v4(0x0a000000u, 25) : v4(0x0a000000u + (i << 8) + 16, 4);
    if (i % 3 == 0 && i)
        return 0;
    strcpy(text, i == 0 ? "{ip}.dyn.z" : i % 3 == 1 ? "{ip}.dyn.z" : "{ip}.static.z");
    return 1;
}

static unsigned nested_partial(unsigned i, struct range *r, char *text)
{
    *r = i == 0 ? v4(0x0a000000u, 24) : v4(0x0a000000u + (i << 7) + 16, 4);
    strcpy(text, "{2}-{3}-{4}.z");
    return i == 0 || i % 5;
}

/* 10.b.c.d and 200.x.y.w share a name where w = 10, y = b, x = c, d = 200. */
static unsigned forward_and_reversed(unsigned i, struct range *r, char *text)
{
    uint32_t at = i << 7 & 0xffffff00u;
    *r = i & 1 ? v4(0x0a000000u + at, 8) : v4(0xc8000000u + at, 8);
    strcpy(text, i & 1 ? "{ip}.z" : "{ip:rev}.z");
    return 1;
}

/* As above, without d = 200. */
static unsigned forward_and_reversed_apart(unsigned i, struct range *r, char *text)
{
    unsigned has = forward_and_reversed(i, r, text);
    r->last = r->first | 0x7f;
    return has;
}

static unsigned glued_octets(unsigned i, struct range *r, char *text)
{
    *r = SLASH24(i);
    sprintf(text, "{3:03}{4}.p%u.z", i >> 8);
    return 1;
}

static unsigned short_and_octets(unsigned i, struct range *r, char *text)
{
    *r = i & 1 ? v6(i, 80) : SLASH24(i);
    strcpy(text, i & 1 ? "{ip:short}.dyn.z" : "{ip}.dyn.z");
    return 1;
}

static unsigned short_and_customers(unsigned i, struct range *r, char *text)
{
    *r = i & 1 ? v6(i, 80) : SLASH24(i);
    if (i & 1)
        strcpy(text, "{ip:short}.z");
    else
        sprintf(text, "c%u-{4}.z", i);
    return 1;
}

static unsigned short_and_groups(unsigned i, struct range *r, char *text)
{
    *r = v6(i, 80);
    strcpy(text,
           i & 1 ? "{ip:short}.z" : "{g1:x}-{g2:x}-{g3:x}-{g4:x}-{g5:x}-{g6:x}-{g7:x}-{g8:x}.z");
    return 1;
}

static unsigned short_inside_groups(unsigned i, struct range *r, char *text)
{
    *r = v6(i, 80);
    if (i == 0) {
        r->first = (u128)0x20010d00 << 96;
        r->last = r->first | low_bits(104);
    }
    strcpy(text, i ? "{ip:short}.z" : "{g1:x}-{g2:x}-{g3:x}-{g4:x}-{g5:x}-{g6:x}-{g7:x}-{g8:x}.z");
    return 1;
}

static unsigned groups_two_ways(unsigned i, struct range *r, char *text)
{
    *r = v6(i, 80);
    sprintf(text, "{g1:x}-{g2:x}-{g3:x}-{g4:x}-{g5:x}-{g6:x}-{g7%s}-{g8:x}.z", i & 1 ? "" : ":x");
    return 1;
}

static unsigned net_of_customer(unsigned i, struct range *r, char *text)
{
    *r = v6(i, 80);
    sprintf(text, "{net/64}-{g5}{g6}{g7}{g8}.cust%u.z", i);
    return 1;
}

static unsigned odd_ranges(unsigned i, struct range *r, char *text)
{
    *r = (struct range){.first = 0x0a000003u + i * 1000,
                        .last = 0x0a000003u + i * 1000 + 700 + i % 211,
                        .family = FAMILY_IPV4};
    sprintf(text, i % 2 ? "{host:dec}.r%u.z" : "{3}-{4}.r%u.z", i);
    return 1;
}

static unsigned odd_ranges_shared(unsigned i, struct range *r, char *text)
{
    (void)odd_ranges(i, r, text);
    strcpy(text, i % 2 ? "{ip}.a.z" : "{ip:hex}.a.z");
    return 1;
}

static const struct shape shapes[] = {
    {"{ip}.dyn.z shared", shared_ip, PTRD_ABSENT},
    {"c{N}-{4}.z", octet_behind_number, PTRD_ABSENT},
    {"{host}.c{N}.z", host_in_own_domain, PTRD_ABSENT},
    {"h{host}x{N}.z", host_between, PTRD_ABSENT},
    {"{host}{N}.z", host_before_number, PTRD_ABSENT},
    {"a{N:06}{4:03}.z", number_before_octet, PTRD_ABSENT},
    {"a{N:06}{4}.z", number_runs_into_octet, PTRD_ABSENT},
    {"{3}-{4}.pool{N}.z", partial_pools, PTRD_ABSENT},
    {"{3}-{4}.pool{N}.z, one pool twice", partial_pools_overlap, PTRD_FOUND},
    {"/26 {ip}.even.z, {ip}.odd.z", quarters, PTRD_ABSENT},
    {"/31 {ip}.z, x{ip}.z", pairs_of_two, PTRD_ABSENT},
    {"nested and excluded /28 in a /7", nested_and_excluded, PTRD_ABSENT},
    {"{2}-{3}-{4}.z nested in itself", nested_partial, PTRD_ABSENT},
    {"{ip}.z, {ip:rev}.z", forward_and_reversed, PTRD_FOUND},
    {"{ip}.z, {ip:rev}.z in /25", forward_and_reversed_apart, PTRD_ABSENT},
    {"{3:03}{4}.p{N}.z", glued_octets, PTRD_ABSENT},
    {"{ip:short}.dyn.z, {ip}.dyn.z", short_and_octets, PTRD_ABSENT},
    {"{ip:short}.z, c{N}-{4}.z", short_and_customers, PTRD_ABSENT},
    {"{ip:short}.z, {g1:x}-..-{g8:x}.z", short_and_groups, PTRD_ABSENT},
    {"{ip:short}.z inside {g1:x}-..-{g8:x}.z", short_inside_groups, PTRD_ABSENT},
    {"{g7} and {g7:x}", groups_two_ways, PTRD_ABSENT},
    {"{net/64}-{g5}..{g8}.cust{N}.z", net_of_customer, PTRD_ABSENT},
    {"odd ranges, own domains", odd_ranges, PTRD_ABSENT},
    {"odd ranges, shared", odd_ranges_shared, PTRD_ABSENT},
};

static void scale(const struct shape *shape)
{
    struct table_builder *b;
    struct table *table;
    assert_int_equal(table_builder_new(&b), 0);
    double start = now_s();
    for (unsigned i = 0; i < BLOCKS; i++) {
        struct range range;
        struct diag diag = {0};
        char text[256];
        unsigned has = shape->block(i, &range, text);
        if (table_add_block(b, &range, has ? text : NULL, NULL, 0, 300, 0, i, &diag) < 0)
            fail_msg("%s: block %u: %s", shape->name, i, diag.message);
    }
    assert_int_equal(table_finish(b, &table, NULL, NULL), 0);
    table_builder_free(b);
    double built = now_s();
    const struct block_set *sets[2] = {&table->v4, &table->v6};
    for (unsigned f = 0; f < 2; f++) {
        for (uint32_t i = 0; i < sets[f]->count; i++) {
            struct diag diag = {0};
            const struct block *block = &sets[f]->blocks[i];
            if (block->template && proof_block(block->template, &block->range, &diag) != 0)
                fail_msg("%s: block %u: %s", shape->name, block->ref, diag.message);
        }
    }
    double proved = now_s();
    struct proof_collision c;
    int found = proof_collision(table, &c);
    double done = now_s();
    printf("%-40s table %4.0f ms, blocks %4.0f ms, collisions %5.0f ms\n", shape->name,
           (built - start) * 1e3, (proved - built) * 1e3, (done - proved) * 1e3);
    if (found != shape->expected)
        fail_msg("%s: %d instead of %d (blocks %u, %u)", shape->name, found, shape->expected,
                 found ? c.block_a : 0, found ? c.block_b : 0);
    table_free(table);
}

static void hundred_thousand_blocks_are_proved(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof shapes / sizeof *shapes; i++)
        scale(&shapes[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hundred_thousand_blocks_are_proved)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
