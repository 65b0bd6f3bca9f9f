/* adjacent.h: neighbours of names, octet by octet. In the tables a label of 63 octets is written
 * with ~ for 60 of its octets, and long names with % for labels of 61. */
#include "ptrd/core/adjacent.h"
#include "support/law.h"

/* Text with ~ and % written out. */
static struct name expand(const char *text)
{
    char out[NAME_TEXT_SIZE];
    size_t at = 0;
    for (const char *p = text; *p; p++) {
        unsigned n = *p == '~' ? 60 : *p == '%' ? 61 : 1;
        for (unsigned i = 0; i < n; i++)
            out[at++] = *p == '~' ? 'm' : *p == '%' ? 'n' : *p;
    }
    out[at] = '\0';
    return law_name(out);
}

static void expect(const char *what, const struct name *got, const char *want)
{
    struct name name = expand(want);
    if (!name_equal(got, &name))
        fail_msg("%s: %s, not %s", what, law_text(got), law_text(&name));
}

/* 251 octets. */
#define TAIL "%.%.%.%.z"

static void test_before(void **state)
{
    static const struct {
        const char *name, *before;
    } all[] = {
        {"b.z", "a\\255.z"},
        {"7.z", "6\\255.z"},
        {"ab0.z", "ab/\\255.z"},
        {"*.z", ")\\255.z"},
        {"a.z", "`\\255.z"},
        {"[.z", "@\\255.z"}, /* upper-case letters are none of our octets */
        {"x\\001.z", "x\\000\\255.z"},
        {"\\255.z", "\\254\\255.z"},
        {"x\\000.z", "\\255.x.z"},
        {"x\\000\\000.z", "\\255.x\\000.z"},
        {"\\000.z", "z"},
        {"\\000.a.z", "a.z"},
        {"~mb.z", "~ma\\255.z"},
        {"~mmb.z", "\\255.~mma.z"},
        {"~mm[.z", "\\255.~mm@.z"},
        {"~mm\\000.z", "\\255.~mm.z"},
        {"b." TAIL, "a\\255." TAIL},
        {"bb." TAIL, "ba\\255." TAIL},
        {"bbb." TAIL, "bba." TAIL}, /* 255 octets */
        {"b\\000." TAIL, "\\255.b." TAIL},
        {"bb\\000." TAIL, "bb." TAIL},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct name name = expand(all[i].name), before;
        adjacent_before(&name, &before);
        expect(all[i].name, &before, all[i].before);
        assert_true(name_compare(&before, &name) < 0);
        adjacent_before(&name, &name); /* into itself */
        assert_true(name_equal(&name, &before));
    }
}

static void test_behind(void **state)
{
    static const struct {
        const char *name, *behind;
    } all[] = {
        {"a.z", "a\\000.z"},           {"\\000.z", "\\000\\000.z"},
        {"\\255.z", "\\255\\000.z"},   {"a.b.z", "a\\000.b.z"},
        {"~ma.z", "~ma\\000.z"},       {"~mma.z", "~mmb.z"},
        {"~mm@.z", "~mm[.z"},          {"~ma\\255.z", "~mb.z"},
        {"bb." TAIL, "bb\\000." TAIL}, {"bbb." TAIL, "bbc." TAIL},
        {"bb\\255." TAIL, "bc." TAIL}, {"\\255\\255\\255." TAIL, "%\\000.%.%.%.z"},
    };
    struct name apex = law_name("z"), last;
    (void)state;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct name name = expand(all[i].name), behind;
        assert_int_equal(adjacent_behind(&name, &apex, &behind), PTRD_FOUND);
        expect(all[i].name, &behind, all[i].behind);
        assert_true(name_compare(&behind, &name) > 0 && !name_within(&behind, &name));
    }
    /* no label is behind 63 octets \255: the name above is left too, if there is one */
    memset(last.wire, 0xff, 64);
    last.wire[0] = 63;
    memcpy(last.wire + 64, "\1a\1z", 5);
    last.len = 69;
    struct name above = law_name("a.z"), behind;
    assert_int_equal(adjacent_behind(&last, &apex, &behind), PTRD_FOUND);
    expect("63 octets \\255", &behind, "a\\000.z");
    assert_int_equal(adjacent_behind(&last, &above, &behind), PTRD_ABSENT);
    assert_int_equal(adjacent_behind(&apex, &apex, &behind), PTRD_ABSENT);
}

static void test_below(void **state)
{
    struct name name = law_name("a.z"), below;
    (void)state;
    assert_int_equal(adjacent_below(&name, &below), PTRD_FOUND);
    expect("a.z", &below, "\\000.a.z");
    name = expand("b." TAIL);
    assert_int_equal(name.len, 253);
    assert_int_equal(adjacent_below(&name, &below), PTRD_FOUND);
    expect("253 octets", &below, "\\000.b." TAIL);
    name = expand("bb." TAIL);
    assert_int_equal(adjacent_below(&name, &below), PTRD_ABSENT);
}

/* Nothing lies between what is at or below a name and the name behind it, and nothing between a
 * name and the one below it. */
static void test_neighbours_are_close(void **state)
{
    struct name apex = law_name("z");
    (void)state;
    law_seed();
    for (unsigned i = 0; i < law_rounds(20000); i++) {
        struct name relative = law_any_name(5), other = law_any_name(5), name, between, out;
        if (relative.len == 1 || name_concat(&relative, &apex, &name) < 0 ||
            name_concat(&other, &apex, &between) < 0)
            continue;
        if (law_below(2)) { /* one octet more in the first label */
            between = name;
            unsigned at = between.wire[0] + 1u;
            if (between.wire[0] == LABEL_MAX || between.len == NAME_WIRE_MAX)
                continue;
            memmove(between.wire + at + 1, between.wire + at, between.len - at);
            between.wire[at] = (uint8_t)(law_below(2) ? 0 : 0xff);
            between.wire[0]++;
            between.len++;
        }
        if (adjacent_behind(&name, &apex, &out) == PTRD_FOUND &&
            name_compare(&between, &name) > 0 && name_compare(&between, &out) < 0 &&
            !name_within(&between, &name))
            fail_msg("%s stands between %s and %s", law_text(&between), law_text(&name),
                     law_text(&out));
        if (adjacent_below(&name, &out) == PTRD_FOUND && name_compare(&between, &name) > 0)
            assert_true(name_compare(&between, &out) >= 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before),
        cmocka_unit_test(test_behind),
        cmocka_unit_test(test_below),
        cmocka_unit_test(test_neighbours_are_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
