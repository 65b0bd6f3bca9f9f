/* The law of answers: forward(g(a)) == {a}, and a name is generated iff it is g(b) of some b; for
 * every placeholder form over random blocks of every length, prefixes and ranges. */
#include "support/law.h"

#include "ptrd/core/proof.h"

#define SUFFIX "dyn.isp.example"

struct made {
    struct table *table;
    struct range block;
    char text[LAW_TEMPLATE_SIZE];
};

/* A table of one block, or false where the template does not fit the block. */
static bool make(struct made *m, enum family family, unsigned form, const struct range *block)
{
    struct table_builder *b;
    struct name apex = law_name("isp.example");
    m->block = *block;
    law_template(family, form, SUFFIX, m->text);
    assert_int_equal(table_builder_new(&b), 0);
    assert_int_equal(table_add_zone(b, &apex, 1, false, NULL, 0), 0);
    int err = table_add_block(b, block, m->text, law_vars, 1, 600, 0, 7, NULL);
    if (err == 0)
        err = table_finish(b, &m->table, NULL, NULL);
    table_builder_free(b);
    if (err < 0)
        return false;
    if (proof_block(m->table->v4.count ? m->table->v4.blocks[0].template
                                       : m->table->v6.blocks[0].template,
                    block, NULL) == 0)
        return true;
    table_free(m->table);
    return false;
}

static const struct template *template_of(const struct made *m)
{
    return table_blocks(m->table, m->block.family)->blocks[0].template;
}

static void check_forward(const struct made *m, u128 num)
{
    struct addr addrs[2];
    const struct block *blocks[2];
    struct name name;
    assert_int_equal(template_generate(template_of(m), num, &name), 0);
    unsigned count = table_forward(m->table, &name, addrs, blocks);
    if (count == 1 && addrs[0].num == num && addrs[0].family == m->block.family &&
        blocks[0]->ref == 7)
        return;
    fail_msg("`%s` over %s: %s has the name %s, whose forward are %u addresses%s%s", m->text,
             law_range(&m->block), law_addr(m->block.family, num), law_text(&name), count,
             count ? ": " : "", count ? law_addr(addrs[0].family, addrs[0].num) : "");
}

/* Whatever the name, an address is its forward only if the address has exactly this name. */
static unsigned check_mutated(const struct made *m, u128 num)
{
    struct addr addrs[2];
    const struct block *blocks[2];
    struct name name, back;
    assert_int_equal(template_generate(template_of(m), num, &name), 0);
    name = law_mutate(&name);
    unsigned count = table_forward(m->table, &name, addrs, blocks);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(template_generate(template_of(m), addrs[i].num, &back), 0);
        if (!range_contains(&m->block, &addrs[i]) || !name_equal(&back, &name))
            fail_msg("`%s` over %s: %s is answered with %s, whose name is %s", m->text,
                     law_range(&m->block), law_text(&name), law_addr(addrs[i].family, addrs[i].num),
                     law_text(&back));
    }
    return count;
}

static void check_block(const struct made *m, unsigned addresses, unsigned *hits)
{
    u128 size = m->block.last - m->block.first;
    bool all = size < addresses;
    if (all)
        addresses = (unsigned)size + 1;
    for (unsigned i = 0; i < addresses; i++) {
        u128 num = all ? m->block.first + i : law_in(&m->block);
        check_forward(m, num);
        *hits += check_mutated(m, num);
    }
}

static void every_form(enum family family, unsigned forms)
{
    unsigned proved[64] = {0}, hits = 0, blocks = 0;
    law_seed();
    for (unsigned round = 0; round < law_rounds(4); round++)
        for (unsigned len = 0; len <= family_bits(family); len++)
            for (unsigned form = 0; form < forms; form++) {
                struct made m;
                struct range block = law_block(family, len, round & 1);
                if (!make(&m, family, form, &block))
                    continue;
                proved[form]++;
                blocks++;
                check_block(&m, 24, &hits);
                table_free(m.table);
            }
    for (unsigned form = 0; form < forms; form++)
        if (!proved[form])
            fail_msg("form %u was never proved", form);
    print_message("%u blocks; %u mutated names were names of other addresses\n", blocks, hits);
    assert_true(hits > 0);
}

static void test_every_form_of_ipv4_over_blocks_of_every_length(void **state)
{
    (void)state;
    every_form(FAMILY_IPV4, LAW_FORMS_V4);
}

static void test_every_form_of_ipv6_over_blocks_of_every_length(void **state)
{
    (void)state;
    every_form(FAMILY_IPV6, LAW_FORMS_V6);
}

/* Small blocks in full: what table_forward finds among all short names is what generating gives. */
static void test_generated_iff_in_full(void **state)
{
    static const char *const forms[] = {"{4}",    "{4:x}",      "{4:03}",
                                        "{host}", "{host:dec}", "{host:b32}"};
    (void)state;
    law_seed();
    for (unsigned f = 0; f < sizeof forms / sizeof *forms; f++) {
        struct range block = law_block(FAMILY_IPV4, 26, f & 1);
        struct name apex = law_name("z"), names[64];
        struct table_builder *b;
        struct table *t;
        char text[64];
        unsigned count = 0, found = 0;
        snprintf(text, sizeof text, "%s.z", forms[f]);
        assert_int_equal(table_builder_new(&b), 0);
        assert_int_equal(table_add_zone(b, &apex, 1, false, NULL, 0), 0);
        assert_int_equal(table_add_block(b, &block, text, NULL, 0, 60, 0, 0, NULL), 0);
        assert_int_equal(table_finish(b, &t, NULL, NULL), 0);
        table_builder_free(b);
        for (u128 num = block.first; num <= block.last; num++)
            assert_int_equal(template_generate(t->v4.blocks[0].template, num, &names[count++]), 0);
        static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz-";
        for (unsigned i = 0; i < 37 * 37 * 37 + 37 * 37 + 37; i++) {
            struct addr addrs[2];
            const struct block *blocks[2];
            unsigned n = i, at = 0;
            for (;; n = n / 37 - 1) {
                text[at++] = digits[n % 37];
                if (n < 37)
                    break;
            }
            strcpy(text + at, ".z");
            struct name name = law_name(text);
            bool is = false;
            for (unsigned k = 0; k < count; k++)
                is |= name_equal(&names[k], &name);
            unsigned got = table_forward(t, &name, addrs, blocks);
            if ((got == 1) != is)
                fail_msg("`%s.z` over %s: %s", forms[f], law_range(&block), text);
            found += got;
        }
        assert_int_equal(found, count);
        table_free(t);
    }
}

/* Printing a field and reading it back; a text that is read is the one that is printed. */
static void test_fields_are_read_as_they_are_printed(void **state)
{
    (void)state;
    law_seed();
    for (unsigned round = 0; round < law_rounds(20000); round++) {
        struct token token = {.kind = law_below(8) ? TOKEN_NUMBER : TOKEN_SHORT,
                              .radix = (uint8_t[]){10, 16, 32}[law_below(3)]};
        u128 mask, value, num = law_address(FAMILY_IPV6);
        char text[64], back[64];
        token.shift = (uint8_t)law_below(128);
        token.bits = (uint8_t)(1 + law_below(128u - token.shift));
        u128 greatest = low_bits(token.bits);
        for (token.width_max = 1; greatest >= token.radix; greatest /= token.radix)
            token.width_max++;
        token.width_min = law_below(2) ? 1 : token.width_max;
        size_t len = template_field_print(&token, num, text);
        assert_in_range(len, 1, 40);
        assert_int_equal(template_field_read(&token, text, len, &mask, &value), PTRD_FOUND);
        assert_true((num & mask) == value);
        if (token.kind == TOKEN_SHORT)
            assert_true(value == num);
        text[law_below((uint32_t)len)] = "0123456789abcdefghijklmnopqrstuvwxyz-"[law_below(37)];
        if (template_field_read(&token, text, len, &mask, &value) != PTRD_FOUND)
            continue;
        size_t back_len = template_field_print(&token, value, back);
        if (back_len != len || memcmp(back, text, len) != 0)
            fail_msg("%.*s is read, but printed as %.*s", (int)len, text, (int)back_len, back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_form_of_ipv4_over_blocks_of_every_length),
        cmocka_unit_test(test_every_form_of_ipv6_over_blocks_of_every_length),
        cmocka_unit_test(test_generated_iff_in_full),
        cmocka_unit_test(test_fields_are_read_as_they_are_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
