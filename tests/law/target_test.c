/* admin/check/target.h against every single address: zones, RFC 2317 zones with forward names,
 * cuts and DNAMEs at random, inside and around the names of a template. */
#include "../../admin/check/target.h"
#include "support/law.h"

static const char *const templates[] = {
    "{4}.b.z",       "a.{4}.b.z", "{4}.{3}.z",   "{4:x}.a.b.z", "{3}.{4}", "a{4}.b.z",
    "{4:x}-{3}.b.z", "a.b.z.{4}", "{4}.a.{3}.z", "b.{4}.z",     "{4}.z",   "{4}.z.{3}.b.z",
};
static const char *const labels[] = {"a", "b", "z", "0", "1", "2", "3", "5", "7", "a1", "x"};

/* Half of them one label above or below the last one. */
static struct name any_name(void)
{
    static char text[128];
    if (law_below(2) && strchr(text, '.') && strchr(text, '.')[1]) {
        memmove(text, strchr(text, '.') + 1, strlen(strchr(text, '.')));
    } else if (law_below(2) && strlen(text) < 40) {
        const char *label = labels[law_below(sizeof labels / sizeof *labels)];
        size_t len = strlen(label);
        memmove(text + len + 1, text, strlen(text) + 1);
        memcpy(text, label, len);
        text[len] = strlen(text + len + 1) ? '.' : '\0';
    } else {
        text[0] = '\0';
        for (unsigned count = 1 + law_below(4); count > 0; count--) {
            strcat(text, labels[law_below(sizeof labels / sizeof *labels)]);
            strcat(text, count > 1 ? "." : law_below(3) == 0 ? "" : law_below(2) ? ".z" : ".b.z");
        }
    }
    return law_name(text);
}

static struct table *any_table(void)
{
    struct table_builder *b;
    struct table *t = NULL;
    struct name seen[8];
    unsigned zones = 1 + law_below(6), cuts = law_below(4), blocks = law_below(3);
    assert_int_equal(table_builder_new(&b), 0);
    for (unsigned i = 0; i < zones; i++) {
        struct prefix classless = {.num = 0x0a000000u + 64 * i, .family = FAMILY_IPV4, .len = 26};
        seen[i] = i || law_below(4) == 0 ? any_name() : law_name(law_below(2) ? "z" : "b.z");
        bool twice = false;
        for (unsigned k = 0; k < i; k++)
            twice |= name_equal(&seen[k], &seen[i]);
        if (!twice)
            assert_int_equal(
                table_add_zone(b, &seen[i], i + 1, false, law_below(6) ? NULL : &classless, i), 0);
    }
    for (unsigned i = 0; i < cuts; i++) {
        struct name name = any_name();
        assert_int_equal(table_add_cut(b, &name, (uint8_t)(1 + law_below(3))), 0);
    }
    struct range all = {
        .first = 0xc0000200u, .last = 0xc00002ffu + 256 * law_below(2), .family = FAMILY_IPV4};
    const char *text = templates[law_below(sizeof templates / sizeof *templates)];
    assert_int_equal(table_add_block(b, &all, text, NULL, 0, 60, 0, 0, NULL), 0);
    for (unsigned i = 0; i < blocks; i++) {
        struct range part = {.first = all.first + 64 * i + law_below(32), .family = FAMILY_IPV4};
        part.last = part.first + law_below(32);
        assert_int_equal(table_add_block(b, &part, NULL, NULL, 0, 60, 0, i + 1, NULL), 0);
    }
    assert_int_equal(table_finish(b, &t, NULL, NULL), 0);
    table_builder_free(b);
    return t;
}

static bool is_bad(const struct table *t, const struct block *b, u128 num)
{
    struct addr a = {.num = num, .family = FAMILY_IPV4};
    struct name name;
    if (table_block_for(t, &a) != b)
        return false;
    assert_int_equal(template_generate(b->template, num, &name), 0);
    struct place at = table_place(t, &name);
    return !at.zone || at.zone->reverse || at.rule != PLACE_FREE;
}

static void the_answer_is_that_of_asking_each_address(void **state)
{
    unsigned found = 0, absent = 0;
    (void)state;
    law_seed();
    for (unsigned round = 0; round < law_rounds(20000); round++) {
        struct table *t = any_table();
        struct target_index *x;
        struct addr out;
        const struct block *b = &t->v4.blocks[0];
        u128 first = b->range.first;
        while (first <= b->range.last && !is_bad(t, b, first))
            first++;
        assert_int_equal(target_index_new(t, &x), 0);
        int answer = target_outside(x, b, &out);
        assert_int_equal(answer, first <= b->range.last ? PTRD_FOUND : PTRD_ABSENT);
        if (answer == PTRD_FOUND)
            assert_true(is_bad(t, b, out.num) && out.num == first);
        found += answer == PTRD_FOUND;
        absent += answer == PTRD_ABSENT;
        target_index_free(x);
        table_free(t);
    }
    print_message("%u with, %u without\n", found, absent);
    assert_true(found > absent / 20 && absent > found / 20); /* both are looked at */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_is_that_of_asking_each_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
