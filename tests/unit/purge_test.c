/* The set of purges against a list of all that was added: nothing is lost, nothing is there twice,
 * nothing is coarser than it has to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ptrd/sync/purge.h"

static uint64_t seed = 7;

static unsigned pick(unsigned below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % below;
}

static struct name name_of(const char *text)
{
    struct name name;
    assert_int_equal(name_parse(text, strlen(text), &name, NULL), 0);
    return name;
}

struct added {
    struct name zone;
    struct purge p;
};
#define ADDED_MAX 60000
static struct added *added;
static unsigned added_count;
static bool all_added;

static void add(struct purge_set *set, const struct name *zone, const struct name *name,
                enum purge_scope scope, bool is_zone)
{
    assert_true(added_count < ADDED_MAX);
    added[added_count++] = (struct added){*zone, {.name = *name, .scope = scope, .zone = is_zone}};
    if (is_zone)
        purge_add_zone(set, name);
    else
        purge_add(set, zone, name, scope);
}

/* zones z0.example ..., each with labels of one or two letters. */
static void add_random(struct purge_set *set, unsigned zones, unsigned labels)
{
    char text[100];
    unsigned z = pick(zones);
    snprintf(text, sizeof text, z % 2 ? "z%u.example" : "b.z%u.example", z / 2);
    struct name zone = name_of(text), name = zone;
    char owner[200];
    if (pick(20) == 0) {
        add(set, &zone, &zone, PURGE_BELOW, true);
        return;
    }
    if (pick(10)) {
        unsigned form = pick(3);
        unsigned label = pick(labels);
        if (form == 0)
            snprintf(owner, sizeof owner, "h%u.%s", label, text);
        else
            snprintf(owner, sizeof owner, form == 1 ? "a.h%u.%s" : "b.a.h%u.%s", label, text);
        name = name_of(owner);
    }
    add(set, &zone, &name, pick(6) ? PURGE_NAME : pick(2) ? PURGE_BELOW : PURGE_SERIAL, false);
}

static bool has_cover(struct purge_set *set, uint32_t count, const struct purge *wanted)
{
    struct purge p;
    for (uint32_t i = 0; i < count; i++) {
        purge_get(set, i, &p);
        if (p.scope == PURGE_BELOW && name_within(&wanted->name, &p.name))
            return true;
        if (wanted->scope != PURGE_BELOW && p.scope >= wanted->scope &&
            name_equal(&wanted->name, &p.name))
            return true;
    }
    return purge_all(set);
}

static bool keeps_zone(struct purge_set *set, uint32_t count, const struct name *apex)
{
    struct purge p;
    for (uint32_t i = 0; i < count; i++) {
        purge_get(set, i, &p);
        if (p.zone && name_equal(&p.name, apex))
            return true;
    }
    return false;
}

static unsigned added_in(const struct name *zone)
{
    unsigned n = 0;
    for (unsigned i = 0; i < added_count; i++)
        n += name_equal(&added[i].zone, zone);
    return n;
}

/* As it was added, or a zone of which there was too much. */
static void check_item(const struct purge *p)
{
    for (unsigned i = 0; i < added_count; i++)
        if (name_equal(&added[i].p.name, &p->name) && added[i].p.scope >= p->scope)
            return;
    assert_int_equal(p->scope, PURGE_BELOW);
    assert_true(added_in(&p->name) > PURGE_ZONE_MAX);
}

static void check(struct purge_set *set)
{
    struct purge p, last = {.scope = PURGE_NAME}, cover = {.scope = PURGE_NAME};
    uint32_t count = purge_count(set);
    assert_true(count <= PURGE_MAX);
    if (all_added)
        assert_true(purge_all(set));
    for (uint32_t i = 0; i < count; i++) {
        purge_get(set, i, &p);
        assert_true(i == 0 || name_compare(&last.name, &p.name) < 0);
        if (cover.scope == PURGE_BELOW && name_within(&p.name, &cover.name))
            assert_true(p.zone);
        else if (p.scope == PURGE_BELOW)
            cover = p;
        assert_true(!purge_all(set) || p.zone);
        if (!purge_all(set))
            check_item(&p);
        last = p;
    }
    for (unsigned i = 0; i < added_count; i++) {
        assert_true(has_cover(set, count, &added[i].p));
        assert_true(!added[i].p.zone || keeps_zone(set, count, &added[i].p.name));
    }
}

static void round_of(unsigned names, unsigned zones, unsigned labels)
{
    struct purge_set *set = purge_set_new(), *other = purge_set_new();
    added_count = 0;
    all_added = false;
    for (unsigned i = 0; i < names; i++) {
        add_random(pick(3) ? set : other, zones, labels);
        if (pick(names) == 0) {
            purge_merge(set, other);
            check(set);
        }
    }
    if (pick(8) == 0) {
        purge_add_all(other);
        all_added = true;
    }
    purge_merge(set, other);
    check(set);
    purge_clear(set);
    assert_int_equal(purge_count(set), 0);
    assert_false(purge_all(set) || purge_zones(set));
    purge_set_free(set);
    purge_set_free(other);
}

static void nothing_is_lost(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 200; i++)
        round_of(1 + pick(60), 1 + pick(6), 1 + pick(20));
    for (unsigned i = 0; i < 8; i++)
        round_of(1500, 1 + pick(8), 300);
}

static void two_hundred_names_stay_names(void **state)
{
    (void)state;
    struct purge_set *set = purge_set_new();
    struct name zone = name_of("z.example");
    char text[64];
    for (unsigned i = 0; i <= PURGE_ZONE_MAX; i++) {
        assert_int_equal(purge_count(set), i);
        snprintf(text, sizeof text, "h%u.z.example", i);
        struct name name = name_of(text);
        purge_add(set, &zone, &name, PURGE_NAME);
        purge_add(set, &zone, &name, PURGE_NAME);
    }
    struct purge p;
    assert_int_equal(purge_count(set), 1);
    purge_get(set, 0, &p);
    assert_true(name_equal(&p.name, &zone) && p.scope == PURGE_BELOW && !p.zone);
    purge_set_free(set);
}

static void too_many_names_are_all(void **state)
{
    (void)state;
    struct purge_set *set = purge_set_new();
    struct name apex = name_of("new.example");
    char text[64];
    purge_add_zone(set, &apex);
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(text, sizeof text, "z%u.example", i);
        struct name name = name_of(text);
        purge_add(set, &name, &name, PURGE_NAME);
        if (i == PURGE_MAX - 2)
            assert_false(purge_count(set) != PURGE_MAX || purge_all(set));
    }
    assert_int_equal(purge_count(set), 1);
    assert_true(purge_all(set) && purge_zones(set));
    for (unsigned i = 0; i < 100000; i++) { /* and of zones as many as it may keep */
        snprintf(text, sizeof text, "n%u.example", i);
        apex = name_of(text);
        purge_add_zone(set, &apex);
    }
    assert_int_equal(purge_count(set), PURGE_MAX);
    purge_set_free(set);
}

static void the_root_and_long_names(void **state)
{
    (void)state;
    struct purge_set *set = purge_set_new();
    struct name root = {.len = 1}, deep = {.len = 1};
    struct purge p;
    for (unsigned i = 0; i < 127; i++) { /* 255 octets */
        memmove(deep.wire + 2, deep.wire, deep.len);
        deep.wire[0] = 1;
        deep.wire[1] = 0; /* two octets of a key */
        deep.len = (uint8_t)(deep.len + 2);
    }
    purge_add(set, &root, &deep, PURGE_NAME);
    assert_int_equal(purge_count(set), 1);
    purge_get(set, 0, &p);
    assert_true(name_equal(&p.name, &deep));
    purge_add(set, &root, &root, PURGE_BELOW);
    assert_int_equal(purge_count(set), 1);
    purge_get(set, 0, &p);
    assert_true(name_equal(&p.name, &root));
    purge_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost),
        cmocka_unit_test(two_hundred_names_stay_names),
        cmocka_unit_test(too_many_names_are_all),
        cmocka_unit_test(the_root_and_long_names),
    };
    added = malloc(ADDED_MAX * sizeof *added);
    int failed = added ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
    free(added);
    return failed;
}
