/* arena.h: memory that is freed all at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ptrd/core/arena.h"

static void pieces_are_aligned_and_do_not_overlap(void **state)
{
    struct arena a = {0};
    unsigned char *pieces[300];
    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        pieces[i] = arena_alloc(&a, i * 7 + 1);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        memset(pieces[i], (int)i & 0xff, i * 7 + 1);
    }
    for (unsigned i = 0; i < 300; i++)
        for (unsigned k = 0; k < i * 7 + 1; k++)
            assert_int_equal(pieces[i][k], i & 0xff);
    arena_free(&a);
    assert_null(a.chunks);
    arena_free(&a);
}

static void large_and_impossible_sizes(void **state)
{
    struct arena a = {0};
    (void)state;
    unsigned char *large = arena_alloc(&a, 10 << 20);
    assert_non_null(large);
    large[(10 << 20) - 1] = 1;
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_strndup(&a, "x", SIZE_MAX));
    assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
    assert_string_equal(arena_strndup(&a, "", 0), "");
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_do_not_overlap),
        cmocka_unit_test(large_and_impossible_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
